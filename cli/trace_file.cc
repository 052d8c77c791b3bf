// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/trace_file.hh"

#include "wasi/signal_guard.hh"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "trace/formats.hh"
#include "trace/jsonl.hh"

namespace interlink::cli {

namespace {

std::unexpected<error> failed(const std::string& path, int number)
{
  return fail(errc::file_unreadable, path + ": " + std::strerror(number));
}

} // namespace

result<output_file> output_file::make(const std::string& path)
{
  return open(path, O_TRUNC);
}

result<output_file> output_file::make_new(const std::string& path)
{
  return open(path, O_EXCL);
}

result<output_file> output_file::open(const std::string& path, int flags)
{
  wasi::unique_fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666));
  if (fd.value() < 0) {
    return failed(path, errno);
  }
  return output_file(std::move(fd), path);
}

result<void> output_file::write(std::string_view text)
{
  wasi::signal_guard guard(SIGPIPE);
  while (!text.empty()) {
    const ssize_t written = ::write(fd_.value(), text.data(), text.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      const int number = errno;
      guard.note(written < 0 && number == EPIPE);
      return failed(path_, number);
    }
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

result<trace::recorded_trace> read_trace_file(const std::string& path)
{
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return failed(path, errno);
  }
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) {
    return failed(path, errno);
  }
  auto trace = trace::read_jsonl(text);
  return trace ? std::move(trace) : fail(trace.error().with_context(path));
}

std::string recording_path(const std::string& path)
{
  return trace::format_of_path(path) == trace::format::jsonl ? path : path + ".part";
}

result<void> finish_trace_file(const std::string& path)
{
  const std::string recorded = recording_path(path);
  if (recorded == path) {
    return {};
  }
  const auto trace = read_trace_file(recorded);
  if (!trace) {
    return fail(trace.error());
  }
  auto file = output_file::make(path);
  if (!file) {
    return fail(std::move(file.error()));
  }
  if (auto written = file->write(trace::to_text(*trace, trace::format_of_path(path))); !written) {
    return written;
  }
  std::error_code ignored; // it does no harm where it is
  std::filesystem::remove(recorded, ignored);
  return {};
}

} // namespace interlink::cli
