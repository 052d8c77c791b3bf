// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/signal_reports.hh"

#include "cli/messages.hh"
#include "cli/trace_file.hh"

#include <asio/post.hpp>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#include <system_error>
#include <unistd.h>

#include "process/process_report.hh"

namespace interlink::cli {

namespace {

/// Where temporary files go, as POSIX has it.
std::string temporary_directory()
{
  const char* chosen = std::getenv("TMPDIR");
  return chosen != nullptr && *chosen == '/' ? chosen : "/tmp";
}

} // namespace

signal_reports::signal_reports(asio::io_context& context, process& guest) : context_(context), guest_(guest) {}

void signal_reports::begin()
{
  try {
    signals_.emplace(context_, SIGQUIT, SIGUSR1);
  } catch (const std::system_error&) { // asio has no other way to say that there are no descriptors left
    return;
  }
  wait();
}

void signal_reports::wait()
{
  signals_->async_wait([this](const asio::error_code& failure, int signal) {
    if (failure) {
      return;
    }
    if (signal == SIGUSR1) {
      write_recorder();
      wait();
    } else {
      report();
    }
  });
}

void signal_reports::report()
{
  // In a thread of its own: the coordinator may have left turns to this one.
  const auto started = start_report(guest_.core().shared_from_this(), [this](const std::string& text) {
    print_line("interlink: " + text);
    asio::post(context_, [this] { wait(); });
  });
  if (!started) {
    print_line("interlink: no report: " + started.error().message());
    wait();
  }
}

void signal_reports::write_recorder()
{
  const std::string path =
      temporary_directory() + "/interlink-" + std::to_string(::getpid()) + "-" + std::to_string(++files_) + ".jsonl";
  auto file = output_file::make_new(path);
  const auto written =
      file ? guest_.trace().snapshot([&](std::string_view text) { return file->write(text); }) : fail(file.error());
  print_line(written ? "interlink: the flight recorder is in " + path
                     : "interlink: the flight recorder could not be written: " + written.error().message());
}

} // namespace interlink::cli
