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
#include <vector>

namespace interlink::wasi {

/// What a descriptor number stands for. Context: immutable.
struct descriptor {
  open_file_ptr file;
  std::uint64_t base_rights{};
  std::uint64_t inheriting_rights{};
  std::optional<std::string> preopened_as; ///< the guest's name of a preopened directory
};

using descriptor_ptr = std::shared_ptr<const descriptor>;

/// The table. Context: any thread.
class descriptor_table {
public:
  /// Errors: badf.
  expected<descriptor_ptr> find(guest_fd fd) const;

  /// Errors: badf; notcapable when a bit of `needed` is missing.
  expected<descriptor_ptr> find(guest_fd fd, std::uint64_t needed) const;

  /// Gives the lowest free number. Errors: mfile.
  expected<guest_fd> insert(descriptor entry);

  /// Errors: badf.
  outcome close(guest_fd fd);

  /// Moves `from` to `to` in one step: no thread sees `to` closed in between, or both open. Errors: badf when one of
  /// them is not open.
  outcome renumber(guest_fd from, guest_fd to);

  /// Takes rights away. Errors: badf; notcapable when a right would be added.
  outcome shrink_rights(guest_fd fd, std::uint64_t base, std::uint64_t inheriting);

  std::size_t open_count() const;

private:
  descriptor_ptr entry_at(guest_fd fd) const; // null when not open; under the lock

  mutable std::mutex mutex_;
  std::vector<descriptor_ptr> entries_;
  std::size_t first_free_ = 0; // no entry below it is free
};

} // namespace interlink::wasi
