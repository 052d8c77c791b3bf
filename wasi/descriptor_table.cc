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

expected<guest_fd> descriptor_table::place(descriptor_ptr entry, guest_fd lowest)
{
  const std::size_t from = std::min(std::max<std::size_t>(first_free_, lowest), bound::descriptors);
  std::size_t fd = from;
  while (fd < entries_.size() && entries_[fd]) {
    ++fd;
  }
  if (fd >= std::min(bound::descriptors, limit_)) {
    return refuse(errno_code::mfile);
  }
  if (fd >= entries_.size()) {
    entries_.resize(fd + 1);
  }
  entries_[fd] = std::move(entry);
  if (from == first_free_) {
    first_free_ = fd + 1;
  }
  return static_cast<guest_fd>(fd);
}

expected<guest_fd> descriptor_table::insert(descriptor entry, guest_fd lowest)
{
  auto added = std::make_shared<const descriptor>(std::move(entry));
  std::lock_guard lock(mutex_);
  return place(std::move(added), lowest);
}

expected<std::pair<guest_fd, guest_fd>> descriptor_table::insert_pair(descriptor first, descriptor second)
{
  auto one = std::make_shared<const descriptor>(std::move(first));
  auto other = std::make_shared<const descriptor>(std::move(second));
  std::lock_guard lock(mutex_);
  const auto first_number = place(std::move(one), 0);
  if (!first_number) {
    return std::unexpected(first_number.error());
  }
  const auto second_number = place(std::move(other), 0);
  if (!second_number) {
    entries_[*first_number] = nullptr;
    first_free_ = std::min<std::size_t>(first_free_, *first_number);
    return std::unexpected(second_number.error());
  }
  return std::pair(*first_number, *second_number);
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

outcome descriptor_table::duplicate(guest_fd from, guest_fd to)
{
  descriptor_ptr replaced;
  std::lock_guard lock(mutex_);
  const auto entry = entry_at(from);
  if (!entry || to >= std::min(bound::descriptors, limit_)) {
    return errno_code::badf;
  }
  if (from == to) {
    return errno_code::success;
  }
  auto copy = std::make_shared<descriptor>(*entry);
  copy->closes_on_exec = false;
  if (to >= entries_.size()) {
    entries_.resize(std::size_t{to} + 1);
  }
  replaced = std::exchange(entries_[to], std::move(copy));
  return errno_code::success;
}

outcome descriptor_table::set_closes_on_exec(guest_fd fd, bool closes)
{
  descriptor_ptr replaced;
  std::lock_guard lock(mutex_);
  const auto entry = entry_at(fd);
  if (!entry) {
    return errno_code::badf;
  }
  auto changed = std::make_shared<descriptor>(*entry);
  changed->closes_on_exec = closes;
  replaced = std::exchange(entries_[fd], std::move(changed));
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

void descriptor_table::assign(std::vector<descriptor_ptr> entries)
{
  std::lock_guard lock(mutex_);
  entries_.swap(entries);
  first_free_ = 0;
}

std::vector<descriptor_ptr> descriptor_table::entries() const
{
  std::lock_guard lock(mutex_);
  return entries_;
}

} // namespace interlink::wasi
