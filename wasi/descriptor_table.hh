// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The descriptors of a guest process: one table for all its threads.
//
// The mutex of the table is a leaf lock: it is held for look-ups and changes of the array only, never across a system
// call, an allocation of a file, or a close. A call takes a reference and works without the lock, so a close in
// another thread neither takes the host descriptor away under it nor waits for it.
#pragma once

#include "wasi/abi.hh"
#include "wasi/open_file.hh"
#include "wasi/outcome.hh"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace interlink::wasi {

/// What a descriptor number stands for. Context: immutable.
struct descriptor {
  open_file_ptr file;
  std::uint64_t base_rights{};
  std::uint64_t inheriting_rights{};
  std::optional<std::string> preopened_as; ///< the guest's name of a preopened directory
  bool closes_on_exec = false;             ///< a program that this one starts does not get it
};

using descriptor_ptr = std::shared_ptr<const descriptor>;

/// The table. Context: any thread.
class descriptor_table {
public:
  /// Errors: badf.
  expected<descriptor_ptr> find(guest_fd fd) const;

  /// Errors: badf; notcapable when a bit of `needed` is missing.
  expected<descriptor_ptr> find(guest_fd fd, std::uint64_t needed) const;

  /// Gives the lowest free number, at or above `lowest`. Errors: mfile.
  expected<guest_fd> insert(descriptor entry, guest_fd lowest = 0);

  /// Both or none. Errors: mfile.
  expected<std::pair<guest_fd, guest_fd>> insert_pair(descriptor first, descriptor second);

  /// Errors: badf.
  outcome close(guest_fd fd);

  /// Moves `from` to `to` in one step: no thread sees `to` closed in between, or both open. Errors: badf when one of
  /// them is not open.
  outcome renumber(guest_fd from, guest_fd to);

  /// Makes `to` a second number for the file of `from`, whether it was open or not. It stays open in a program that
  /// this one starts; the same number twice is left as it is. Errors: badf.
  outcome duplicate(guest_fd from, guest_fd to);

  /// Errors: badf.
  outcome set_closes_on_exec(guest_fd fd, bool closes);

  /// Takes rights away. Errors: badf; notcapable when a right would be added.
  outcome shrink_rights(guest_fd fd, std::uint64_t base, std::uint64_t inheriting);

  std::size_t open_count() const;

  /// As it is at one moment, by number; null where none is open.
  std::vector<descriptor_ptr> entries() const;

  /// Numbers from here on are not given out; without effect above the system's own bound. Context: before the guest
  /// starts.
  void set_limit(std::size_t count) { limit_ = count; }

  std::size_t number_limit() const { return limit_; }

  /// Replaces them all. Context: before the guest starts.
  void assign(std::vector<descriptor_ptr> entries);

private:
  descriptor_ptr entry_at(guest_fd fd) const;                      // null when not open; under the lock
  expected<guest_fd> place(descriptor_ptr entry, guest_fd lowest); // under the lock

  mutable std::mutex mutex_;
  std::vector<descriptor_ptr> entries_;
  std::size_t limit_ = SIZE_MAX;
  std::size_t first_free_ = 0; // no entry below it is free
};

} // namespace interlink::wasi
