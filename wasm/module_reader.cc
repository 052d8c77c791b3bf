// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/module_reader.hh"

#include "messages/limits.hh"

#include <algorithm>
#include <bit>
#include <string>
#include <utility>

#include "wasm/code_facts.hh"
#include "wasm/dylink_section.hh"
#include "wasm/export_index.hh"
#include "wasm/layout_reader.hh"
#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

constexpr std::string_view dylink_name = "dylink.0";
constexpr std::string_view old_dylink_name = "dylink";
constexpr std::string_view name_section = "name";

// What wasm-ld exports for the loader. Source: tool-conventions, DynamicLinking.md, and wasm-ld 22.
constexpr std::string_view tls_size_export = "__tls_size";
constexpr std::string_view tls_alignment_export = "__tls_align";

error misplaced(std::string message, std::uint64_t at)
{
  error_detail detail;
  detail.message = std::move(message);
  detail.offset = at;
  return {errc::malformed_module, std::move(detail)};
}

binary_reader reader_of(const module_layout& layout, const section_place& place)
{
  return binary_reader(layout.bytes.subspan(place.content, place.end - place.content), place.content);
}

/// The dylink.0 section if there is one. It must be the first section: tools that insert or strip others rely on it.
result<std::optional<dylink_section>> find_dylink(const module_layout& layout)
{
  std::optional<dylink_section> found;
  for (const section_place& place : layout.sections) {
    if (place.id != section_id::custom) {
      continue;
    }
    if (place.name == old_dylink_name) {
      error_detail detail;
      detail.message = "the module has the old `dylink` section, which was replaced by `dylink.0` in 2021";
      detail.offset = place.begin;
      detail.remedy = "rebuild it with a linker that writes dylink.0 (LLVM 14 or newer)";
      return fail(error(errc::unsupported_module, std::move(detail)));
    }
    if (place.name != dylink_name) {
      continue;
    }
    if (found) {
      return fail(misplaced("there is more than one dylink.0 section", place.begin));
    }
    if (&place != &layout.sections.front()) {
      return fail(misplaced("dylink.0 is not the first section", place.begin));
    }
    binary_reader in = reader_of(layout, place);
    found = read_dylink_section(in);
    if (!in.ok()) {
      return fail(in.failure().with_context("dylink.0"));
    }
  }
  return found;
}

/// Module name of the `name` section; empty when that is absent or damaged.
std::string read_module_name(const module_layout& layout)
{
  for (const section_place& place : layout.sections) {
    if (place.id != section_id::custom || place.name != name_section) {
      continue;
    }
    binary_reader in = reader_of(layout, place);
    while (in.ok() && !in.at_end()) {
      const std::uint8_t id = in.u8();
      const std::uint32_t size = in.u32();
      if (id == 0) {
        return std::string(in.name(limit::name_bytes, "module name"));
      }
      in.skip(size);
    }
  }
  return {};
}

/// Empty when that is absent or damaged, longer than a library's name may be, or holds a slash or a zero byte: nobody
/// could ask for it.
std::string read_soname(const module_layout& layout)
{
  for (const section_place& place : layout.sections) {
    if (place.id == section_id::custom && place.name == reserved::soname_section) {
      binary_reader in = reader_of(layout, place);
      const std::string name(in.name(limit::library_name_bytes, "soname"));
      const bool is_bare = name.find_first_of(std::string_view("/\0", 2)) == std::string::npos;
      return in.ok() && is_bare ? name : std::string();
    }
  }
  return {};
}

void add_imports(const module_layout& layout, const dylink_section* dylink, module_info& into)
{
  into.imports.reserve(layout.imports.size());
  for (const import_entry& entry : layout.imports) {
    import_info import;
    import.module_name = entry.module_name;
    import.name = entry.name;
    import.type = layout.type_of(entry.kind, entry.index);
    import.flags = dylink != nullptr ? dylink->flags_of_import(entry.module_name, entry.name) : 0;
    into.imports.push_back(std::move(import));
  }
}

void add_exports(const module_layout& layout, const dylink_section* dylink, module_info& into)
{
  into.exports.reserve(layout.exports.size());
  for (const export_entry& entry : layout.exports) {
    export_info exported;
    exported.name = entry.name;
    exported.type = layout.type_of(entry.kind, entry.index);
    exported.index = entry.index;
    if (dylink != nullptr) {
      const auto flags = dylink->export_flags.find(entry.name);
      exported.flags = flags == dylink->export_flags.end() ? 0 : flags->second;
    }
    if (entry.kind == extern_kind::global) {
      const std::optional<linear_value>& value = layout.globals[entry.index].value;
      if (value && !value->base_global) {
        exported.value = value->constant;
      }
    }
    into.exports.push_back(std::move(exported));
  }
  index_exports(into);
}

std::optional<std::uint32_t> find_table_base(const module_layout& layout)
{
  for (const import_entry& import : layout.imports) {
    if (import.kind == extern_kind::global && import.module_name == reserved::environment_module &&
        import.name == reserved::environment_table_base) {
      return import.index;
    }
  }
  return std::nullopt;
}

/// Functions that active segments put into the function table at a place that the bytes tell. For a static program
/// that is its table 0, whoever defines it.
result<void> add_element_functions(const module_layout& layout, module_info& into)
{
  const std::uint32_t function_table = layout.function_table().value_or(0);
  const std::optional<std::uint32_t> table_base = find_table_base(layout);
  for (const segment_function& item : layout.element_functions) {
    const element_segment& segment = layout.elements[item.segment];
    if (segment.table != function_table || !segment.offset_value) {
      continue;
    }
    const std::optional<std::uint32_t>& base = segment.offset_value->base_global;
    if (base && base != table_base) {
      continue;
    }
    const std::uint64_t offset = segment.offset_value->constant + item.position;
    if (segment.offset_value->constant > limit::table_elements || offset >= limit::table_elements) {
      return fail(errc::limit_exceeded, "an element segment reaches slot " + std::to_string(offset) +
                                            ", the limit is " + std::to_string(limit::table_elements));
    }
    const auto place = static_cast<std::uint32_t>(into.element_functions.size());
    into.element_functions.push_back({item.function_index, static_cast<std::uint32_t>(offset), base.has_value()});
    into.element_of_function.try_emplace(item.function_index, place);
  }
  return {};
}

result<initialiser_kind> classify_export(const module_layout& layout, const module_info& info, std::string_view name)
{
  const export_info* exported = info.find_export(name);
  if (exported == nullptr || kind_of(exported->type) != extern_kind::function) {
    return initialiser_kind::none;
  }
  return classify_initialiser(layout, exported->index);
}

result<void> add_code_facts(const module_layout& layout, module_info& into)
{
  const result<code_flags> flags = scan_code(layout);
  if (!flags) {
    return fail(flags.error());
  }
  into.uses_legacy_exceptions = flags->uses_legacy_exceptions;
  into.has_wait_or_notify = flags->has_wait_or_notify;
  into.grows_memory = flags->grows_memory;
  if (layout.start_function) {
    const result<initialiser_kind> start = classify_initialiser(layout, *layout.start_function);
    if (!start) {
      return fail(start.error());
    }
    into.start = *start;
  }
  const result<initialiser_kind> init_tls = classify_export(layout, into, reserved::init_tls);
  const result<initialiser_kind> relocations = classify_export(layout, into, reserved::apply_data_relocations);
  if (!init_tls || !relocations) {
    return fail(init_tls ? relocations.error() : init_tls.error());
  }
  into.init_tls = *init_tls;
  into.data_relocations = *relocations;
  return {};
}

std::uint64_t exported_value(const module_info& info, std::string_view name, std::uint64_t otherwise)
{
  const export_info* exported = info.find_export(name);
  return exported != nullptr && exported->value ? *exported->value : otherwise;
}

void add_counts(const module_layout& layout, module_info& into)
{
  into.imported_function_count = layout.imported_functions;
  into.defined_function_count = static_cast<std::uint32_t>(layout.bodies.size());
  into.defined_memories.assign(layout.memories.begin() + layout.imported_memories, layout.memories.end());
  into.defined_tables.assign(layout.tables.begin() + layout.imported_tables, layout.tables.end());
  into.start_function = layout.start_function;
  into.active_data_segment_count = layout.active_data_segments;
  into.passive_data_segment_count = layout.passive_data_segments;
}

/// A TLS block's alignment is a power of two, no larger than that of the module's memory may be. wasm-ld 22 writes 0
/// for a module without TLS.
result<void> add_tls(module_info& into)
{
  into.tls_size = exported_value(into, tls_size_export, 0);
  into.tls_alignment = std::max<std::uint64_t>(exported_value(into, tls_alignment_export, 1), 1);
  const std::uint64_t alignment = into.tls_alignment;
  if (!std::has_single_bit(alignment) || alignment > std::uint64_t{1} << limit::memory_alignment_log2) {
    return fail(errc::malformed_module, "the value of " + std::string(tls_alignment_export) + " is " +
                                            std::to_string(alignment) + ", not a power of two up to 2^" +
                                            std::to_string(limit::memory_alignment_log2));
  }
  return {};
}

} // namespace

result<module_info> read_module(std::span<const std::byte> bytes)
{
  const result<module_layout> layout = read_layout(bytes);
  if (!layout) {
    return fail(layout.error());
  }
  result<std::optional<dylink_section>> dylink = find_dylink(*layout);
  if (!dylink) {
    return fail(dylink.error());
  }
  module_info info;
  const dylink_section* flags = dylink->has_value() ? &**dylink : nullptr;
  add_imports(*layout, flags, info);
  add_exports(*layout, flags, info);
  add_counts(*layout, info);
  if (result<void> added = add_tls(info); !added) {
    return fail(added.error());
  }
  if (result<void> added = add_element_functions(*layout, info); !added) {
    return fail(added.error());
  }
  if (result<void> added = add_code_facts(*layout, info); !added) {
    return fail(added.error());
  }
  info.name = read_module_name(*layout);
  info.soname = read_soname(*layout);
  if (dylink->has_value()) {
    info.dylink = std::move((*dylink)->info);
  }
  return info;
}

} // namespace interlink
