// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/descriptor_table.hh"

#include <algorithm>
#include <utility>

namespace interlink::wasi {

descriptor_ptr descriptor_table::entry_at(guest_fd fd) const
{
  return fd < entries_.size() ? entries_[fd] : nullptr;
}

expected<descriptor_ptr> descriptor_table::find(guest_fd fd) const
{
  std::lock_guard lock(mutex_);
  auto entry = entry_at(fd);
  if (!entry) {
    return refuse(errno_code::badf);
  }
  return entry;
}

expected<descriptor_ptr> descriptor_table::find(guest_fd fd, std::uint64_t needed) const
{
  auto entry = find(fd);
  if (entry && ((*entry)->base_rights & needed) != needed) {
    return refuse(errno_code::notcapable);
  }
  return entry;
}

expected<guest_fd> descriptor_table::insert(descriptor entry)
{
  auto added = std::make_shared<const descriptor>(std::move(entry));
  std::lock_guard lock(mutex_);
  auto place = std::find(entries_.begin() + static_cast<std::ptrdiff_t>(first_free_), entries_.end(), nullptr);
  auto fd = static_cast<std::size_t>(place - entries_.begin());
  if (fd >= bound::descriptors) {
    return refuse(errno_code::mfile);
  }
  if (place == entries_.end()) {
    entries_.push_back(std::move(added));
  } else {
    *place = std::move(added);
  }
  first_free_ = fd + 1;
  return static_cast<guest_fd>(fd);
}

// In the functions below the replaced entry is released after the lock: closing a host file may take long.

outcome descriptor_table::close(guest_fd fd)
{
  descriptor_ptr closed;
  std::lock_guard lock(mutex_);
  if (!entry_at(fd)) {
    return errno_code::badf;
  }
  closed.swap(entries_[fd]);
  first_free_ = std::min<std::size_t>(first_free_, fd);
  return errno_code::success;
}

outcome descriptor_table::renumber(guest_fd from, guest_fd to)
{
  descriptor_ptr replaced;
  std::lock_guard lock(mutex_);
  if (!entry_at(from) || !entry_at(to)) {
    return errno_code::badf;
  }
  if (from == to) {
    return errno_code::success;
  }
  replaced.swap(entries_[to]);
  entries_[to].swap(entries_[from]);
  first_free_ = std::min<std::size_t>(first_free_, from);
  return errno_code::success;
}

outcome descriptor_table::shrink_rights(guest_fd fd, std::uint64_t base, std::uint64_t inheriting)
{
  descriptor_ptr replaced;
  std::lock_guard lock(mutex_);
  auto entry = entry_at(fd);
  if (!entry) {
    return errno_code::badf;
  }
  if ((base & ~entry->base_rights) != 0 || (inheriting & ~entry->inheriting_rights) != 0) {
    return errno_code::notcapable;
  }
  auto shrunk = std::make_shared<descriptor>(*entry);
  shrunk->base_rights = base;
  shrunk->inheriting_rights = inheriting;
  replaced = std::exchange(entries_[fd], std::move(shrunk));
  return errno_code::success;
}

std::size_t descriptor_table::open_count() const
{
  std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [](auto& e) { return e != nullptr; }));
}

} // namespace interlink::wasi
