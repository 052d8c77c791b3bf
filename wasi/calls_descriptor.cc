// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"
#include "wasi/mount_directory.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace interlink::wasi {

namespace {

constexpr std::array advice_of_host{POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                    POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};

bool is_range(std::uint64_t offset, std::uint64_t size)
{
  return offset <= offset_max && size <= offset_max - offset;
}

int host_whence(std::uint32_t whence, abi_version version)
{
  constexpr std::array snapshot{SEEK_SET, SEEK_CUR, SEEK_END};
  constexpr std::array unstable{SEEK_CUR, SEEK_END, SEEK_SET};
  if (whence >= snapshot.size()) {
    return -1;
  }
  return version == abi_version::unstable ? unstable[whence] : snapshot[whence];
}

outcome seek(system& s, call_context& c, guest_fd fd, off_t offset, int whence, guest_pointer place)
{
  auto found = s.descriptors().find(fd);
  if (!found) {
    return found.error();
  }
  const auto& entry = **found;
  if (entry.file->is_stream()) {
    return errno_code::spipe;
  }
  // A seek by nothing only tells, and the right to tell is enough for it.
  bool only_tells = whence == SEEK_CUR && offset == 0;
  auto enough = only_tells ? rights::fd_tell | rights::fd_seek : rights::fd_seek;
  if ((entry.base_rights & enough) == 0) {
    return errno_code::notcapable;
  }
  if (!c.memory.contains(place, 8)) {
    return errno_code::fault;
  }
  auto reached = ::lseek(entry.file->fd.value(), offset, whence);
  if (reached < 0) {
    return from_host_errno(errno);
  }
  return c.memory.store(place, static_cast<std::uint64_t>(reached));
}

outcome filestat_get(system& s, call_context& c, guest_fd fd, guest_pointer address, abi_version version)
{
  auto found = s.descriptors().find(fd, rights::fd_filestat_get);
  if (!found) {
    return found.error();
  }
  const auto& file = *(*found)->file;
  if (file.mounts) {
    return store_filestat(c.memory, address, status_of(*file.mounts), file.type, version);
  }
  struct stat status{};
  if (::fstat(file.fd.value(), &status) != 0) {
    return from_host_errno(errno);
  }
  return store_filestat(c.memory, address, status, file.type, version);
}

// Of a directory that is on no disk there is nothing to write back.
outcome sync(const open_file& file, int (*host_call)(int))
{
  return file.mounts ? outcome(errno_code::success) : from_host_call(host_call(file.fd.value()));
}

outcome seek_by_whence(system& s, call_context& c, guest_fd fd, std::uint64_t offset, std::uint32_t whence,
                       guest_pointer place, abi_version version)
{
  int host = host_whence(whence, version);
  return host < 0 ? errno_code::inval : seek(s, c, fd, static_cast<off_t>(offset), host, place);
}

} // namespace

outcome fd_advise(system& s, call_context&, guest_fd fd, std::uint64_t offset, std::uint64_t size, std::uint32_t advice)
{
  auto found = s.descriptors().find(fd, rights::fd_advise);
  if (!found) {
    return found.error();
  }
  if (advice >= advice_of_host.size() || !is_range(offset, size)) {
    return errno_code::inval;
  }
  return from_host_errno(::posix_fadvise((*found)->file->fd.value(), static_cast<off_t>(offset),
                                         static_cast<off_t>(size), advice_of_host[advice]));
}

outcome fd_allocate(system& s, call_context&, guest_fd fd, std::uint64_t offset, std::uint64_t size)
{
  auto found = s.descriptors().find(fd, rights::fd_allocate);
  if (!found) {
    return found.error();
  }
  if (!is_range(offset, size)) {
    return errno_code::fbig;
  }
  int host = (*found)->file->fd.value();
  return from_host_call(
      within_file_limit([&] { return ::fallocate(host, 0, static_cast<off_t>(offset), static_cast<off_t>(size)); }));
}

outcome fd_close(system& s, call_context&, guest_fd fd)
{
  return s.descriptors().close(fd);
}

outcome fd_datasync(system& s, call_context&, guest_fd fd)
{
  auto found = s.descriptors().find(fd, rights::fd_datasync);
  return found ? sync(*(*found)->file, ::fdatasync) : found.error();
}

outcome fd_sync(system& s, call_context&, guest_fd fd)
{
  auto found = s.descriptors().find(fd, rights::fd_sync);
  return found ? sync(*(*found)->file, ::fsync) : found.error();
}

// Type 0, flags 2, base rights 8, inheriting rights 16.
outcome fd_fdstat_get(system& s, call_context& c, guest_fd fd, guest_pointer stat)
{
  auto found = s.descriptors().find(fd);
  if (!found) {
    return found.error();
  }
  std::array<std::byte, abi_size::fdstat> bytes{};
  put(bytes, 0, static_cast<std::uint8_t>((*found)->file->type));
  put(bytes, 2, (*found)->file->flags.load(std::memory_order_relaxed));
  put(bytes, 8, (*found)->base_rights);
  put(bytes, 16, (*found)->inheriting_rights);
  return c.memory.store_bytes(stat, bytes);
}

outcome fd_fdstat_set_flags(system& s, call_context&, guest_fd fd, std::uint32_t flags)
{
  auto found = s.descriptors().find(fd, rights::fd_fdstat_set_flags);
  if (!found) {
    return found.error();
  }
  if ((flags & ~std::uint32_t{fd_flag::all}) != 0) {
    return errno_code::inval;
  }
  auto& file = *(*found)->file;
  auto current = file.flags.load(std::memory_order_relaxed);
  bool changes_sync = ((flags ^ current) & fd_flag::any_sync) != 0;
  bool clears_host_append = file.host_append != 0 && (flags & fd_flag::append) == 0;
  if (changes_sync || clears_host_append) {
    return errno_code::notsup;
  }
  file.flags.store(static_cast<std::uint16_t>(flags), std::memory_order_relaxed);
  return errno_code::success;
}

outcome fd_fdstat_set_rights(system& s, call_context&, guest_fd fd, std::uint64_t base, std::uint64_t inheriting)
{
  return s.descriptors().shrink_rights(fd, base, inheriting);
}

outcome fd_filestat_get(system& s, call_context& c, guest_fd fd, guest_pointer stat)
{
  return filestat_get(s, c, fd, stat, abi_version::snapshot_preview1);
}

outcome unstable_fd_filestat_get(system& s, call_context& c, guest_fd fd, guest_pointer stat)
{
  return filestat_get(s, c, fd, stat, abi_version::unstable);
}

outcome fd_filestat_set_size(system& s, call_context&, guest_fd fd, std::uint64_t size)
{
  auto found = s.descriptors().find(fd, rights::fd_filestat_set_size);
  if (!found) {
    return found.error();
  }
  if (size > offset_max) {
    return errno_code::fbig;
  }
  int host = (*found)->file->fd.value();
  return from_host_call(within_file_limit([&] { return ::ftruncate(host, static_cast<off_t>(size)); }));
}

outcome fd_filestat_set_times(system& s, call_context&, guest_fd fd, std::uint64_t access, std::uint64_t modification,
                              std::uint32_t flags)
{
  auto found = s.descriptors().find(fd, rights::fd_filestat_set_times);
  if (!found) {
    return found.error();
  }
  auto times = make_times(access, modification, flags);
  if (times && (*found)->file->is_read_only) {
    return errno_code::rofs;
  }
  return times ? from_host_call(::futimens((*found)->file->fd.value(), times->data())) : times.error();
}

// Tag 0 (directory), length of the name 4. A descriptor that is no preopen is badf: guests count them that way.
outcome fd_prestat_get(system& s, call_context& c, guest_fd fd, guest_pointer prestat)
{
  auto found = s.descriptors().find(fd);
  if (!found || !(*found)->preopened_as) {
    return errno_code::badf;
  }
  std::array<std::byte, abi_size::prestat> bytes{};
  put(bytes, 4, static_cast<std::uint32_t>((*found)->preopened_as->size()));
  return c.memory.store_bytes(prestat, bytes);
}

outcome fd_prestat_dir_name(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size size)
{
  auto found = s.descriptors().find(fd);
  if (!found || !(*found)->preopened_as) {
    return errno_code::badf;
  }
  const auto& name = *(*found)->preopened_as;
  if (size < name.size()) {
    return errno_code::nametoolong;
  }
  return c.memory.store_bytes(path, std::as_bytes(std::span(name)));
}

outcome fd_renumber(system& s, call_context&, guest_fd from, guest_fd to)
{
  return s.has_wasix_libc ? s.descriptors().duplicate(from, to) : s.descriptors().renumber(from, to);
}

outcome fd_seek(system& s, call_context& c, guest_fd fd, std::uint64_t offset, std::uint32_t whence,
                guest_pointer place)
{
  return seek_by_whence(s, c, fd, offset, whence, place, abi_version::snapshot_preview1);
}

outcome unstable_fd_seek(system& s, call_context& c, guest_fd fd, std::uint64_t offset, std::uint32_t whence,
                         guest_pointer place)
{
  return seek_by_whence(s, c, fd, offset, whence, place, abi_version::unstable);
}

outcome fd_tell(system& s, call_context& c, guest_fd fd, guest_pointer place)
{
  return seek(s, c, fd, 0, SEEK_CUR, place);
}

} // namespace interlink::wasi
