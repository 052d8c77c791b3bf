// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/instruction_walker.hh"

#include "messages/limits.hh"

#include <string>

namespace interlink {

namespace {

using form = immediate_form;

struct opcode_range {
  unsigned first;
  unsigned last;
  form immediates;
};

// One row for each run of opcodes of a kind; what no row names is unknown. Source: the specification's index of
// instructions.
constexpr std::array<opcode_range, 32> one_byte{{
    {0x00, 0x01, form::none}, // unreachable, nop
    {0x02, 0x04, form::block_type},
    {0x05, 0x05, form::none},       // else
    {0x06, 0x06, form::block_type}, // legacy try
    {0x07, 0x09, form::index},      // legacy catch, throw, legacy rethrow
    {0x0a, 0x0b, form::none},       // throw_ref, end
    {0x0c, 0x0d, form::index},      // br, br_if
    {0x0e, 0x0e, form::branch_table},
    {0x0f, 0x0f, form::none},        // return
    {0x10, 0x10, form::index},       // call
    {0x11, 0x11, form::two_indices}, // call_indirect: type, table
    {0x12, 0x12, form::index},       // return_call
    {0x13, 0x13, form::two_indices}, // return_call_indirect
    {0x14, 0x15, form::index},       // call_ref, return_call_ref
    {0x18, 0x18, form::index},       // legacy delegate
    {0x19, 0x1b, form::none},        // legacy catch_all, drop, select
    {0x1c, 0x1c, form::typed_select},
    {0x1f, 0x1f, form::try_table},
    {0x20, 0x26, form::index}, // locals, globals, table.get, table.set
    {0x28, 0x3e, form::memory_argument},
    {0x3f, 0x40, form::index}, // memory.size, memory.grow
    {0x41, 0x41, form::signed_32},
    {0x42, 0x42, form::signed_64},
    {0x43, 0x43, form::bytes_4},
    {0x44, 0x44, form::bytes_8},
    {0x45, 0xc4, form::none}, // comparisons, arithmetic, conversions, sign extension
    {0xd0, 0xd0, form::heap_type},
    {0xd1, 0xd1, form::none},  // ref.is_null
    {0xd2, 0xd2, form::index}, // ref.func
    {0xd3, 0xd4, form::none},  // ref.eq, ref.as_non_null
    {0xd5, 0xd6, form::index}, // br_on_null, br_on_non_null
    {0xfb, 0xfe, form::prefix},
}};

constexpr std::array<opcode_range, 12> gc{{
    {0, 1, form::index},         // struct.new, struct.new_default
    {2, 5, form::two_indices},   // struct.get and set: type, field
    {6, 7, form::index},         // array.new, array.new_default
    {8, 10, form::two_indices},  // array.new_fixed, new_data, new_elem
    {11, 14, form::index},       // array.get and set
    {15, 15, form::none},        // array.len
    {16, 16, form::index},       // array.fill
    {17, 19, form::two_indices}, // array.copy, init_data, init_elem
    {20, 23, form::heap_type},   // ref.test, ref.cast
    {24, 25, form::branch_on_cast},
    {26, 27, form::none}, // conversions between any and extern
    {28, 30, form::none}, // i31
}};

constexpr std::array<opcode_range, 10> bulk{{
    {0, 7, form::none},          // saturating conversions
    {8, 8, form::two_indices},   // memory.init: data, memory
    {9, 9, form::index},         // data.drop
    {10, 10, form::two_indices}, // memory.copy
    {11, 11, form::index},       // memory.fill
    {12, 12, form::two_indices}, // table.init: element, table
    {13, 13, form::index},       // elem.drop
    {14, 14, form::two_indices}, // table.copy: to, from
    {15, 17, form::index},       // table.grow, size, fill
    {19, 22, form::none},        // wide arithmetic
}};

constexpr std::array<opcode_range, 20> simd{{
    {0x00, 0x0b, form::memory_argument},
    {0x0c, 0x0d, form::bytes_16}, // v128.const, i8x16.shuffle
    {0x0e, 0x14, form::none},
    {0x15, 0x22, form::byte}, // lanes
    {0x23, 0x53, form::none},
    {0x54, 0x5b, form::memory_lane},
    {0x5c, 0x5d, form::memory_argument},
    {0x5e, 0x99, form::none},
    {0x9b, 0xa1, form::none},
    {0xa3, 0xa4, form::none},
    {0xa7, 0xae, form::none},
    {0xb1, 0xb1, form::none},
    {0xb5, 0xba, form::none},
    {0xbc, 0xc1, form::none},
    {0xc3, 0xc4, form::none},
    {0xc7, 0xce, form::none},
    {0xd1, 0xd1, form::none},
    {0xd5, 0xe1, form::none},
    {0xe3, 0xed, form::none},
    {0xef, 0x113, form::none}, // the relaxed ones are 0x100 and above
}};

constexpr std::array<opcode_range, 3> atomic{{
    {0x00, 0x02, form::memory_argument}, // notify, wait32, wait64
    {0x03, 0x03, form::byte},            // fence
    {0x10, 0x4e, form::memory_argument},
}};

template <std::size_t Size, std::size_t Rows>
constexpr std::array<form, Size> make_table(const std::array<opcode_range, Rows>& rows)
{
  std::array<form, Size> table{};
  table.fill(form::unknown);
  for (const opcode_range& row : rows) {
    for (unsigned code = row.first; code <= row.last; ++code) {
      table[code] = row.immediates;
    }
  }
  return table;
}

constexpr auto gc_forms = make_table<31>(gc);
constexpr auto bulk_forms = make_table<23>(bulk);
constexpr auto simd_forms = make_table<0x114>(simd);
constexpr auto atomic_forms = make_table<0x4f>(atomic);

template <std::size_t Size>
form look_up(const std::array<form, Size>& table, std::uint32_t number)
{
  return number < Size ? table[number] : form::unknown;
}

std::string hex(std::uint32_t value)
{
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  do {
    text.insert(text.begin(), digits[value & 15]);
    value >>= 4;
  } while (value != 0);
  return "0x" + text;
}

std::string opcode_text(std::uint32_t number)
{
  return number > 0xff ? hex(number >> 16) + " " + hex(number & 0xffff) : hex(number);
}

} // namespace

// NOLINTNEXTLINE(bugprone-throwing-static-initialization): constinit, so it is done by the compiler
constinit const std::array<immediate_form, 256> immediate_forms = make_table<256>(one_byte);

immediate_form prefixed_form(std::uint8_t prefix, std::uint32_t number) noexcept
{
  switch (prefix) {
  case 0xfb:
    return look_up(gc_forms, number);
  case 0xfc:
    return look_up(bulk_forms, number);
  case 0xfd:
    return look_up(simd_forms, number);
  case 0xfe:
    return look_up(atomic_forms, number);
  default:
    return form::unknown;
  }
}

std::string_view instruction_name(std::uint32_t number) noexcept
{
  switch (number) {
  case opcode::legacy_try:
    return "try";
  case opcode::legacy_catch:
    return "catch";
  case opcode::rethrow:
    return "rethrow";
  case opcode::delegate:
    return "delegate";
  case opcode::catch_all:
    return "catch_all";
  case opcode::table_set:
    return "table.set";
  case opcode::table_init:
    return "table.init";
  case opcode::table_copy:
    return "table.copy";
  case opcode::table_grow:
    return "table.grow";
  case opcode::table_fill:
    return "table.fill";
  case opcode::atomic_wait32:
    return "memory.atomic.wait32";
  case opcode::atomic_wait64:
    return "memory.atomic.wait64";
  default:
    return {};
  }
}

instruction_walker::instruction_walker(binary_reader& body) : in_(body)
{
  const std::uint64_t start = in_.offset();
  // A declaration is a count and a type.
  const std::uint32_t declarations = in_.count(limit::function_locals, 2, "local declarations");
  std::uint64_t locals = 0;
  for (std::uint32_t i = 0; i < declarations && in_.ok(); ++i) {
    locals += in_.u32();
    const std::uint8_t type = in_.u8();
    if (type == 0x63 || type == 0x64) {
      in_.s33();
    }
  }
  if (in_.ok() && locals > limit::function_locals) {
    in_.fail(errc::limit_exceeded,
             std::to_string(locals) + " locals, the limit is " + std::to_string(limit::function_locals), start);
  }
}

void instruction_walker::check_end()
{
  if (in_.ok() && last_ != opcode::end) {
    in_.fail("function body does not end with an `end` instruction");
  }
}

void instruction_walker::read_memory_argument(instruction& into)
{
  // Bit 6 of the alignment says that a memory index follows.
  constexpr std::uint32_t has_memory_index = 0x40;
  const std::uint32_t alignment = in_.u32();
  into.first = (alignment & has_memory_index) != 0 ? in_.u32() : 0;
  into.second = in_.u64();
}

void instruction_walker::skip_block_type()
{
  const std::uint8_t byte = in_.peek();
  if (byte == 0x63 || byte == 0x64) {
    in_.u8();
  }
  in_.s33();
}

void instruction_walker::skip_labels()
{
  const std::uint32_t count = in_.count(limit::function_body_bytes, 1, "labels");
  for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
    in_.u32();
  }
}

void instruction_walker::skip_types()
{
  const std::uint32_t count = in_.count(limit::function_results, 1, "types");
  for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
    skip_block_type();
  }
}

void instruction_walker::skip_catches()
{
  const std::uint32_t count = in_.count(limit::function_body_bytes, 2, "catch clauses");
  for (std::uint32_t i = 0; i < count && in_.ok(); ++i) {
    // 0 catch, 1 catch_ref: a tag and a label; 2 catch_all, 3 catch_all_ref: a label.
    const std::uint8_t kind = in_.u8();
    if (in_.ok() && kind > 3) {
      in_.fail("unknown kind of catch clause");
    }
    if (kind < 2) {
      in_.u32();
    }
    in_.u32();
  }
}

bool instruction_walker::read_prefixed(instruction& into)
{
  // The last byte of a number must not be taken for an `end`.
  last_ = 0;
  const auto prefix = static_cast<std::uint8_t>(into.opcode);
  const std::uint32_t number = in_.u32();
  into.opcode = into.opcode << 16 | (number & 0xffff);
  return in_.ok() && read_immediates(number <= 0xffff ? prefixed_form(prefix, number) : form::unknown, into);
}

bool instruction_walker::read_immediates(immediate_form kind, instruction& into)
{
  switch (kind) {
  case form::none:
    break;
  case form::index:
    into.first = in_.u32();
    break;
  case form::two_indices:
    into.first = in_.u32();
    into.second = in_.u32();
    break;
  case form::memory_argument:
    read_memory_argument(into);
    break;
  case form::memory_lane:
    read_memory_argument(into);
    in_.u8();
    break;
  case form::byte:
    in_.u8();
    break;
  case form::signed_32:
    into.first = static_cast<std::uint64_t>(in_.s32());
    break;
  case form::signed_64:
    into.first = static_cast<std::uint64_t>(in_.s64());
    break;
  case form::bytes_4:
    in_.skip(4);
    break;
  case form::bytes_8:
    in_.skip(8);
    break;
  case form::bytes_16:
    in_.skip(16);
    break;
  case form::block_type:
    skip_block_type();
    break;
  case form::heap_type:
    in_.s33();
    break;
  case form::branch_table:
    skip_labels();
    in_.u32();
    break;
  case form::typed_select:
    skip_types();
    break;
  case form::try_table:
    skip_block_type();
    skip_catches();
    break;
  case form::branch_on_cast:
    in_.u8();
    in_.u32();
    in_.s33();
    in_.s33();
    break;
  case form::prefix:
    return read_prefixed(into);
  case form::unknown:
    in_.fail(errc::unsupported_module, "unknown instruction " + opcode_text(into.opcode), into.begin);
    break;
  }
  return in_.ok();
}

} // namespace interlink
