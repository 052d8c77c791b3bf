// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"
#include "wasi/mount_directory.hh"
#include "wasi/wasix_calls.hh"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/stat.h>
#include <utility>

namespace interlink::wasi {

namespace {

// The kernel has no wait for a FIFO's first reader other than a blocking open, which could not be cancelled. So a
// writer tries again, at first after 1 ms, in the end every 20 ms: a person does not see it, and a core does not feel
// it.
constexpr auto fifo_retry_first = std::chrono::milliseconds(1);
constexpr auto fifo_retry_last = std::chrono::milliseconds(20);

struct open_request {
  std::uint32_t lookup;
  std::uint32_t open_flags;
  std::uint64_t base;
  std::uint64_t inheriting;
  std::uint32_t flags;
};

// Rights that the directory must have for these flags. Source: WASI preview 1, `rights`.
std::uint64_t rights_for_flags(const open_request& wanted)
{
  std::uint64_t needed = rights::path_open;
  if ((wanted.open_flags & open_flag::create) != 0) {
    needed |= rights::path_create_file;
  }
  if ((wanted.open_flags & open_flag::truncate) != 0) {
    needed |= rights::path_filestat_set_size;
  }
  return needed;
}

// Rights that the new descriptor asks for, including those that its flags imply.
std::uint64_t rights_asked(const open_request& wanted)
{
  auto asked = (wanted.base | wanted.inheriting) & rights::all;
  if ((wanted.flags & fd_flag::dsync) != 0) {
    asked |= rights::fd_datasync;
  }
  if ((wanted.flags & (fd_flag::rsync | fd_flag::sync)) != 0) {
    asked |= rights::fd_sync;
  }
  return asked;
}

bool asks_to_write(const open_request& wanted)
{
  return (wanted.base & rights::writing) != 0;
}

// O_NONBLOCK always: the open of a FIFO must not wait in the kernel, and our transfers wait by poll. O_APPEND never:
// appending is a property of each write, so that a guest can switch it (wasi/calls.hh, fd_fdstat_set_flags).
int host_open_flags(const open_request& wanted, bool writes)
{
  bool reads = (wanted.base & (rights::fd_read | rights::fd_readdir)) != 0;
  int flags = O_NONBLOCK | O_NOCTTY | (writes ? (reads ? O_RDWR : O_WRONLY) : O_RDONLY);
  flags |= (wanted.open_flags & open_flag::directory) != 0 ? O_DIRECTORY : 0;
  flags |= (wanted.open_flags & open_flag::create) != 0 ? O_CREAT : 0;
  flags |= (wanted.open_flags & open_flag::exclusive) != 0 ? O_EXCL : 0;
  flags |= (wanted.open_flags & open_flag::truncate) != 0 ? O_TRUNC : 0;
  flags |= (wanted.lookup & lookup_flag::symlink_follow) != 0 ? 0 : O_NOFOLLOW;
  flags |= (wanted.flags & fd_flag::dsync) != 0 ? O_DSYNC : 0;
  flags |= (wanted.flags & (fd_flag::rsync | fd_flag::sync)) != 0 ? O_SYNC : 0;
  return flags;
}

// Only the right to write contents makes an open for writing of a directory; the other rights that need one of a file
// are rights that a directory does not have, and a guest may ask for all that it could inherit.
expected<unique_fd> open_once(base_directory directory, const std::string& path, const open_request& wanted)
{
  bool writes = asks_to_write(wanted);
  auto opened = open_beneath(directory, path, host_open_flags(wanted, writes), 0666);
  bool is_directory = !opened && opened.error() == outcome(errno_code::isdir);
  if (is_directory && writes && (wanted.base & rights::fd_write) == 0) {
    return open_beneath(directory, path, host_open_flags(wanted, false), 0666);
  }
  return opened;
}

bool is_fifo(base_directory directory, const std::string& path)
{
  auto file = open_beneath(directory, path, O_PATH);
  struct stat status{};
  return file && ::fstat(file->value(), &status) == 0 && S_ISFIFO(status.st_mode);
}

expected<unique_fd> open_or_wait(base_directory directory, const std::string& path, const open_request& wanted,
                                 canceller& cancel)
{
  std::chrono::milliseconds pause = fifo_retry_first;
  while (true) {
    auto opened = open_once(directory, path, wanted);
    bool lacks_reader = !opened && opened.error() == outcome(errno_code::nxio) &&
                        (wanted.flags & fd_flag::nonblock) == 0 && is_fifo(directory, path);
    if (!lacks_reader) {
      return opened;
    }
    if (auto slept = cancel.sleep_for(pause); !slept.is_success()) {
      return refuse(slept);
    }
    pause = std::min(pause * 2, std::chrono::milliseconds(fifo_retry_last));
  }
}

// Beneath a read-only directory: what is there is opened as it is, and nothing is made, emptied or written. `wanted` is
// left without what could do so. As in a file system that is mounted read-only.
outcome keep_read_only(base_directory directory, const std::string& path, open_request& wanted)
{
  const bool creates = (wanted.open_flags & open_flag::create) != 0;
  const bool writes = (wanted.base & rights::fd_write) != 0 || (wanted.open_flags & open_flag::truncate) != 0;
  if (creates || writes) {
    const int follow = (wanted.lookup & lookup_flag::symlink_follow) != 0 ? 0 : O_NOFOLLOW;
    const auto existing = open_beneath(directory, path, O_PATH | follow);
    struct stat status{};
    if (!existing) {
      return creates && existing.error() == outcome(errno_code::noent) ? outcome(errno_code::rofs) : existing.error();
    }
    if (creates && (wanted.open_flags & open_flag::exclusive) != 0) {
      return errno_code::exist;
    }
    if (::fstat(existing->value(), &status) != 0) {
      return from_host_errno(errno);
    }
    if (S_ISDIR(status.st_mode)) {
      return errno_code::isdir;
    }
    if (writes) {
      return errno_code::rofs;
    }
  }
  wanted.open_flags &= ~(open_flag::create | open_flag::truncate);
  wanted.base &= ~rights::writing;
  return errno_code::success;
}

expected<open_file_ptr> open_mounts(const open_file_ptr& directory, const open_request& wanted)
{
  if ((wanted.open_flags & open_flag::create) != 0 && (wanted.open_flags & open_flag::exclusive) != 0) {
    return refuse(errno_code::exist);
  }
  if ((wanted.base & rights::fd_write) != 0 || (wanted.open_flags & (open_flag::create | open_flag::truncate)) != 0) {
    return refuse(errno_code::isdir);
  }
  return directory;
}

expected<open_file_ptr> open_file_at(const open_file_ptr& start, std::string path, open_request wanted,
                                     canceller& cancel)
{
  auto directory = start;
  if (start->mounts) {
    auto reached = walk_mounts(start, path);
    if (!reached) {
      return std::unexpected(reached.error());
    }
    if (!reached->directory) {
      return refuse((wanted.open_flags & open_flag::create) != 0 ? errno_code::rofs : errno_code::noent);
    }
    directory = std::move(reached->directory);
    path = std::move(reached->path);
    if (directory->mounts) {
      return open_mounts(directory, wanted);
    }
  }
  if (directory->is_read_only) {
    if (auto kept = keep_read_only(directory->base(), path, wanted); !kept.is_success()) {
      return refuse(kept);
    }
  }
  auto host = open_or_wait(directory->base(), path, wanted, cancel);
  if (!host) {
    return std::unexpected(host.error());
  }
  auto file = own_file(std::move(*host), static_cast<std::uint16_t>(wanted.flags));
  if (file) {
    (*file)->is_read_only = directory->is_read_only;
  }
  return file;
}

descriptor make_descriptor(open_file_ptr file, const open_request& wanted, bool closes_on_exec)
{
  bool is_directory = file->type == file_type::directory;
  auto base = wanted.base & file->possible_rights;
  auto inheriting = is_directory ? wanted.inheriting & rights::below_directory : 0;
  return {std::move(file), base, inheriting, std::nullopt, closes_on_exec};
}

outcome open_path(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path, guest_size length,
                  std::uint32_t open_flags, std::uint64_t base, std::uint64_t inheriting, std::uint32_t flags,
                  bool closes_on_exec, guest_pointer opened)
{
  open_request wanted{lookup, open_flags, base & rights::all, inheriting & rights::all, flags};
  auto directory = find_directory(s, fd, rights_for_flags(wanted));
  if (!directory) {
    return directory.error();
  }
  if ((lookup & ~lookup_flag::symlink_follow) != 0 || (open_flags & ~open_flag::all) != 0 ||
      (flags & ~std::uint32_t{fd_flag::all}) != 0) {
    return errno_code::inval;
  }
  if ((rights_asked(wanted) & ~(*directory)->inheriting_rights) != 0) {
    return errno_code::notcapable;
  }
  if (!c.memory.contains(opened, 4)) {
    return errno_code::fault;
  }
  auto text = load_path(c.memory, path, length, (*directory)->file.get());
  if (!text) {
    return text.error();
  }
  if (c.cancel.is_cancelled()) {
    return outcome::cancelled();
  }
  auto file = open_file_at((*directory)->file, std::move(*text), wanted, c.cancel);
  if (!file) {
    return file.error();
  }
  auto number = s.descriptors().insert(make_descriptor(std::move(*file), wanted, closes_on_exec));
  return number ? c.memory.store(opened, *number) : number.error();
}

} // namespace

outcome path_open(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path, guest_size length,
                  std::uint32_t open_flags, std::uint64_t base, std::uint64_t inheriting, std::uint32_t flags,
                  guest_pointer opened)
{
  return open_path(s, c, fd, lookup, path, length, open_flags, base, inheriting, flags, false, opened);
}

outcome path_open2(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path, guest_size length,
                   std::uint32_t open_flags, std::uint64_t base, std::uint64_t inheriting, std::uint32_t flags,
                   std::uint32_t extended_flags, guest_pointer opened)
{
  if ((extended_flags & ~std::uint32_t{extended_flag::all}) != 0) {
    return errno_code::inval;
  }
  const bool closes_on_exec = (extended_flags & extended_flag::close_on_exec) != 0;
  return open_path(s, c, fd, lookup, path, length, open_flags, base, inheriting, flags, closes_on_exec, opened);
}

} // namespace interlink::wasi
