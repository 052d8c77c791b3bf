// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/utf8.hh"
#include "wasi/call_support.hh"
#include "wasi/mount_directory.hh"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <sys/syscall.h>
#include <unistd.h>

namespace interlink::wasi {

namespace {

// Bytes of host entries read at a time.
constexpr std::size_t batch_bytes = std::size_t{32} << 10;

/// One entry as the kernel gives it. Source: getdents64(2); the fields are inode 0, next 8, length 16, type 18,
/// name 19.
struct host_entry {
  std::uint64_t inode;
  std::uint64_t next;
  std::uint16_t length;
  std::uint8_t type;
  std::string_view name;
};

host_entry parse_host_entry(std::span<const std::byte> bytes)
{
  host_entry entry{};
  entry.inode = take<std::uint64_t>(bytes, 0);
  entry.next = take<std::uint64_t>(bytes, 8);
  entry.length = take<std::uint16_t>(bytes, 16);
  entry.type = take<std::uint8_t>(bytes, 18);
  entry.name = reinterpret_cast<const char*>(bytes.data() + 19);
  return entry;
}

file_type type_of_entry(int directory, const host_entry& entry)
{
  if (entry.type != DT_UNKNOWN) {
    return type_of_mode(DTTOIF(entry.type));
  }
  // Some file systems keep no types in their directories. The name is an entry, so it cannot lead out.
  struct stat status{};
  if (entry.name == ".." || ::fstatat(directory, std::string(entry.name).c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return entry.name == ".." ? file_type::directory : file_type::unknown;
  }
  return type_of_mode(status.st_mode);
}

/// Copies entries into the guest's buffer until it is full; the last one may be cut, as the specification wants.
class entry_writer {
public:
  explicit entry_writer(std::span<std::byte> to) : left_(to), size_(to.size()) {}

  bool is_full() const { return left_.empty(); }

  std::size_t used() const { return size_ - left_.size(); }

  // Next cookie 0, inode 8, length of the name 16, type 20, then the name.
  void add(const host_entry& entry, file_type type)
  {
    std::array<std::byte, abi_size::dirent> head{};
    put(head, 0, entry.next);
    put(head, 8, entry.inode);
    put(head, 16, static_cast<std::uint32_t>(entry.name.size()));
    put(head, 20, static_cast<std::uint8_t>(type));
    append(head);
    append(std::as_bytes(std::span(entry.name)));
  }

private:
  void append(std::span<const std::byte> bytes)
  {
    auto size = std::min(bytes.size(), left_.size());
    if (size != 0) {
      std::memcpy(left_.data(), bytes.data(), size);
    }
    left_ = left_.subspan(size);
  }

  std::span<std::byte> left_;
  std::size_t size_;
};

outcome copy_entries(int directory, entry_writer& writer)
{
  std::vector<std::byte> batch(batch_bytes);
  while (!writer.is_full()) {
    auto got = ::syscall(SYS_getdents64, directory, batch.data(), batch.size());
    if (got < 0) {
      // A directory that was removed has no entries.
      return errno == ENOENT ? outcome(errno_code::success) : from_host_errno(errno);
    }
    if (got == 0) {
      break;
    }
    auto bytes = std::span<const std::byte>(batch).first(static_cast<std::size_t>(got));
    while (!bytes.empty() && !writer.is_full()) {
      auto entry = parse_host_entry(bytes);
      // A name that is not UTF-8 cannot be given to any call, so it is not shown.
      if (is_utf8(entry.name)) {
        writer.add(entry, type_of_entry(directory, entry));
      }
      bytes = bytes.subspan(entry.length);
    }
  }
  return errno_code::success;
}

// The cookie of an entry is the number of those up to it.
void copy_mounts(const mount_directory& directory, std::uint64_t cookie, entry_writer& writer)
{
  std::uint64_t number = 0;
  const auto add = [&](std::string_view name, std::uint64_t inode) {
    number += 1;
    if (number > cookie && !writer.is_full()) {
      writer.add({inode, number, 0, DT_DIR, name}, file_type::directory);
    }
  };
  add(".", directory.inode);
  add("..", directory.inode);
  for (const auto& [name, file] : directory.entries) {
    struct stat status{};
    if (file->mounts) {
      status = status_of(*file->mounts);
    } else if (::fstat(file->fd.value(), &status) != 0) {
      status.st_ino = 0;
    }
    add(name, status.st_ino);
  }
}

} // namespace

outcome fd_readdir(system& s, call_context& c, guest_fd fd, guest_pointer buffer, guest_size size, std::uint64_t cookie,
                   guest_pointer used)
{
  auto found = find_directory(s, fd, rights::fd_readdir);
  if (!found) {
    return found.error();
  }
  auto to = c.memory.range(buffer, size);
  if (!to || !c.memory.contains(used, 4)) {
    return errno_code::fault;
  }
  if (cookie > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max())) {
    return errno_code::inval;
  }
  entry_writer writer(*to);
  if (const auto& mounts = (*found)->file->mounts) {
    copy_mounts(*mounts, cookie, writer);
    return c.memory.store(used, static_cast<std::uint32_t>(writer.used()));
  }
  // A description of its own: the place in the directory is the cookie and nothing else, whoever reads beside us.
  unique_fd own(::openat((*found)->file->fd.value(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own.is_open()) {
    return errno == ENOENT ? c.memory.store(used, std::uint32_t{0}) : outcome(from_host_errno(errno));
  }
  if (::lseek(own.value(), static_cast<off_t>(cookie), SEEK_SET) < 0) {
    return from_host_errno(errno);
  }
  if (auto copied = copy_entries(own.value(), writer); !copied.is_success()) {
    return copied;
  }
  return c.memory.store(used, static_cast<std::uint32_t>(writer.used()));
}

} // namespace interlink::wasi
