// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/scenarios/support/guest_process.hh"

#include "engine/wasmtime_engine.hh"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <sys/mman.h>
#include <unistd.h>

namespace interlink::test {

namespace {

/// A thread that computes without calls cannot be stopped, so this is not the deadline of the whole.
constexpr std::chrono::seconds stop_grace{10};

process_options make_options(const std::string& program, const guest_options& options, int output)
{
  process_options made;
  made.wasi.args = {program};
  made.wasi.args.insert(made.wasi.args.end(), options.arguments.begin(), options.arguments.end());
  made.wasi.preopens = {{INTERLINK_GUEST_DIR, "."}};
  made.wasi.stdin_fd = options.stdin_fd;
  made.wasi.stdout_fd = output;
  made.library_path = {INTERLINK_GUEST_DIR};
  made.instrument_checks = options.instrument_checks;
  return made;
}

} // namespace

guest_process::guest_process(const std::string& name, guest_options options)
    : output_fd_(::memfd_create("output", MFD_CLOEXEC)), handlers_(std::make_unique<asio::thread_pool>(1))
{
  engine::engine_options engine_options;
  engine_options.cache_directory = INTERLINK_SCENARIO_CACHE;
  engine_options.interruptible = options.interruptible;
  auto engine = engine::make_wasmtime_engine(engine_options);
  if (!engine) {
    refusal_ = engine.error();
    return;
  }
  shared_ = std::make_unique<runtime>(std::move(*engine));
  const std::string program = std::string(INTERLINK_GUEST_DIR) + "/" + name + ".wasm";
  auto made = process::make(handlers_->get_executor(), *shared_, program, make_options(program, options, output_fd_),
                            std::move(options.functions));
  if (!made) {
    refusal_ = made.error();
    return;
  }
  process_.emplace(std::move(*made));
}

guest_process::~guest_process()
{
  if (process_) {
    const auto stopped = stop(stop_grace);
    if (!stopped || !stopped->still_running.empty()) {
      ADD_FAILURE() << (stopped ? "threads compute on, although the process was stopped" : stopped.error().message());
      // Its threads go on: what they use must stay.
      static_cast<void>(new std::optional<process>(std::move(process_)));
      static_cast<void>(shared_.release());
      static_cast<void>(handlers_.release());
      return;
    }
    process_.reset();
  }
  shared_.reset();
  handlers_->join();
  ::close(output_fd_);
}

result<std::vector<guest_value>> guest_process::call(group in, const std::string& name,
                                                     std::vector<guest_value> arguments, library from)
{
  auto found = await(in.async_find_symbol(from, name, asio::use_future));
  if (!found) {
    return fail(std::move(found.error()));
  }
  return await(in.async_call(std::move(*found), std::move(arguments), asio::use_future));
}

result<library> guest_process::open(group in, const std::string& name)
{
  constexpr std::uint32_t bind_now = 2; // RTLD_NOW
  return await(in.async_open(name, bind_now, asio::use_future));
}

std::string guest_process::output() const
{
  std::string text;
  std::array<char, 4096> buffer{};
  off_t at = 0;
  for (ssize_t size = 0; (size = ::pread(output_fd_, buffer.data(), buffer.size(), at)) > 0; at += size) {
    text.append(buffer.data(), static_cast<std::size_t>(size));
  }
  return text;
}

} // namespace interlink::test
