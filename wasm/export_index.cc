// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/export_index.hh"

namespace interlink {

void index_exports(module_info& info)
{
  const auto count = static_cast<std::uint32_t>(info.exports.size());
  info.export_index.clear();
  info.export_index.reserve(count);
  info.canonical_export.resize(count);
  std::unordered_map<std::uint32_t, std::uint32_t> first_of_function;
  for (std::uint32_t ordinal = 0; ordinal < count; ++ordinal) {
    const export_info& exported = info.exports[ordinal];
    info.export_index.try_emplace(exported.name, ordinal);
    info.canonical_export[ordinal] = ordinal;
    if (kind_of(exported.type) == extern_kind::function) {
      info.canonical_export[ordinal] = first_of_function.try_emplace(exported.index, ordinal).first->second;
    }
  }
}

} // namespace interlink
