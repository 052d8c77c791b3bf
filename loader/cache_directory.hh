// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The directory of the module cache. Its files are native code, so what counts is who can write to them. The directory
// is opened once, by descriptor, and must belong to the user and be writable by nobody else. A file counts only if it
// is a regular one of the user's, with one name and mode 0400: no call of a guest gives a file that mode, nor writes to
// one that has it (but for root, whom no mode stops; loader/cache_reach.hh is for all). It is never changed in place:
// it is written under another name and renamed, and goes by unlink, so that whoever has it open keeps it.
#pragma once

#include "messages/error.hh"
#include "wasi/unique_fd.hh"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace interlink {

/// Context: any thread, and any number of processes on one directory.
class cache_directory {
public:
  /// Errors: file_unreadable for one that is not there; invalid_argument for one that others own or can write to.
  static result<cache_directory> open(const std::string& path);

  /// The file's bytes can be relied on to be what this user has written. Nothing when there is no such file, or it is
  /// not like that. Its time of last use stays.
  std::optional<wasi::unique_fd> find(const std::string& name) const;

  /// Gives the name to a new file of these parts, in place of what has it. False when that fails, as on a full or
  /// read-only disk; then nothing has changed.
  bool put(const std::string& name, std::initializer_list<std::span<const std::byte>> parts) const;

  bool remove(const std::string& name) const;

  struct entry {
    std::string name;
    std::uint64_t size_bytes{};
    std::chrono::system_clock::time_point used; ///< to the hour
  };

  /// The files that count, least recently used first. Temporary ones do not.
  std::vector<entry> list() const;

  /// Unlinks temporary files that nobody writes any more, then the least recently used files until all together have no
  /// more than so many bytes. Returns how many files have gone.
  std::size_t trim(std::uint64_t most_bytes) const;

private:
  explicit cache_directory(wasi::unique_fd directory) : directory_(std::move(directory)) {}

  template <class Visit>
  void visit(Visit visit_name) const;

  wasi::unique_fd directory_;
};

} // namespace interlink
