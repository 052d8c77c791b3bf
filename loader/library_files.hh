// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds and reads library files: through the guest's own preopened directories, and the library directories that the
// embedder gave. Never escapes either.
#pragma once

#include "linker/module_search.hh"
#include "messages/error.hh"
#include "messages/ids.hh"
#include "wasi/system.hh"
#include "wasi/unique_fd.hh"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace interlink {

/// A file that was found. It stays open while the library is loaded: that pins its identity.
struct found_module {
  std::string path; ///< guest path, or host path below an embedder's library directory
  file_identity identity;
  std::shared_ptr<const wasi::unique_fd> file;
};

/// The absolute name by which the guest can open a host file: in the first of its directories that has the file beneath
/// it, links taken into account, and is not hidden by another one there. Nothing when the guest cannot see the file.
/// Context: any thread; asks the file system.
std::optional<std::string> guest_path_of(const std::vector<wasi::preopen>& directories, const std::string& host_path);

/// The last part of a path.
std::string file_name_of(std::string_view path);

/// Context: before start, then immutable; `find` and `read` from any thread.
class library_files {
public:
  /// Errors: invalid_argument naming the directory that cannot be opened.
  static result<library_files> make(std::shared_ptr<const wasi::system> system,
                                    const std::vector<std::string>& library_directories);

  /// The first candidate that exists, in the order of linker/module_search.hh.
  /// Errors: library_not_found with every path tried and why it failed.
  result<found_module> find(std::string_view name, const std::vector<std::string>& library_path,
                            const std::vector<std::string>& runtime_path, std::string_view requester_path) const;

  /// The guest's, from which relative names are looked up.
  std::string current_directory() const { return system_->current_directory(); }

  /// The whole file. Errors: file_unreadable; limit_exceeded.
  static result<std::vector<std::byte>> read(const found_module& file);

  /// A host file that is not the guest's: the program itself. See loader/program_file.hh.
  static result<found_module> open_host_file(const std::string& path);

private:
  struct directory {
    std::string path;
    std::shared_ptr<const wasi::unique_fd> fd;
  };

  result<wasi::unique_fd> open_candidate(const std::string& path) const;

  std::shared_ptr<const wasi::system> system_;
  std::vector<directory> directories_;
  std::vector<std::string> directory_paths_;
};

} // namespace interlink
