// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/open_file.hh"

#include "wasi/socket_state.hh"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <utility>

namespace interlink::wasi {

namespace {

// Opening /dev/ptmx makes a new terminal instead of a second description of this one. Source: Linux devices.txt, 5:2.
bool is_terminal_multiplexer(const struct stat& status)
{
  return S_ISCHR(status.st_mode) && major(status.st_rdev) == 5 && minor(status.st_rdev) == 2;
}

// A second description of an inherited pipe or terminal. Other devices are left alone: opening one may do something.
unique_fd reopen_nonblocking(int fd, const struct stat& status, int access_mode)
{
  bool can =
      S_ISFIFO(status.st_mode) || (S_ISCHR(status.st_mode) && !is_terminal_multiplexer(status) && ::isatty(fd) == 1);
  if (!can) {
    return {};
  }
  auto path = "/proc/self/fd/" + std::to_string(fd);
  unique_fd again(::open(path.c_str(), access_mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat found{};
  if (!again.is_open() || ::fstat(again.value(), &found) != 0 || found.st_dev != status.st_dev ||
      found.st_ino != status.st_ino) {
    return {};
  }
  return again;
}

file_type socket_type(int fd)
{
  int kind = 0;
  socklen_t size = sizeof kind;
  if (::getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0 && kind == SOCK_DGRAM) {
    return file_type::socket_dgram;
  }
  return file_type::socket_stream;
}

std::uint64_t rights_of(const struct stat& status, int fd, int access_mode)
{
  std::uint64_t possible = rights::stream;
  if (S_ISDIR(status.st_mode)) {
    return rights::directory;
  }
  if (S_ISSOCK(status.st_mode)) {
    return rights::socket;
  }
  if (S_ISREG(status.st_mode) || S_ISBLK(status.st_mode) || (S_ISCHR(status.st_mode) && ::isatty(fd) != 1)) {
    possible = rights::regular_file;
  }
  if (access_mode == O_RDONLY) {
    possible &= ~rights::writing;
  } else if (access_mode == O_WRONLY) {
    possible &= ~rights::fd_read;
  }
  return possible;
}

// The parts that do not depend on who opened the file.
expected<open_file_ptr> describe(unique_fd fd)
{
  struct stat status{};
  int host_flags = ::fcntl(fd.value(), F_GETFL);
  if (host_flags < 0 || ::fstat(fd.value(), &status) != 0) {
    return refuse(from_host_errno(errno));
  }
  auto file = std::make_shared<open_file>();
  file->type = S_ISSOCK(status.st_mode) ? socket_type(fd.value()) : type_of_mode(status.st_mode);
  file->is_pipe = S_ISFIFO(status.st_mode);
  file->possible_rights = rights_of(status, fd.value(), host_flags & O_ACCMODE);
  file->fd = std::move(fd);
  if (S_ISSOCK(status.st_mode)) {
    file->method = wait_method::socket;
    file->socket = std::make_shared<socket_state>();
  } else if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode) && !S_ISBLK(status.st_mode)) {
    // Pipes, character devices, and what has no type in its mode: event counters, timers and the like.
    file->method = wait_method::no_wait_flag;
  }
  return file;
}

std::uint16_t sync_flags_of(int host_flags)
{
  std::uint16_t flags = 0;
  // O_SYNC contains the bit of O_DSYNC, and O_RSYNC is the same number as O_SYNC.
  if ((host_flags & O_SYNC) == O_SYNC) {
    flags |= fd_flag::sync;
  } else if ((host_flags & O_DSYNC) != 0) {
    flags |= fd_flag::dsync;
  }
  return flags;
}

} // namespace

file_type type_of_mode(std::uint32_t mode) noexcept
{
  switch (mode & S_IFMT) {
  case S_IFBLK:
    return file_type::block_device;
  case S_IFCHR:
    return file_type::character_device;
  case S_IFDIR:
    return file_type::directory;
  case S_IFREG:
    return file_type::regular_file;
  case S_IFLNK:
    return file_type::symbolic_link;
  case S_IFSOCK:
    return file_type::socket_stream;
  default:
    return file_type::unknown;
  }
}

expected<open_file_ptr> adopt_file(int host_fd)
{
  unique_fd copy(::fcntl(host_fd, F_DUPFD_CLOEXEC, 3));
  if (!copy.is_open()) {
    return refuse(from_host_errno(errno));
  }
  auto made = describe(std::move(copy));
  if (!made) {
    return made;
  }
  auto& file = **made;
  int host_flags = ::fcntl(file.fd.value(), F_GETFL);
  if ((host_flags & O_APPEND) != 0) {
    file.host_append = fd_flag::append;
  }
  file.flags = static_cast<std::uint16_t>(file.host_append | sync_flags_of(host_flags));
  if (file.method.load(std::memory_order_relaxed) == wait_method::no_wait_flag) {
    struct stat status{};
    if (::fstat(file.fd.value(), &status) != 0) {
      return refuse(from_host_errno(errno));
    }
    file.private_fd = reopen_nonblocking(file.fd.value(), status, host_flags & O_ACCMODE);
    if (file.private_fd.is_open()) {
      file.method = wait_method::nonblocking;
    }
  }
  return made;
}

expected<open_file_ptr> make_hooked_file(stream_hooks hooks)
{
  unique_fd fd(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!fd.is_open()) {
    return refuse(from_host_errno(errno));
  }
  auto file = std::make_shared<open_file>();
  file->possible_rights = rights::stream & ~(hooks.write ? rights::fd_read : rights::writing); // as a pipe's
  file->hooks = std::make_shared<const stream_hooks>(std::move(hooks));
  file->fd = std::move(fd);
  return file;
}

expected<open_file_ptr> own_file(unique_fd fd, std::uint16_t flags)
{
  auto made = describe(std::move(fd));
  if (!made) {
    return made;
  }
  auto& file = **made;
  file.flags = flags;
  if (file.method.load(std::memory_order_relaxed) == wait_method::no_wait_flag) {
    file.method = wait_method::nonblocking;
    file.polls_before_read = file.is_pipe && (file.possible_rights & rights::fd_write) == 0;
  }
  return made;
}

} // namespace interlink::wasi
