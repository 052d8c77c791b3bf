// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_support.hh"

#include <algorithm>
#include <cerrno>
#include <limits>

namespace interlink::wasi {

namespace {

constexpr std::uint64_t nanoseconds_per_second = 1'000'000'000;

// A time before 1970 has no number in preview 1; it is shown as the first one that has.
std::uint64_t nanoseconds_of(const timespec& time)
{
  if (time.tv_sec < 0) {
    return 0;
  }
  return static_cast<std::uint64_t>(time.tv_sec) * nanoseconds_per_second + static_cast<std::uint64_t>(time.tv_nsec);
}

timespec time_to_set(std::uint64_t nanoseconds, bool is_set, bool is_now)
{
  if (is_now) {
    return {0, UTIME_NOW};
  }
  if (!is_set) {
    return {0, UTIME_OMIT};
  }
  return {static_cast<time_t>(nanoseconds / nanoseconds_per_second),
          static_cast<long>(nanoseconds % nanoseconds_per_second)};
}

} // namespace

outcome from_host_call(long returned) noexcept
{
  return returned < 0 ? from_host_errno(errno) : errno_code::success;
}

expected<std::vector<iovec>> load_iovecs(const guest_memory& memory, guest_pointer address, guest_size count)
{
  if (!memory.contains(address, std::uint64_t{count} * abi_size::iovec)) {
    return refuse(errno_code::fault);
  }
  std::vector<iovec> buffers;
  buffers.reserve(std::min<std::size_t>(count, bound::iovecs));
  std::uint64_t total = 0;
  for (guest_size i = 0; i < count && i < bound::iovecs; ++i) {
    auto at = address + i * static_cast<guest_pointer>(abi_size::iovec);
    auto start = memory.load<std::uint32_t>(at);
    auto length = memory.load<std::uint32_t>(at + 4);
    if (!start || !length) {
      return refuse(errno_code::fault);
    }
    auto bytes = memory.range(*start, *length);
    if (!bytes) {
      return std::unexpected(bytes.error());
    }
    total += bytes->size();
    buffers.push_back({bytes->data(), bytes->size()});
  }
  if (total > std::numeric_limits<guest_size>::max()) {
    return refuse(errno_code::inval);
  }
  return buffers;
}

expected<std::string> load_path(const guest_memory& memory, guest_pointer address, guest_size length,
                                const open_file* start)
{
  if (!memory.contains(address, length)) {
    return refuse(errno_code::fault);
  }
  if (length >= bound::path_bytes) {
    return refuse(errno_code::nametoolong);
  }
  auto path = memory.load_string(address, length);
  if (!path) {
    return path;
  }
  if (start != nullptr && start->is_root && path->starts_with('/')) {
    path->erase(0, path->find_first_not_of('/'));
    if (path->empty()) {
      path = ".";
    }
  }
  if (auto checked = check_relative_path(*path); !checked.is_success()) {
    return refuse(checked);
  }
  return path;
}

expected<descriptor_ptr> find_directory(system& s, guest_fd fd, std::uint64_t needed)
{
  auto found = s.descriptors().find(fd);
  if (!found) {
    return found;
  }
  if ((*found)->file->type != file_type::directory) {
    return refuse(errno_code::notdir);
  }
  if (((*found)->base_rights & needed) != needed) {
    return refuse(errno_code::notcapable);
  }
  return found;
}

std::size_t filestat_size(abi_version version) noexcept
{
  return version == abi_version::unstable ? abi_size::filestat_unstable : abi_size::filestat;
}

// Snapshot: device 0, inode 8, type 16, links 24 (64 bits), size 32, times 40, 48, 56.
// Unstable: device 0, inode 8, type 16, links 20 (32 bits), size 24, times 32, 40, 48.
outcome store_filestat(const guest_memory& memory, guest_pointer address, const struct stat& status, file_type type,
                       abi_version version)
{
  std::array<std::byte, abi_size::filestat> bytes{};
  std::size_t size_offset = version == abi_version::unstable ? 24 : 32;
  put<std::uint64_t>(bytes, 0, status.st_dev);
  put<std::uint64_t>(bytes, 8, status.st_ino);
  put(bytes, 16, static_cast<std::uint8_t>(type));
  if (version == abi_version::unstable) {
    put(bytes, 20, static_cast<std::uint32_t>(status.st_nlink));
  } else {
    put<std::uint64_t>(bytes, 24, status.st_nlink);
  }
  put(bytes, size_offset, static_cast<std::uint64_t>(status.st_size));
  put(bytes, size_offset + 8, nanoseconds_of(status.st_atim));
  put(bytes, size_offset + 16, nanoseconds_of(status.st_mtim));
  put(bytes, size_offset + 24, nanoseconds_of(status.st_ctim));
  return memory.store_bytes(address, std::span(bytes).first(filestat_size(version)));
}

expected<std::array<timespec, 2>> make_times(std::uint64_t access, std::uint64_t modification, std::uint32_t flags)
{
  bool sets_access = (flags & time_flag::access) != 0;
  bool sets_access_now = (flags & time_flag::access_now) != 0;
  bool sets_modification = (flags & time_flag::modification) != 0;
  bool sets_modification_now = (flags & time_flag::modification_now) != 0;
  if ((flags & ~time_flag::all) != 0 || (sets_access && sets_access_now) ||
      (sets_modification && sets_modification_now)) {
    return refuse(errno_code::inval);
  }
  return std::array{time_to_set(access, sets_access, sets_access_now),
                    time_to_set(modification, sets_modification, sets_modification_now)};
}

} // namespace interlink::wasi
