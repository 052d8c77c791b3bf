// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/guest_files.hh"

#include "linker/module_search.hh"

#include <filesystem>
#include <system_error>
#include <utility>

namespace interlink::cli {

namespace {

wasi::preopen parse_directory(const std::string& text)
{
  std::string_view names = text;
  // In `x::ro` it is the guest's name.
  const bool has_access =
      (names.ends_with(":ro") || names.ends_with(":rw")) && !names.ends_with("::ro") && !names.ends_with("::rw");
  const bool is_read_only = has_access && names.ends_with("o");
  names.remove_suffix(has_access ? std::string_view(":ro").size() : 0);
  const std::size_t separator = names.find("::");
  const std::string host(names.substr(0, separator));
  return {host, separator == std::string_view::npos ? host : std::string(names.substr(separator + 2)), is_read_only};
}

result<std::string> absolute_directory_of(const std::string& path)
{
  std::error_code problem;
  const auto absolute = std::filesystem::absolute(path, problem);
  if (problem) {
    return fail(errc::file_unreadable, path + ": " + problem.message());
  }
  return absolute.lexically_normal().parent_path().string();
}

} // namespace

std::vector<wasi::preopen> preopened_directories(const guest_file_options& options)
{
  std::vector<wasi::preopen> directories;
  directories.reserve(options.directories.size());
  for (const std::string& directory : options.directories) {
    directories.push_back(parse_directory(directory));
  }
  return directories;
}

result<inspected_file> open_for_inspection(const std::string& path, const guest_file_options& options,
                                           bool gives_own_directory)
{
  auto file = library_files::open_host_file(path);
  if (!file) {
    return fail(std::move(file.error()));
  }
  wasi::options guest;
  guest.stdin_fd = -1;
  guest.stdout_fd = -1;
  guest.stderr_fd = -1;
  guest.preopens = preopened_directories(options);
  if (guest.preopens.empty() && gives_own_directory) {
    auto directory = absolute_directory_of(path);
    if (!directory) {
      return fail(std::move(directory.error()));
    }
    guest.preopens.push_back({*directory, *directory});
  }
  const std::vector<wasi::preopen> directories = guest.preopens;
  auto system = wasi::make_system(std::move(guest));
  if (!system) {
    return fail(std::move(system.error()));
  }
  // As a running program's.
  file->path = guest_path_of(directories, path).value_or(join_path((*system)->current_directory(), file_name_of(path)));
  auto libraries = library_files::make(std::move(*system), options.library_path);
  if (!libraries) {
    return fail(std::move(libraries.error()));
  }
  return inspected_file{std::move(*file), std::move(*libraries)};
}

} // namespace interlink::cli
