// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/beneath.hh"

#include "wasi/walk.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <linux/openat2.h>
#include <optional>
#include <sched.h>
#include <string_view>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace interlink::wasi {

namespace {

// The kernel answers EAGAIN when a rename anywhere on the machine raced with a "..", and asks for another try. The
// bound is generous: each failure needs a rename within microseconds. Source: openat2(2).
constexpr int race_retries = 1'000;

long open_by_kernel(int directory, const char* path, int flags, unsigned mode, std::uint64_t resolve)
{
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  return ::syscall(SYS_openat2, directory, path, &how, sizeof how);
}

// A kernel without the call says ENOSYS, and so do most sandboxes; others say EPERM, which a file may say as well.
bool lacks_openat2(int directory, int host_errno)
{
  return host_errno == ENOSYS ||
         (host_errno == EPERM && open_by_kernel(directory, ".", O_PATH, 0, RESOLVE_BENEATH) < 0 && errno == EPERM);
}

// Once known it stays so: a filter is never taken off, and a kernel does not change.
std::atomic<bool> has_no_openat2 = false;

expected<unique_fd> look_up(int directory, const std::string& path, int flags, unsigned mode, walk_rule rule)
{
  const std::uint64_t resolve =
      rule == walk_rule::beneath ? RESOLVE_BENEATH : std::uint64_t{RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS};
  for (int i = 0; i < race_retries && !has_no_openat2.load(std::memory_order_relaxed); ++i) {
    const long fd = open_by_kernel(directory, path.c_str(), flags, mode, resolve);
    if (fd >= 0) {
      return unique_fd(static_cast<int>(fd));
    }
    const int failure = errno;
    if (failure == EXDEV) {
      return refuse(errno_code::notcapable);
    }
    if (lacks_openat2(directory, failure)) {
      has_no_openat2.store(true, std::memory_order_relaxed);
    } else if (failure != EAGAIN && failure != EINTR) {
      return refuse(from_host_errno(failure));
    } else {
      ::sched_yield();
    }
  }
  return has_no_openat2.load(std::memory_order_relaxed) ? walk(directory, path, flags, mode, rule)
                                                        : refuse(errno_code::again);
}

/// The devices that every root has, and that show nothing of the host.
constexpr std::array<std::string_view, 5> devices{"dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom"};

/// Its path on the host; nothing when the path names none.
std::optional<std::string> device_at(std::string_view path)
{
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return std::ranges::find(devices, path) == devices.end() ? std::nullopt : std::optional("/" + std::string(path));
}

expected<unique_fd> open_device(const std::string& host_path, int flags)
{
  const int fd = ::open(host_path.c_str(), (flags & ~(O_CREAT | O_EXCL | O_TRUNC)) | O_CLOEXEC);
  return fd < 0 ? expected<unique_fd>(refuse(from_host_errno(errno))) : unique_fd(fd);
}

} // namespace

expected<unique_fd> open_beneath(base_directory directory, const std::string& path, int flags, unsigned mode)
{
  auto opened = look_up(directory.fd, path, flags, mode, walk_rule::beneath);
  if (!opened && directory.is_root && opened.error() == outcome(errno_code::noent)) {
    if (const auto device = device_at(path)) {
      return open_device(*device, flags);
    }
  }
  if (opened || !directory.is_root || opened.error() != outcome(errno_code::notcapable)) {
    return opened;
  }
  // A link is what led out, or stands in a path that leads out: refused as before.
  auto in_root = look_up(directory.fd, path, flags, mode, walk_rule::in_root_without_links);
  return !in_root && in_root.error() == outcome(errno_code::loop) ? std::move(opened) : std::move(in_root);
}

expected<parent_entry> open_parent_beneath(base_directory directory, const std::string& path)
{
  auto parts = split_last(path);
  if (parts.last == "..") {
    auto reached = open_beneath(directory, path, O_PATH);
    if (!reached) {
      return std::unexpected(reached.error());
    }
  }
  parent_entry entry;
  entry.name = std::move(parts.last);
  if (parts.has_trailing_slash) {
    entry.name += '/';
  }
  if (parts.parent == ".") {
    entry.directory = directory.fd;
    return entry;
  }
  auto opened = open_beneath(directory, parts.parent, O_PATH | O_DIRECTORY);
  if (!opened) {
    return std::unexpected(opened.error());
  }
  entry.opened = std::move(*opened);
  entry.directory = entry.opened.value();
  return entry;
}

} // namespace interlink::wasi
