// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/cache_command.hh"

#include "cli/messages.hh"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <vector>

#include "loader/module_files.hh"

namespace interlink::cli {

namespace {

std::string line_of(const kept_file& file)
{
  const std::string module = file.is_note               ? "(note of what a file holds)"
                             : file.module_name.empty() ? "(without a name)"
                                                        : file.module_name;
  return fmt::format("{:>11}  {:%Y-%m-%d %H:%M}  {}  {}{}\n", file.size_bytes, file.used, file.name, module,
                     file.is_sound ? "" : "  damaged");
}

void print_total(const std::string& path, const std::vector<kept_file>& files)
{
  std::uint64_t bytes = 0;
  for (const kept_file& each : files) {
    bytes += each.size_bytes;
  }
  print_result(fmt::format("{}: {} files, {} bytes\n", path, files.size(), bytes));
}

int show(const std::string& path, const std::vector<kept_file>& files)
{
  for (const kept_file& each : files) {
    print_result(line_of(each));
  }
  print_total(path, files);
  return 0;
}

int verify(const std::string& path, const std::vector<kept_file>& files)
{
  for (const kept_file& each : files) {
    if (!each.is_sound) {
      print_result(line_of(each));
    }
  }
  print_total(path, files);
  return std::ranges::all_of(files, &kept_file::is_sound) ? 0 : exit_cannot_inspect;
}

int clean(const std::string& path, const cache_directory& directory)
{
  const std::size_t gone = directory.trim(0);
  print_result(fmt::format("{}: {} files removed\n", path, gone));
  return 0;
}

} // namespace

std::string cache_directory_of(const std::string& choice)
{
  if (choice == "off") {
    return {};
  }
  if (choice != "default") {
    return choice;
  }
  if (const char* base = std::getenv("XDG_CACHE_HOME"); base != nullptr && *base == '/') {
    return std::string(base) + "/interlink/wasm";
  }
  const char* home = std::getenv("HOME");
  return home == nullptr ? std::string{} : std::string(home) + "/.cache/interlink/wasm";
}

int manage_cache(const cache_options& options)
{
  const std::string path = cache_directory_of(options.cache);
  if (path.empty()) {
    print_line("interlink cache: there is none: neither HOME nor XDG_CACHE_HOME is set; name it with --wasm-cache");
    return exit_cannot_inspect;
  }
  std::error_code problem;
  const auto canonical = std::filesystem::canonical(path, problem); // as `run` opens it
  const auto directory = cache_directory::open(problem ? path : canonical.string());
  if (!directory) {
    print_line("interlink cache: " + directory.error().message());
    return exit_cannot_inspect;
  }
  if (options.action == "clean") {
    return clean(path, *directory);
  }
  const std::vector<kept_file> files = inspect(*directory);
  return options.action == "verify" ? verify(path, files) : show(path, files);
}

} // namespace interlink::cli
