// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/module_layout.hh"

#include "wasm/reserved_names.hh"

namespace interlink {

const section_place* module_layout::find_section(std::uint8_t id) const noexcept
{
  for (const section_place& place : sections) {
    if (place.id == id) {
      return &place;
    }
  }
  return nullptr;
}

extern_type module_layout::type_of(extern_kind kind, std::uint32_t index) const
{
  switch (kind) {
  case extern_kind::function:
    return signature_of(index);
  case extern_kind::table:
    return tables[index];
  case extern_kind::memory:
    return memories[index];
  case extern_kind::global:
    return globals[index].type;
  case extern_kind::tag:
    break;
  }
  return tag_type{types[tags[index]].signature};
}

std::optional<std::uint32_t> module_layout::function_table() const
{
  for (const import_entry& import : imports) {
    if (import.kind == extern_kind::table && import.module_name == reserved::environment_module &&
        import.name == reserved::environment_function_table) {
      return import.index;
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> module_layout::stack_pointer() const
{
  for (const import_entry& import : imports) {
    if (import.kind == extern_kind::global && import.module_name == reserved::environment_module &&
        import.name == reserved::environment_stack_pointer &&
        globals[import.index].type == global_type{wasm::i32, true}) {
      return import.index;
    }
  }
  return std::nullopt;
}

std::optional<std::uint32_t> module_layout::linked_memory() const
{
  for (const import_entry& import : imports) {
    if (import.kind == extern_kind::memory && import.module_name == reserved::environment_module &&
        import.name == reserved::environment_memory) {
      return import.index;
    }
  }
  return imported_memories > 0 ? std::optional<std::uint32_t>(0) : std::nullopt;
}

} // namespace interlink
