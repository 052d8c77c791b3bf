// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a module: reading and instrumenting end with a value or an error, whatever the bytes are, valid or not.
//   - Sections lie one behind the other and fill the module; bodies lie in the code section.
//   - Every index of the facts is one that the module has.
//   - Reading twice gives the same. An error has a text, and its offset lies in the module.
//   - What was instrumented is read again: its imports and exports are the original's and those that were promised.
#include "wasm/module_reader.hh"

#include "tests/fuzz/fuzz_target.hh"
#include "tests/support/place_check.hh"

#include "wasm/index_space.hh"
#include "wasm/instrumenter.hh"
#include "wasm/layout_reader.hh"
#include "wasm/reserved_names.hh"

namespace interlink::fuzz {
namespace {

void check_error(const error& failure, std::span<const std::byte> bytes)
{
  require(!failure.message().empty(), "an error has a text");
  require(failure.detail().offset.value_or(0) <= bytes.size(), "an error's offset lies in the module");
  require(failure == errc::malformed_module || failure == errc::unsupported_module || failure == errc::limit_exceeded,
          "reading fails for one of three kinds of reason");
}

void check_layout(const module_layout& layout)
{
  std::size_t place = 8;
  for (const section_place& section : layout.sections) {
    require(section.begin == place && section.content <= section.end, "sections lie one behind the other");
    place = section.end;
  }
  require(place == layout.bytes.size(), "sections fill the module");
  const section_place* code = layout.find_section(section_id::code);
  for (const code_body& body : layout.bodies) {
    require(code != nullptr && body.begin >= code->content && body.size <= code->end - body.begin,
            "bodies lie in the code section");
  }
  require(layout.functions.size() == layout.imported_functions + layout.bodies.size(), "each function has its body");
  for (const std::uint32_t type : layout.functions) {
    require(type < layout.types.size(), "each function has a type");
  }
  for (const export_entry& entry : layout.exports) {
    require(entry.index < count_of(layout, entry.kind), "what is exported is there");
  }
}

void check_info(const module_info& info, const module_layout& layout)
{
  require(info.imports.size() == layout.imports.size() && info.exports.size() == layout.exports.size(),
          "the facts have every import and export");
  require(info.canonical_export.size() == info.exports.size(), "each export has its canonical one");
  for (std::size_t ordinal = 0; ordinal < info.exports.size(); ++ordinal) {
    const export_info& exported = info.exports[ordinal];
    require(info.find_export(exported.name) != nullptr, "an export is found by its name");
    require(info.canonical_export[ordinal] <= ordinal, "the canonical export is the first");
  }
  for (const element_function& element : info.element_functions) {
    require(element.function_index < layout.functions.size() && element.offset < limit::table_elements,
            "element segments fill slots with the module's functions");
  }
  if (info.dylink) {
    require(info.dylink->table_size <= limit::table_elements &&
                info.dylink->memory_alignment_log2 <= limit::memory_alignment_log2 &&
                info.dylink->table_alignment_log2 <= limit::table_alignment_log2,
            "dylink.0 keeps its limits");
  }
}

void check_instrumented(std::span<const std::byte> bytes, const module_info& info)
{
  const result<instrumented_module> made = instrument(bytes, info);
  if (!made) {
    check_error(made.error(), bytes);
    return;
  }
  const result<module_info> again = read_module(made->bytes);
  require(again || again.error() == errc::limit_exceeded, "what was instrumented can be read");
  if (!again) {
    return;
  }
  const std::size_t added =
      std::size_t{made->imports_control_memory ? 1U : 0U} + (made->imports_runtime_table ? 1U : 0U);
  require(again->imports.size() == info.imports.size() + added, "the promised imports are appended");
  for (std::size_t i = 0; i < info.imports.size(); ++i) {
    require(again->imports[i].module_name == info.imports[i].module_name &&
                again->imports[i].name == info.imports[i].name && again->imports[i].type == info.imports[i].type,
            "imports of the original stay");
  }
  for (const export_info& exported : info.exports) {
    const export_info* kept = again->find_export(exported.name);
    require(kept != nullptr && kept->type == exported.type, "exports of the original stay");
  }
  require((again->find_export(reserved::applied_global) != nullptr) == made->exports_applied &&
              (again->find_export(reserved::stack_low_global) != nullptr) == made->exports_stack_low &&
              (again->find_export(reserved::start_function) != nullptr) == made->exports_start,
          "the promised exports are there");
  require(made->facts.bytes_in == bytes.size() && made->facts.bytes_out == made->bytes.size(), "sizes are told");
  const std::string differs = support::difference_of_places(bytes, *made);
  require(differs.empty(), "every instruction has its place in the original: " + differs);
  require(!made->exports_applied || !instrument(made->bytes, *again), "nothing is instrumented twice");
}

} // namespace
} // namespace interlink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  using namespace interlink;
  const std::span<const std::byte> bytes = fuzz::as_bytes(data, size);
  const result<module_info> info = read_module(bytes);
  const result<module_info> again = read_module(bytes);
  fuzz::require(info.has_value() == again.has_value() && (info || info.error().message() == again.error().message()),
                "reading twice gives the same");
  if (!info) {
    fuzz::check_error(info.error(), bytes);
    return 0;
  }
  const result<module_layout> layout = read_layout(bytes);
  fuzz::require(layout.has_value(), "what can be read has a layout");
  fuzz::check_layout(*layout);
  fuzz::check_info(*info, *layout);
  fuzz::check_instrumented(bytes, *info);
  return 0;
}
