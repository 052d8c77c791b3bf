// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/extensions.hh"

#include "wasi/call_adapter.hh"
#include "wasi/call_support.hh"
#include "wasi/extension_calls.hh"
#include "wasi/mount_directory.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <vector>

namespace interlink::wasi {

namespace {

// Bits of a file's mode that a guest may set. The others change as whom others run the file.
constexpr std::uint32_t permission_bits = 0777;

/// A file that a path leads to, open for its status alone. Errors: those of a path; notsup for a directory that no host
/// directory stands for.
struct found_file {
  unique_fd fd;
  bool is_read_only;
};

expected<found_file> find_file(system& s, call_context& c, guest_fd fd, std::uint64_t needed, std::uint32_t lookup,
                               guest_pointer path, guest_size length)
{
  const auto start = find_directory(s, fd, needed);
  if (!start) {
    return std::unexpected(start.error());
  }
  if ((lookup & ~lookup_flag::symlink_follow) != 0) {
    return refuse(errno_code::inval);
  }
  auto text = load_path(c.memory, path, length, (*start)->file.get());
  if (!text) {
    return std::unexpected(text.error());
  }
  auto directory = (*start)->file;
  if (directory->mounts) {
    auto reached = walk_mounts(directory, *text);
    if (!reached) {
      return std::unexpected(reached.error());
    }
    if (!reached->directory) {
      return refuse(errno_code::noent);
    }
    directory = std::move(reached->directory);
    *text = std::move(reached->path);
    if (directory->mounts) {
      return refuse(errno_code::notsup);
    }
  }
  const int follow = (lookup & lookup_flag::symlink_follow) != 0 ? 0 : O_NOFOLLOW;
  auto file = open_beneath(directory->base(), *text, O_PATH | follow);
  if (!file) {
    return std::unexpected(file.error());
  }
  return found_file{std::move(*file), directory->is_read_only};
}

outcome store_permissions(call_context& c, int host_fd, guest_pointer mode)
{
  struct stat status{};
  if (::fstat(host_fd, &status) != 0) {
    return from_host_errno(errno);
  }
  return c.memory.store(mode, static_cast<std::uint32_t>(status.st_mode & 07777));
}

/// By its name in /proc, for a descriptor without access to the contents knows no fchmod.
outcome change_permissions(int host_fd, std::uint32_t mode)
{
  struct stat status{};
  if (::fstat(host_fd, &status) != 0) {
    return from_host_errno(errno);
  }
  if (S_ISLNK(status.st_mode)) {
    return errno_code::notsup;
  }
  const auto itself = "/proc/self/fd/" + std::to_string(host_fd);
  return from_host_call(::chmod(itself.c_str(), mode));
}

outcome check_permissions(std::uint32_t mode)
{
  if ((mode & ~std::uint32_t{07777}) != 0) {
    return errno_code::inval;
  }
  return (mode & ~permission_bits) != 0 ? errno_code::perm : errno_code::success;
}

/// A file of a descriptor with the rights. Errors: badf; notcapable; notsup for a directory that no host directory
/// stands for.
expected<open_file_ptr> find_open_file(system& s, guest_fd fd, std::uint64_t needed)
{
  const auto found = s.descriptors().find(fd, needed);
  if (!found) {
    return std::unexpected(found.error());
  }
  if (!(*found)->file->fd.is_open()) {
    return refuse(errno_code::notsup);
  }
  return (*found)->file;
}

} // namespace

outcome fd_permissions_get(system& s, call_context& c, guest_fd fd, guest_pointer mode)
{
  const auto file = find_open_file(s, fd, 0);
  return file ? store_permissions(c, (*file)->fd.value(), mode) : file.error();
}

outcome fd_permissions_set(system& s, call_context&, guest_fd fd, std::uint32_t mode)
{
  const auto file = find_open_file(s, fd, rights::fd_filestat_set_times);
  if (!file) {
    return file.error();
  }
  if (auto checked = check_permissions(mode); !checked.is_success()) {
    return checked;
  }
  return (*file)->is_read_only ? outcome(errno_code::rofs) : change_permissions((*file)->fd.value(), mode);
}

outcome path_permissions_get(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                             guest_size length, guest_pointer mode)
{
  const auto file = find_file(s, c, fd, rights::path_filestat_get, lookup, path, length);
  return file ? store_permissions(c, file->fd.value(), mode) : file.error();
}

outcome path_permissions_set(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                             guest_size length, std::uint32_t mode)
{
  const auto file = find_file(s, c, fd, rights::path_filestat_set_times, lookup, path, length);
  if (!file) {
    return file.error();
  }
  if (auto checked = check_permissions(mode); !checked.is_success()) {
    return checked;
  }
  return file->is_read_only ? outcome(errno_code::rofs) : change_permissions(file->fd.value(), mode);
}

outcome fd_filesystem_get(system& s, call_context& c, guest_fd fd, guest_pointer figures)
{
  const auto file = find_open_file(s, fd, 0);
  if (!file) {
    return file.error();
  }
  struct statvfs found{};
  if (::fstatvfs((*file)->fd.value(), &found) != 0) {
    return from_host_errno(errno);
  }
  std::array<std::byte, 64> bytes{};
  put<std::uint64_t>(bytes, 0, found.f_bsize);
  put<std::uint64_t>(bytes, 8, found.f_frsize);
  put<std::uint64_t>(bytes, 16, found.f_blocks);
  put<std::uint64_t>(bytes, 24, found.f_bfree);
  put<std::uint64_t>(bytes, 32, found.f_bavail);
  put<std::uint64_t>(bytes, 40, found.f_files);
  put<std::uint64_t>(bytes, 48, found.f_ffree);
  put<std::uint64_t>(bytes, 56, found.f_namemax);
  return c.memory.store_bytes(figures, bytes);
}

std::span<const host_call> extension_calls()
{
  static const std::vector<host_call> calls{
      make_call<&fd_filesystem_get>("fd_filesystem_get"),
      make_call<&fd_permissions_get>("fd_permissions_get"),
      make_call<&fd_permissions_set>("fd_permissions_set"),
      make_call<&path_permissions_get>("path_permissions_get"),
      make_call<&path_permissions_set>("path_permissions_set"),
  };
  return calls;
}

} // namespace interlink::wasi
