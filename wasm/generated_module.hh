// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "wasm/module_layout.hh"
#include "wasm/wasm_writer.hh"

namespace interlink {

/// The sections of a module whose functions are exported by their numbers: "0", "1", ... Context: a value.
struct generated_module {
  wasm_writer types;   ///< the payload
  wasm_writer imports; ///< the payload
  wasm_writer code;    ///< a body for each function

  explicit generated_module(std::uint32_t count)
  {
    functions_.u32(count);
    exports_.u32(count);
    code.u32(count);
  }

  /// The next function, whose body goes to `code` next.
  void begin_function(std::uint32_t type_index)
  {
    functions_.u32(type_index);
    exports_.name(std::to_string(begun_));
    exports_.u8(static_cast<std::uint8_t>(extern_kind::function));
    exports_.u32(begun_++);
  }

  /// The whole module, to which custom sections can be added.
  wasm_writer written() const
  {
    wasm_writer out;
    out.reserve(types.size() + imports.size() + functions_.size() + exports_.size() + code.size() + 64);
    out.header();
    out.section(section_id::type, types.written());
    out.section(section_id::import, imports.written());
    out.section(section_id::function, functions_.written());
    out.section(section_id::exports, exports_.written());
    out.section(section_id::code, code.written());
    return out;
  }

private:
  wasm_writer functions_;
  wasm_writer exports_;
  std::uint32_t begun_{};
};

} // namespace interlink
