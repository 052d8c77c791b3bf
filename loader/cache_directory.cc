// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/cache_directory.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <random>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace interlink {

namespace {

constexpr std::string_view temporary_suffix = ".tmp";
constexpr mode_t mode_of_files = 0400;

// Chosen: far longer than a file takes to be written.
constexpr std::chrono::hours longest_temporary{1};

std::chrono::system_clock::time_point time_of(const timespec& at)
{
  return std::chrono::system_clock::time_point(std::chrono::duration_cast<std::chrono::system_clock::duration>(
      std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec)));
}

bool counts(const struct stat& status)
{
  return S_ISREG(status.st_mode) && (status.st_mode & ALLPERMS) == mode_of_files && status.st_uid == ::geteuid() &&
         status.st_nlink == 1;
}

bool is_temporary(std::string_view name)
{
  return name.starts_with('.') && name.ends_with(temporary_suffix);
}

std::string new_temporary_name()
{
  std::random_device random;
  const std::uint64_t number = std::uint64_t{random()} << 32U | random();
  return '.' + std::to_string(number) + std::string(temporary_suffix);
}

bool write_all(int file, std::span<const std::byte> bytes)
{
  while (!bytes.empty()) {
    const ssize_t put = ::write(file, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) {
      continue;
    }
    if (put <= 0) {
      return false;
    }
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
  return true;
}

} // namespace

result<cache_directory> cache_directory::open(const std::string& path)
{
  wasi::unique_fd directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat status{};
  if (!directory.is_open() || ::fstat(directory.value(), &status) != 0) {
    const int reason = errno;
    error_detail detail;
    detail.message = "cache directory " + path + ": " + std::generic_category().message(reason);
    detail.remedy =
        reason == EMFILE ? "raise the limit of open files (ulimit -n)" : "name a directory that can be read";
    return fail(error(errc::file_unreadable, std::move(detail)));
  }
  const bool is_foreign = status.st_uid != ::geteuid();
  if (is_foreign || (status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    error_detail detail;
    detail.message = "cache directory " + path + ": " +
                     (is_foreign ? "it belongs to another user" : "others than its owner can write to it") +
                     ", who could choose the native code that runs";
    detail.remedy = is_foreign ? "name a directory of your own" : "take that right away (chmod go-w)";
    return fail(error(errc::invalid_argument, std::move(detail)));
  }
  return cache_directory(std::move(directory));
}

std::optional<wasi::unique_fd> cache_directory::find(const std::string& name) const
{
  wasi::unique_fd file(
      ::openat(directory_.value(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat status{};
  if (!file.is_open() || ::fstat(file.value(), &status) != 0 || !counts(status)) {
    return std::nullopt;
  }
  return file;
}

bool cache_directory::put(const std::string& name, std::initializer_list<std::span<const std::byte>> parts) const
{
  const std::string temporary = new_temporary_name();
  const wasi::unique_fd file(::openat(directory_.value(), temporary.c_str(),
                                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode_of_files));
  if (!file.is_open()) {
    return false;
  }
  // The mode again, for a umask may take even the owner's right to read.
  const bool is_done = std::ranges::all_of(parts, [&](const auto& part) { return write_all(file.value(), part); }) &&
                       ::fchmod(file.value(), mode_of_files) == 0 &&
                       ::renameat(directory_.value(), temporary.c_str(), directory_.value(), name.c_str()) == 0;
  if (!is_done) {
    remove(temporary);
  }
  return is_done;
}

bool cache_directory::remove(const std::string& name) const
{
  return ::unlinkat(directory_.value(), name.c_str(), 0) == 0;
}

template <class Visit>
void cache_directory::visit(Visit visit_name) const
{
  wasi::unique_fd own(::openat(directory_.value(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto close = [](DIR* stream) {
    ::closedir(stream);
  };
  const std::unique_ptr<DIR, decltype(close)> stream(own.is_open() ? ::fdopendir(own.value()) : nullptr, close);
  if (!stream) {
    return;
  }
  own.release();
  while (const dirent* each = ::readdir(stream.get())) { // NOLINT(concurrency-mt-unsafe): the stream is ours
    struct stat status{};
    if (::fstatat(directory_.value(), each->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
      visit_name(std::string(each->d_name), status);
    }
  }
}

std::vector<cache_directory::entry> cache_directory::list() const
{
  std::vector<entry> entries;
  visit([&](std::string name, const struct stat& status) {
    if (counts(status) && !is_temporary(name)) {
      entries.push_back({std::move(name), static_cast<std::uint64_t>(status.st_size), time_of(status.st_mtim)});
    }
  });
  std::ranges::sort(entries, {}, [](const entry& each) { return std::pair(each.used, each.name); });
  return entries;
}

std::size_t cache_directory::trim(std::uint64_t most_bytes) const
{
  std::size_t gone = 0;
  const auto now = std::chrono::system_clock::now();
  visit([&](const std::string& name, const struct stat& status) {
    if (is_temporary(name) && S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
        now - time_of(status.st_mtim) > longest_temporary) {
      gone += remove(name) ? 1U : 0U;
    }
  });
  const std::vector<entry> entries = list();
  std::uint64_t total = 0;
  for (const entry& each : entries) {
    total += each.size_bytes;
  }
  for (auto oldest = entries.begin(); total > most_bytes && oldest != entries.end(); ++oldest) {
    total -= oldest->size_bytes;
    gone += remove(oldest->name) ? 1U : 0U;
  }
  return gone;
}

} // namespace interlink
