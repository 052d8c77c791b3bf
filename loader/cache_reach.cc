// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/cache_reach.hh"

#include "wasi/unique_fd.hh"

#include <algorithm>
#include <compare>
#include <cstdint>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>

namespace interlink {

namespace {

struct directory_identity {
  std::uint64_t device{};
  std::uint64_t inode{};
  friend bool operator==(const directory_identity&, const directory_identity&) = default;
};

std::optional<directory_identity> identity_of(const wasi::unique_fd& directory)
{
  struct stat status{};
  if (!directory.is_open() || ::fstat(directory.value(), &status) != 0) {
    return std::nullopt;
  }
  return directory_identity{status.st_dev, status.st_ino};
}

wasi::unique_fd open_directory(const std::string& path)
{
  return wasi::unique_fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
}

/// Of the path, or of its nearest parent that is a directory.
wasi::unique_fd open_nearest(const std::string& path)
{
  std::error_code ignored;
  std::filesystem::path at = std::filesystem::absolute(path, ignored);
  wasi::unique_fd found = open_directory(at.string());
  while (!found.is_open() && at.has_relative_path()) {
    at = at.parent_path();
    found = open_directory(at.string());
  }
  return found;
}

/// The directory and all its parents; the root is its own parent.
std::vector<directory_identity> line_of(wasi::unique_fd directory)
{
  std::vector<directory_identity> line;
  auto identity = identity_of(directory);
  while (identity && (line.empty() || *identity != line.back())) {
    line.push_back(*identity);
    directory = wasi::unique_fd(::openat(directory.value(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    identity = identity_of(directory);
  }
  return line;
}

bool has(const std::vector<directory_identity>& line, const std::optional<directory_identity>& identity)
{
  return identity && std::ranges::find(line, *identity) != line.end();
}

} // namespace

std::optional<std::string> writable_directory_around(const std::string& cache_directory,
                                                     const std::vector<wasi::preopen>& directories)
{
  const std::vector<directory_identity> above_cache = line_of(open_nearest(cache_directory));
  const auto cache = identity_of(open_directory(cache_directory));
  for (const wasi::preopen& each : directories) {
    if (each.is_read_only) {
      continue;
    }
    wasi::unique_fd given = open_directory(each.host_path);
    if (has(above_cache, identity_of(given)) || has(line_of(std::move(given)), cache)) {
      return each.host_path;
    }
  }
  return std::nullopt;
}

} // namespace interlink
