// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/beneath.hh"

#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace interlink::wasi {

namespace {

// The kernel answers EAGAIN when a rename anywhere on the machine raced with a "..", and asks for another try. The
// bound is generous: each failure needs a rename within microseconds. Source: openat2(2).
constexpr int race_retries = 1'000;

} // namespace

expected<unique_fd> open_beneath(int directory, const std::string& path, int flags, unsigned mode)
{
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  for (int i = 0; i < race_retries; ++i) {
    auto fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
    if (fd >= 0) {
      return unique_fd(static_cast<int>(fd));
    }
    if (errno == EXDEV) {
      return refuse(errno_code::notcapable);
    }
    if (errno != EAGAIN && errno != EINTR) {
      return refuse(from_host_errno(errno));
    }
    ::sched_yield();
  }
  return refuse(errno_code::again);
}

expected<parent_entry> open_parent_beneath(int directory, const std::string& path)
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
    entry.directory = directory;
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
