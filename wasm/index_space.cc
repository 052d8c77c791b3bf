// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/index_space.hh"

namespace interlink {

std::size_t count_of(const module_layout& layout, extern_kind kind) noexcept
{
  switch (kind) {
  case extern_kind::function:
    return layout.functions.size();
  case extern_kind::table:
    return layout.tables.size();
  case extern_kind::memory:
    return layout.memories.size();
  case extern_kind::global:
    return layout.globals.size();
  case extern_kind::tag:
    break;
  }
  return layout.tags.size();
}

} // namespace interlink
