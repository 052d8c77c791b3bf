// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"
#include "wasi/mount_directory.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace interlink::wasi {

namespace {

/// A host directory and a path below it.
struct place {
  open_file_ptr directory; ///< keeps the host directory open; a mount_directory where the caller asked for one
  std::string path;

  base_directory base() const { return directory->base(); }
};

/// What a call says about the directories that hold the mapped ones, if it cannot do its work there.
struct on_mounts {
  errno_code itself;                     ///< about one of them
  errno_code absent = errno_code::noent; ///< about a name that one of them has not
};

expected<place> find_place(system& s, call_context& c, guest_fd fd, std::uint64_t needed, guest_pointer path,
                           guest_size length, on_mounts refusal)
{
  auto directory = find_directory(s, fd, needed);
  if (!directory) {
    return std::unexpected(directory.error());
  }
  auto text = load_path(c.memory, path, length, (*directory)->file.get());
  if (!text) {
    return std::unexpected(text.error());
  }
  if (!(*directory)->file->mounts) {
    return place{(*directory)->file, std::move(*text)};
  }
  auto reached = walk_mounts((*directory)->file, *text);
  if (!reached) {
    return std::unexpected(reached.error());
  }
  if (!reached->directory) {
    return refuse(refusal.absent);
  }
  if (reached->directory->mounts && refusal.itself != errno_code::success) {
    return refuse(refusal.itself);
  }
  return place{std::move(reached->directory), std::move(reached->path)};
}

/// For a call that changes what is beneath a directory. As in a file system that is mounted read-only, where a call
/// that makes an entry says first whether there is one.
outcome check_writable(const place& where, bool makes_entry = false)
{
  if (!where.directory->is_read_only) {
    return errno_code::success;
  }
  if (makes_entry) {
    auto existing = open_beneath(where.base(), where.path, O_PATH | O_NOFOLLOW);
    if (existing) {
      return errno_code::exist;
    }
    if (existing.error() != outcome(errno_code::noent)) {
      return existing.error();
    }
  }
  return errno_code::rofs;
}

/// For a call that moves a file or gives it a second name.
outcome check_both_writable(const place& from, const place& to)
{
  if (from.directory->is_read_only != to.directory->is_read_only) {
    return errno_code::xdev; // as between two mounts of one file system
  }
  return from.directory->is_read_only ? errno_code::rofs : errno_code::success;
}

expected<parent_entry> find_parent(const place& where)
{
  return open_parent_beneath(where.base(), where.path);
}

/// The file itself, without access to its contents; a last symbolic link is followed, beneath, when the flags say so.
expected<unique_fd> open_for_status(const place& where, std::uint32_t lookup)
{
  if ((lookup & ~lookup_flag::symlink_follow) != 0) {
    return refuse(errno_code::inval);
  }
  int follow = (lookup & lookup_flag::symlink_follow) != 0 ? 0 : O_NOFOLLOW;
  return open_beneath(where.base(), where.path, O_PATH | follow);
}

outcome filestat_get(const place& where, call_context& c, std::uint32_t lookup, guest_pointer address,
                     abi_version version)
{
  if (!c.memory.contains(address, filestat_size(version))) {
    return errno_code::fault;
  }
  if (where.directory->mounts) {
    return store_filestat(c.memory, address, status_of(*where.directory->mounts), file_type::directory, version);
  }
  auto file = open_for_status(where, lookup);
  if (!file) {
    return file.error();
  }
  struct stat status{};
  if (::fstat(file->value(), &status) != 0) {
    return from_host_errno(errno);
  }
  return store_filestat(c.memory, address, status, type_of_mode(status.st_mode), version);
}

} // namespace

outcome path_create_directory(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size length)
{
  auto where = find_place(s, c, fd, rights::path_create_directory, path, length, {errno_code::exist, errno_code::rofs});
  if (!where) {
    return where.error();
  }
  if (auto writable = check_writable(*where, true); !writable.is_success()) {
    return writable;
  }
  auto parent = find_parent(*where);
  return parent ? from_host_call(::mkdirat(parent->directory, parent->name.c_str(), 0777)) : parent.error();
}

outcome path_filestat_get(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                          guest_size length, guest_pointer stat)
{
  auto where = find_place(s, c, fd, rights::path_filestat_get, path, length, {errno_code::success});
  return where ? filestat_get(*where, c, lookup, stat, abi_version::snapshot_preview1) : where.error();
}

outcome unstable_path_filestat_get(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                                   guest_size length, guest_pointer stat)
{
  auto where = find_place(s, c, fd, rights::path_filestat_get, path, length, {errno_code::success});
  return where ? filestat_get(*where, c, lookup, stat, abi_version::unstable) : where.error();
}

outcome path_filestat_set_times(system& s, call_context& c, guest_fd fd, std::uint32_t lookup, guest_pointer path,
                                guest_size length, std::uint64_t access, std::uint64_t modification,
                                std::uint32_t flags)
{
  auto where = find_place(s, c, fd, rights::path_filestat_set_times, path, length, {errno_code::rofs});
  if (!where) {
    return where.error();
  }
  auto times = make_times(access, modification, flags);
  if (!times) {
    return times.error();
  }
  if (auto writable = check_writable(*where); !writable.is_success()) {
    return writable;
  }
  auto file = open_for_status(*where, lookup);
  return file ? from_host_call(::utimensat(file->value(), "", times->data(), AT_EMPTY_PATH)) : file.error();
}

outcome path_link(system& s, call_context& c, guest_fd old_fd, std::uint32_t lookup, guest_pointer old_path,
                  guest_size old_length, guest_fd new_fd, guest_pointer new_path, guest_size new_length)
{
  auto from = find_place(s, c, old_fd, rights::path_link_source, old_path, old_length, {errno_code::perm});
  if (!from) {
    return from.error();
  }
  auto to =
      find_place(s, c, new_fd, rights::path_link_target, new_path, new_length, {errno_code::exist, errno_code::rofs});
  if (!to) {
    return to.error();
  }
  if (auto writable = check_both_writable(*from, *to); !writable.is_success()) {
    return writable;
  }
  auto source = open_for_status(*from, lookup);
  if (!source) {
    return source.error();
  }
  struct stat status{};
  if (::fstat(source->value(), &status) != 0) {
    return from_host_errno(errno);
  }
  if (S_ISDIR(status.st_mode)) {
    return errno_code::perm;
  }
  auto target = find_parent(*to);
  if (!target) {
    return target.error();
  }
  if ((lookup & lookup_flag::symlink_follow) == 0) {
    auto entry = find_parent(*from);
    return entry ? from_host_call(
                       ::linkat(entry->directory, entry->name.c_str(), target->directory, target->name.c_str(), 0))
                 : entry.error();
  }
  // The file that the look-up found, and no second walk. By its descriptor that is ENOENT without a privilege, by its
  // name in /proc where there is none. Source: linkat(2).
  if (::linkat(source->value(), "", target->directory, target->name.c_str(), AT_EMPTY_PATH) == 0) {
    return errno_code::success;
  }
  if (errno != ENOENT) {
    return from_host_errno(errno);
  }
  auto itself = "/proc/self/fd/" + std::to_string(source->value());
  return from_host_call(::linkat(AT_FDCWD, itself.c_str(), target->directory, target->name.c_str(), AT_SYMLINK_FOLLOW));
}

outcome path_readlink(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size length,
                      guest_pointer buffer, guest_size size, guest_pointer used)
{
  auto where = find_place(s, c, fd, rights::path_readlink, path, length, {errno_code::inval});
  if (!where) {
    return where.error();
  }
  if (!c.memory.contains(buffer, size) || !c.memory.contains(used, 4)) {
    return errno_code::fault;
  }
  auto link = open_for_status(*where, 0);
  if (!link) {
    return link.error();
  }
  std::array<char, bound::path_bytes> target{};
  auto read = ::readlinkat(link->value(), "", target.data(), target.size());
  if (read < 0) {
    // With an empty path the kernel says ENOENT for a file that is no link; by name it would say EINVAL.
    return errno == ENOENT ? errno_code::inval : from_host_errno(errno);
  }
  auto kept = std::min<std::size_t>(static_cast<std::size_t>(read), size);
  (void)c.memory.store_bytes(buffer, std::as_bytes(std::span(target).first(kept)));
  return c.memory.store(used, static_cast<std::uint32_t>(kept));
}

outcome path_remove_directory(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size length)
{
  auto where = find_place(s, c, fd, rights::path_remove_directory, path, length, {errno_code::busy});
  if (!where) {
    return where.error();
  }
  if (auto writable = check_writable(*where); !writable.is_success()) {
    return writable;
  }
  auto parent = find_parent(*where);
  return parent ? from_host_call(::unlinkat(parent->directory, parent->name.c_str(), AT_REMOVEDIR)) : parent.error();
}

outcome path_rename(system& s, call_context& c, guest_fd fd, guest_pointer old_path, guest_size old_length,
                    guest_fd new_fd, guest_pointer new_path, guest_size new_length)
{
  auto from = find_place(s, c, fd, rights::path_rename_source, old_path, old_length, {errno_code::busy});
  if (!from) {
    return from.error();
  }
  auto to =
      find_place(s, c, new_fd, rights::path_rename_target, new_path, new_length, {errno_code::busy, errno_code::rofs});
  if (!to) {
    return to.error();
  }
  if (auto writable = check_both_writable(*from, *to); !writable.is_success()) {
    return writable;
  }
  auto source = find_parent(*from);
  if (!source) {
    return source.error();
  }
  auto target = find_parent(*to);
  if (!target) {
    return target.error();
  }
  return from_host_call(::renameat(source->directory, source->name.c_str(), target->directory, target->name.c_str()));
}

outcome path_symlink(system& s, call_context& c, guest_pointer target, guest_size target_length, guest_fd fd,
                     guest_pointer path, guest_size length)
{
  auto where = find_place(s, c, fd, rights::path_symlink, path, length, {errno_code::exist, errno_code::rofs});
  if (!where) {
    return where.error();
  }
  // The same text rules as for a path: not empty, not absolute, UTF-8.
  auto text = load_path(c.memory, target, target_length);
  if (!text) {
    return text.error();
  }
  if (auto writable = check_writable(*where, true); !writable.is_success()) {
    return writable;
  }
  auto parent = find_parent(*where);
  return parent ? from_host_call(::symlinkat(text->c_str(), parent->directory, parent->name.c_str())) : parent.error();
}

outcome path_unlink_file(system& s, call_context& c, guest_fd fd, guest_pointer path, guest_size length)
{
  auto where = find_place(s, c, fd, rights::path_unlink_file, path, length, {errno_code::isdir});
  if (!where) {
    return where.error();
  }
  if (auto writable = check_writable(*where); !writable.is_success()) {
    return writable;
  }
  auto parent = find_parent(*where);
  return parent ? from_host_call(::unlinkat(parent->directory, parent->name.c_str(), 0)) : parent.error();
}

} // namespace interlink::wasi
