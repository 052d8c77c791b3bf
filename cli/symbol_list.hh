// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A module's symbols as `nm` sees them: what it defines for others, and what it wants from them.
#pragma once

#include "messages/module_info.hh"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace interlink::cli {

/// One line. Letters as nm has them: T function, D data, B data that are zero at first, W weak function, V weak datum,
/// A absolute number, U undefined, w undefined and weak.
struct listed_symbol {
  std::string name;
  char letter{};
  std::optional<std::uint64_t>
      value; ///< of data: offset from the memory base, or from the TLS block; of a function: its index
  bool is_tls{};
  bool is_tag{}; ///< an exception tag: it has no value

  bool is_undefined() const { return letter == 'U' || letter == 'w'; }
};

/// Sorted by name; each name once, however often it is imported. What every module imports from the linker (memory,
/// table, bases, stack pointer) is left out; so are exported memories and tables. An imported symbol of another module
/// than `env` and the GOT is named `module.name`. `data_end`: see cli/data_extent.hh; nothing: no B is told from D.
std::vector<listed_symbol> list_symbols(const module_info& info, std::optional<std::uint64_t> data_end);

/// `value letter name`, without newline.
std::string to_text(const listed_symbol& symbol);

} // namespace interlink::cli
