// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which files a guest may see: the options `--dir` and `--lib-path`, which `run` and `ldd` share, so that what `ldd`
// finds is what `run` finds.
#pragma once

#include "messages/error.hh"
#include "wasi/system.hh"

#include <memory>
#include <string>
#include <vector>

#include "loader/library_files.hh"

namespace interlink::cli {

/// As the command line says it. Context: immutable once parsed.
struct guest_file_options {
  std::vector<std::string> directories;  ///< HOST or HOST::GUEST, each with `:ro` or `:rw` behind or without
  std::vector<std::string> library_path; ///< host directories
};

/// The directories in the order given. Without `::` the guest's name is the host's. `:ro` at the end makes one
/// read-only; `:rw`, the default, is for a directory whose name ends with `:ro`.
std::vector<wasi::preopen> preopened_directories(const guest_file_options& options);

/// A program or library on the host, and where its needed libraries are looked for.
struct inspected_file {
  found_module file; ///< with the path that a guest knows it by
  library_files libraries;
};

/// Opens `path` for a look at it. Without `--dir` the guest has the file's own directory, by its absolute host name, if
/// `gives_own_directory`; else no files.
/// Errors: library_not_found and file_unreadable for the file; invalid_argument for a directory that cannot be opened.
result<inspected_file> open_for_inspection(const std::string& path, const guest_file_options& options,
                                           bool gives_own_directory = true);

} // namespace interlink::cli
