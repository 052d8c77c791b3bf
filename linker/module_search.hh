// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Library name to candidate paths, in the order in which they are tried. Pure: existence is asked by the caller.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace interlink {

/// Who asks, and with which search paths. All paths are guest paths.
struct search_context {
  std::string_view current_directory;    ///< for names with a slash, and for relative entries
  std::vector<std::string> library_path; ///< given to the call (LD_LIBRARY_PATH), then `--lib-path`
  std::vector<std::string> runtime_path; ///< of the requester, unexpanded
  std::string_view requester_path;       ///< whose directory is `$ORIGIN`; empty: the current directory
};

/// Absolute names as they are; names with a slash from the current directory; bare names in library path, runtime path
/// with `$ORIGIN` / `${ORIGIN}` (also `$ORIGIN/x`) expanded, then /lib, /usr/lib, /usr/local/lib. Empty entries are
/// skipped. Each candidate that ends in `.so` is followed by the same with `.wasm`. Paths are normalised (no `.`, no
/// empty parts; `..` stays for the file system to refuse).
/// Source: the WASIX linker, with its faults mended.
std::vector<std::string> candidate_paths(std::string_view name, const search_context& context);

/// `$ORIGIN` and `${ORIGIN}` replaced, as in ELF's runtime paths; a longer word such as `$ORIGINAL` is left alone.
std::string expand_origin(std::string_view text, std::string_view origin);

/// The directory that `$ORIGIN` stands for.
std::string origin_of(const search_context& context);

/// Splits at ':'; empty parts are dropped.
std::vector<std::string> split_library_path(std::string_view text);

/// Joins and normalises.
std::string join_path(std::string_view directory, std::string_view name);
std::string_view parent_directory(std::string_view path);

} // namespace interlink
