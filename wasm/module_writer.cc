// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Puts an instrumented module together: every section as it was, but for those that get something appended, those that
// name a table that moved, the start section, and custom sections that would lie about the code.
#include <algorithm>
#include <array>
#include <ranges>
#include <span>
#include <string_view>

#include "wasm/instrumentation.hh"
#include "wasm/layout_reader.hh"
#include "wasm/opcodes.hh"
#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

constexpr std::string_view name_section = "name";
constexpr std::uint8_t module_subsection = 0;
constexpr std::uint8_t function_subsection = 1;

/// The functions' names of a module, as its `name` section has them; empty when it is absent or damaged.
std::span<const std::byte> function_names(const module_layout& layout)
{
  for (const section_place& place : layout.sections) {
    if (place.id != section_id::custom || place.name != name_section) {
      continue;
    }
    binary_reader in(layout.bytes.subspan(place.content, place.end - place.content));
    while (in.ok() && !in.at_end()) {
      const std::uint8_t id = in.u8();
      const std::span<const std::byte> content = in.bytes(in.u32());
      if (in.ok() && id == function_subsection) {
        return content;
      }
    }
  }
  return {};
}

/// Custom sections whose contents are offsets into the code, or symbols and relocations of it.
bool carries_code_offsets(std::string_view name)
{
  return name.starts_with(".debug_") || name.starts_with("reloc.") || name.starts_with("metadata.code.") ||
         name == "linking" || name == "sourceMappingURL" || name == "external_debug_info";
}

class module_writer {
public:
  module_writer(const module_layout& layout, const instrumentation& plan, const rewritten_code& code,
                std::string_view module_name, instrumented_module& into)
      : layout_(layout), plan_(plan), code_(code), module_name_(module_name), into_(into)
  {
  }

  void run()
  {
    constexpr std::size_t appended_bytes = 1024;
    out_.reserve(layout_.bytes.size() + code_.payload.size() + appended_bytes);
    out_.header();
    for (const section_place& place : layout_.sections) {
      if (place.id != section_id::custom) {
        write_missing_before(section_rank(place.id));
      }
      write(place);
    }
    write_missing_before(section_rank(section_id::data) + 1U);
    if (!module_name_.empty()) {
      write_names();
    }
    into_.bytes = out_.take();
  }

private:
  /// Sections that get something appended, in the format's order.
  static constexpr std::array<std::uint8_t, 4> grown{section_id::type, section_id::import, section_id::global,
                                                     section_id::exports};

  bool grows(std::uint8_t id) const
  {
    switch (id) {
    case section_id::type:
      return into_.imports_runtime_table;
    case section_id::import:
      return into_.imports_control_memory || into_.imports_runtime_table;
    case section_id::global:
      return into_.exports_applied;
    case section_id::exports:
      return into_.exports_applied || into_.exports_start || (plan_.shifts_tables && !layout_.exports.empty());
    default:
      return false;
    }
  }

  void write_missing_before(unsigned rank)
  {
    for (; next_grown_ < grown.size() && section_rank(grown[next_grown_]) <= rank; ++next_grown_) {
      const std::uint8_t id = grown[next_grown_];
      if (grows(id) && layout_.find_section(id) == nullptr) {
        write_grown(id, {});
      }
    }
  }

  void write(const section_place& place)
  {
    switch (place.id) {
    case section_id::custom:
      if (carries_code_offsets(place.name)) {
        ++into_.facts.dropped_sections;
      } else if (module_name_.empty() || place.name != name_section) {
        copy(place);
      }
      break;
    case section_id::start:
      if (!into_.exports_start) {
        copy(place);
      }
      break;
    case section_id::memory:
      if (plan_.maximum_memory_bytes) {
        write_memories();
      } else {
        copy(place);
      }
      break;
    case section_id::element:
      if (plan_.shifts_tables) {
        write_elements();
      } else {
        copy(place);
      }
      break;
    case section_id::code:
      out_.section(section_id::code, code_.payload.written());
      into_.places = code_map(place.content, out_.size() - code_.payload.size(), code_.edits);
      break;
    default:
      if (grows(place.id)) {
        write_grown(place.id, layout_.bytes.subspan(place.content, place.end - place.content));
      } else {
        copy(place);
      }
    }
  }

  void copy(const section_place& place) { out_.bytes(layout_.bytes.subspan(place.begin, place.end - place.begin)); }

  /// `content` is a count and the entries; more follow them.
  void write_grown(std::uint8_t id, std::span<const std::byte> content)
  {
    binary_reader in(content);
    const std::uint32_t count = content.empty() ? 0 : in.u32();
    const std::span<const std::byte> entries = content.subspan(static_cast<std::size_t>(in.offset()));
    wasm_writer more;
    const std::uint32_t added = append_to(id, more);
    wasm_writer payload;
    payload.reserve(content.size() + more.size() + wasm_writer::longest_u32_bytes);
    payload.u32(count + added);
    if (id == section_id::exports && plan_.shifts_tables) {
      write_exports(payload);
    } else {
      payload.bytes(entries);
    }
    payload.bytes(more.written());
    out_.section(id, payload.written());
  }

  /// What the engine reads of the names: the module's, by which we know it again, and those of its functions.
  void write_names()
  {
    wasm_writer name;
    name.name(module_name_);
    wasm_writer names;
    names.name(name_section);
    names.section(module_subsection, name.written());
    if (const auto functions = function_names(layout_); !functions.empty()) {
      names.section(function_subsection, functions);
    }
    out_.section(section_id::custom, names.written());
  }

  std::uint32_t append_to(std::uint8_t id, wasm_writer& more) const
  {
    switch (id) {
    case section_id::type:
      for (const function_type& type : runtime_types()) {
        more.type(type);
      }
      return static_cast<std::uint32_t>(runtime_types().size());
    case section_id::import:
      return append_imports(more);
    case section_id::global:
      return append_globals(more);
    default:
      return append_exports(more);
    }
  }

  std::uint32_t append_imports(wasm_writer& more) const
  {
    std::uint32_t added = 0;
    if (into_.imports_control_memory) {
      more.name(reserved::module_name);
      more.name(reserved::control_memory);
      more.u8(static_cast<std::uint8_t>(extern_kind::memory));
      more.u8(3); // shared, with a maximum
      more.u32(1);
      more.u32(reserved::control_memory_pages);
      ++added;
    }
    if (into_.imports_runtime_table) {
      more.name(reserved::module_name);
      more.name(reserved::runtime_table);
      more.u8(static_cast<std::uint8_t>(extern_kind::table));
      more.type(wasm::funcref);
      more.u8(0); // no maximum
      more.u32(reserved::runtime_table_size);
      ++added;
    }
    return added;
  }

  /// Mutable i32 globals of value 0; the plan's indices are in this order.
  std::uint32_t append_globals(wasm_writer& more) const
  {
    const std::uint32_t added = into_.exports_stack_low ? 2 : 1;
    for (std::uint32_t i = 0; i < added; ++i) {
      more.type(wasm::i32);
      more.u8(1); // mutable
      more.u8(opcode::i32_const);
      more.s64(0);
      more.u8(opcode::end);
    }
    return added;
  }

  std::uint32_t append_exports(wasm_writer& more) const
  {
    std::uint32_t added = 0;
    if (into_.exports_applied) {
      more.name(reserved::applied_global);
      more.u8(static_cast<std::uint8_t>(extern_kind::global));
      more.u32(plan_.applied_global);
      ++added;
    }
    if (into_.exports_stack_low) {
      more.name(reserved::stack_low_global);
      more.u8(static_cast<std::uint8_t>(extern_kind::global));
      more.u32(plan_.stack_low_global);
      ++added;
    }
    if (into_.exports_start && layout_.start_function) {
      more.name(reserved::start_function);
      more.u8(static_cast<std::uint8_t>(extern_kind::function));
      more.u32(*layout_.start_function);
      ++added;
    }
    return added;
  }

  std::uint32_t shifted(std::uint32_t table) const { return table >= layout_.imported_tables ? table + 1 : table; }

  void write_exports(wasm_writer& out) const
  {
    for (const export_entry& entry : layout_.exports) {
      out.name(entry.name);
      out.u8(static_cast<std::uint8_t>(entry.kind));
      out.u32(entry.kind == extern_kind::table ? shifted(entry.index) : entry.index);
    }
  }

  /// A maximum below the minimum would not be valid; such a program is refused before.
  void write_memories()
  {
    constexpr std::uint32_t has_maximum = 1;
    constexpr std::uint32_t is_shared = 2;
    constexpr std::uint32_t is_64 = 4;
    wasm_writer payload;
    payload.u32(static_cast<std::uint32_t>(layout_.memories.size()) - layout_.imported_memories);
    for (const memory_type& memory : layout_.memories | std::views::drop(layout_.imported_memories)) {
      const std::uint64_t most = std::max(memory.size.minimum, *plan_.maximum_memory_bytes >> memory.page_size_log2);
      payload.u32(has_maximum | (memory.is_shared ? is_shared : 0) | (memory.is_64 ? is_64 : 0));
      payload.u64(memory.size.minimum);
      payload.u64(std::min(memory.size.maximum.value_or(most), most));
    }
    out_.section(section_id::memory, payload.written());
  }

  /// The forms without a table index mean table 0, so an active segment gets the form with one. Its two variants want
  /// to be told the kind or type of their elements, which the short forms imply.
  void write_elements()
  {
    constexpr std::uint32_t explicit_table = 2;
    constexpr std::uint32_t has_expressions = 4;
    wasm_writer payload;
    payload.u32(static_cast<std::uint32_t>(layout_.elements.size()));
    for (const element_segment& segment : layout_.elements) {
      if (!segment.is_active()) {
        payload.bytes(layout_.bytes.subspan(segment.begin, segment.end - segment.begin));
        continue;
      }
      payload.u32(segment.flags | explicit_table);
      payload.u32(shifted(segment.table));
      payload.bytes(layout_.bytes.subspan(segment.offset, segment.contents - segment.offset));
      if ((segment.flags & explicit_table) == 0) {
        if ((segment.flags & has_expressions) != 0) {
          payload.type(wasm::funcref);
        } else {
          payload.u8(0);
        }
      }
      payload.bytes(layout_.bytes.subspan(segment.contents, segment.end - segment.contents));
    }
    out_.section(section_id::element, payload.written());
  }

  const module_layout& layout_;
  const instrumentation& plan_;
  const rewritten_code& code_;
  std::string_view module_name_;
  instrumented_module& into_;
  wasm_writer out_;
  std::size_t next_grown_{};
};

} // namespace

void write_module(const module_layout& layout, const instrumentation& plan, const rewritten_code& code,
                  std::string_view module_name, instrumented_module& into)
{
  module_writer(layout, plan, code, module_name, into).run();
}

} // namespace interlink
