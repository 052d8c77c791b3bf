// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Elements, code framing and data.
#include <string>

#include "wasm/section_readers.hh"

namespace interlink {

namespace {

// Bits of an element segment's flags.
constexpr std::uint32_t not_active = 1;
constexpr std::uint32_t explicit_table = 2;
constexpr std::uint32_t has_expressions = 4;

void read_function_items(binary_reader& in, module_layout& into, bool keeps)
{
  const std::uint32_t count = in.count(limit::table_elements, 1, "elements");
  const auto segment = static_cast<std::uint32_t>(into.elements.size());
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t start = in.offset();
    const std::uint32_t function = in.u32();
    if (in.ok() && function >= into.functions.size()) {
      in.fail(errc::malformed_module, "function " + std::to_string(function) + " does not exist", start);
    }
    if (in.ok() && keeps) {
      into.element_functions.push_back({segment, i, function});
    }
  }
}

void read_expression_items(binary_reader& in, module_layout& into, constant_expression_reader& expressions, bool keeps)
{
  const std::uint32_t count = in.count(limit::table_elements, 2, "elements");
  const auto segment = static_cast<std::uint32_t>(into.elements.size());
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const constant_value value = expressions.read(in);
    if (in.ok() && keeps && value.function_index) {
      into.element_functions.push_back({segment, i, *value.function_index});
    }
  }
}

void read_offset(binary_reader& in, module_layout& into, constant_expression_reader& expressions,
                 element_segment& segment)
{
  const std::uint64_t start = in.offset();
  if ((segment.flags & explicit_table) != 0) {
    segment.table = in.u32();
  }
  if (in.ok() && segment.table >= into.tables.size()) {
    in.fail(errc::malformed_module,
            "element segment for table " + std::to_string(segment.table) + ", which does not exist", start);
  }
  segment.offset = in.offset();
  segment.offset_value = expressions.read(in).integer;
  segment.contents = in.offset();
}

void read_element_segment(binary_reader& in, module_layout& into, constant_expression_reader& expressions)
{
  element_segment segment;
  segment.begin = in.offset();
  segment.flags = in.u32();
  if (in.ok() && segment.flags > 7) {
    in.fail(errc::malformed_module, "unknown flags " + std::to_string(segment.flags) + " of an element segment",
            segment.begin);
  }
  segment.contents = in.offset();
  if (segment.is_active()) {
    read_offset(in, into, expressions, segment);
  }
  const bool has_kind = (segment.flags & (not_active | explicit_table)) != 0;
  if ((segment.flags & has_expressions) != 0) {
    if (has_kind) {
      read_value_type(in, into.types.size());
    }
    read_expression_items(in, into, expressions, segment.is_active());
  } else {
    if (has_kind && in.u8() != 0) {
      in.fail("unknown kind of elements");
    }
    read_function_items(in, into, segment.is_active());
  }
  segment.end = in.offset();
  into.elements.push_back(segment);
}

void read_data_segment(binary_reader& in, module_layout& into, constant_expression_reader& expressions)
{
  const std::uint64_t start = in.offset();
  const std::uint32_t flags = in.u32();
  if (in.ok() && flags > 2) {
    in.fail(errc::malformed_module, "unknown flags " + std::to_string(flags) + " of a data segment", start);
  }
  if (flags == 1) {
    ++into.passive_data_segments;
  } else {
    const std::uint32_t memory = flags == 2 ? in.u32() : 0;
    if (in.ok() && memory >= into.memories.size()) {
      in.fail(errc::malformed_module, "data segment for memory " + std::to_string(memory) + ", which does not exist",
              start);
    }
    expressions.read(in);
    ++into.active_data_segments;
    into.active_data_memories.push_back(memory);
  }
  in.skip(in.u32());
}

} // namespace

void read_element_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::element_segments, 2, "element segments");
  into.elements.reserve(count);
  constant_expression_reader expressions(into);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    read_element_segment(in, into, expressions);
  }
}

void read_data_count_section(binary_reader& in, module_layout& into)
{
  const std::uint64_t start = in.offset();
  const std::uint32_t count = in.u32();
  if (in.ok() && count > limit::data_segments) {
    in.fail(errc::limit_exceeded,
            std::to_string(count) + " data segments, the limit is " + std::to_string(limit::data_segments), start);
  }
  into.data_count = count;
}

void read_code_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::functions, 2, "function bodies");
  into.bodies.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t start = in.offset();
    const std::uint32_t size = in.u32();
    if (in.ok() && size > limit::function_body_bytes) {
      in.fail(errc::limit_exceeded,
              "function body of " + std::to_string(size) + " bytes, the limit is " +
                  std::to_string(limit::function_body_bytes),
              start);
    }
    into.bodies.push_back({static_cast<std::size_t>(in.offset()), size});
    in.skip(size);
  }
}

void read_data_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t count = in.count(limit::data_segments, 2, "data segments");
  constant_expression_reader expressions(into);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    read_data_segment(in, into, expressions);
  }
}

} // namespace interlink
