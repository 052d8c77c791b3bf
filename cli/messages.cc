// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/messages.hh"

#include <fmt/format.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <cerrno>
#include <cstdio>
#include <memory>
#include <unistd.h>
#include <utility>

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

log_sink log_to_standard_error()
{
  auto logger = std::make_shared<spdlog::logger>("interlink", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");
  logger->set_level(spdlog::level::debug);
  return [logger = std::move(logger)](const log_record& record) {
    const std::string text = to_text(record);
    logger->log(record.category == log_category::report ? spdlog::level::warn : spdlog::level::debug,
                spdlog::string_view_t(text.data(), text.size()));
  };
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
