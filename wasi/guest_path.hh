// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Guest paths as text: pure functions, no file is touched.
#pragma once

#include "wasi/outcome.hh"

#include <string>
#include <string_view>

namespace interlink::wasi {

/// Whether a path given to a call with a directory descriptor may be looked up at all.
/// Errors: noent when empty; nametoolong from 4096 bytes; inval with a NUL inside; ilseq when not UTF-8; notcapable
/// when absolute, for a path is always relative to its descriptor.
outcome check_relative_path(std::string_view path) noexcept;

/// A path cut before its last component.
struct split_path {
  std::string parent;      ///< "." when the path has one component
  std::string last;        ///< without slashes; may be "." or ".."
  bool has_trailing_slash; ///< the caller means a directory
};

/// Pre: `check_relative_path` accepts it.
split_path split_last(std::string_view path);

/// An absolute path without ".", ".." and double slashes; a relative one is taken from `base`, itself in this form.
/// ".." is taken textually and stops at the root. "/" is the root.
std::string normalise_guest_path(std::string_view path, std::string_view base);

/// The part of `path` below `prefix` when both are in normal form and `path` is at or below it: "" for the same, else
/// relative. Null data when it is elsewhere.
std::string_view below_prefix(std::string_view path, std::string_view prefix) noexcept;

} // namespace interlink::wasi
