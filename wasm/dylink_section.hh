// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The custom section `dylink.0`, as tool-conventions' DynamicLinking.md has it.
#pragma once

#include "messages/module_info.hh"

#include <cstdint>
#include <map>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "wasm/binary_reader.hh"

namespace interlink {

/// Names are views into the module's bytes.
struct dylink_section {
  dylink_info info;
  std::unordered_map<std::string_view, std::uint32_t> export_flags;
  std::map<std::pair<std::string_view, std::string_view>, std::uint32_t> import_flags; ///< by module and name

  /// Flags of an import. wasm-ld 22 files the flags of `GOT.mem` and `GOT.func` imports under `env`.
  std::uint32_t flags_of_import(std::string_view module_name, std::string_view name) const;
};

/// Reads the payload that `in` is narrowed to. Unknown subsections are skipped. A repeated memory or needed subsection
/// replaces the earlier one, repeated flags of a name too; runtime paths add up.
/// Errors stay in `in`: malformed_module, and limit_exceeded for alignments and counts. Context: any thread.
dylink_section read_dylink_section(binary_reader& in);

} // namespace interlink
