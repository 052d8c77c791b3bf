// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types: functions in full; structures and arrays only as far as their bytes must be well formed.
#include <string>
#include <utility>

#include "wasm/section_readers.hh"

namespace interlink {

namespace {

// Bytes of the binary format.
constexpr std::uint8_t recursion_group = 0x4e;
constexpr std::uint8_t open_subtype = 0x50;
constexpr std::uint8_t final_subtype = 0x4f;
constexpr std::uint8_t function_form = 0x60;
constexpr std::uint8_t structure_form = 0x5f;
constexpr std::uint8_t array_form = 0x5e;
constexpr std::uint8_t continuation_form = 0x5d;
constexpr std::uint8_t packed_i8 = 0x78;
constexpr std::uint8_t packed_i16 = 0x77;

// Source: the implementation limits that engines share; the specification itself allows one supertype.
constexpr std::size_t supertypes_max = 5;
constexpr std::size_t structure_fields_max = 10'000;

std::string hex(std::uint8_t byte)
{
  constexpr std::string_view digits = "0123456789abcdef";
  return std::string("0x") + digits[byte >> 4] + digits[byte & 15];
}

bool is_abstract_heap(std::int64_t heap)
{
  return (heap >= -23 && heap <= -15) || (heap >= -14 && heap <= -12);
}

std::vector<value_type> read_value_types(binary_reader& in, std::size_t limit, std::string_view what,
                                         std::size_t type_count)
{
  const std::uint32_t count = in.count(limit, 1, what);
  std::vector<value_type> types;
  types.reserve(count);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    types.push_back(read_value_type(in, type_count));
  }
  return types;
}

void read_mutability(binary_reader& in)
{
  if (in.u8() > 1) {
    in.fail("mutability is neither 0 nor 1");
  }
}

void read_field(binary_reader& in, std::size_t type_count)
{
  if (in.peek() == packed_i8 || in.peek() == packed_i16) {
    in.u8();
  } else {
    read_value_type(in, type_count);
  }
  read_mutability(in);
}

type_entry read_composite(binary_reader& in, std::size_t type_count)
{
  type_entry entry;
  const std::uint64_t start = in.offset();
  const std::uint8_t form = in.u8();
  switch (form) {
  case function_form:
    entry.signature.parameters = read_value_types(in, limit::function_parameters, "parameters", type_count);
    entry.signature.results = read_value_types(in, limit::function_results, "results", type_count);
    break;
  case structure_form: {
    entry.form = type_form::structure;
    const std::uint32_t fields = in.count(structure_fields_max, 2, "structure fields");
    for (std::uint32_t i = 0; i < fields && in.ok(); ++i) {
      read_field(in, type_count);
    }
    break;
  }
  case array_form:
    entry.form = type_form::array;
    read_field(in, type_count);
    break;
  case continuation_form:
    in.fail(errc::unsupported_module, "continuation types (stack switching) are not supported", start);
    break;
  default:
    in.fail(errc::malformed_module, "unknown form of type " + hex(form), start);
  }
  return entry;
}

/// `type_count` is the number of types up to the end of the recursion group: those may be named.
void read_subtype(binary_reader& in, module_layout& into, std::size_t type_count)
{
  if (in.peek() == open_subtype || in.peek() == final_subtype) {
    in.u8();
    const std::uint32_t supertypes = in.count(supertypes_max, 1, "supertypes");
    for (std::uint32_t i = 0; i < supertypes && in.ok(); ++i) {
      if (in.u32() >= into.types.size() && in.ok()) {
        in.fail("supertype is not declared before its subtype");
      }
    }
  }
  into.types.push_back(read_composite(in, type_count));
}

} // namespace

value_type read_value_type(binary_reader& in, std::size_t type_count)
{
  const std::uint64_t start = in.offset();
  const std::uint8_t code = in.u8();
  if (code >= 0x7b && code <= 0x7f) {
    return {code, 0};
  }
  if (code == 0x63 || code == 0x64) {
    const std::int64_t heap = in.s33();
    if (in.ok() && heap < 0 && !is_abstract_heap(heap)) {
      in.fail(errc::malformed_module, "unknown heap type " + std::to_string(heap), start);
    }
    if (in.ok() && heap >= 0 && static_cast<std::uint64_t>(heap) >= type_count) {
      in.fail(errc::malformed_module, "type index " + std::to_string(heap) + " is out of range", start);
    }
    return {code, heap};
  }
  const std::int64_t short_form = static_cast<std::int64_t>(code) - 0x80;
  if (code < 0x80 && is_abstract_heap(short_form)) {
    return {0x63, short_form};
  }
  in.fail(errc::malformed_module, "unknown value type " + hex(code), start);
  return {};
}

void read_type_section(binary_reader& in, module_layout& into)
{
  const std::uint32_t entries = in.count(limit::types, 1, "types");
  for (std::uint32_t i = 0; i < entries && in.ok(); ++i) {
    std::uint32_t members = 1;
    if (in.peek() == recursion_group) {
      in.u8();
      members = in.count(limit::types, 2, "types of a recursion group");
    }
    const std::size_t end = into.types.size() + members;
    if (end > limit::types) {
      in.fail(errc::limit_exceeded, "more than " + std::to_string(limit::types) + " types", in.offset());
    }
    for (std::uint32_t k = 0; k < members && in.ok(); ++k) {
      read_subtype(in, into, end);
    }
  }
}

} // namespace interlink
