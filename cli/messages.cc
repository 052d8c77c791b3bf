// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/messages.hh"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <unistd.h>

namespace interlink::cli {

void print_line(std::string_view text)
{
  std::string line(text);
  line.push_back('\n');
  std::string_view rest = line;
  while (!rest.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) {
      continue;
    }
    if (written <= 0) {
      return;
    }
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void print_result(std::string_view text)
{
  std::fwrite(text.data(), 1, text.size(), stdout);
}

bool flush_results()
{
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0;
}

void print_failure(std::string_view program, const error& failure)
{
  const std::string message = failure.message();
  // Most errors name the file themselves.
  const bool names_program = program.empty() || message.starts_with(std::string(program) + ":");
  std::string text = names_program ? "interlink: " + message : fmt::format("interlink: {}: {}", program, message);
  if (const auto& trap = failure.detail().trap) {
    text += to_string(*trap);
  }
  print_line(text);
}

} // namespace interlink::cli
