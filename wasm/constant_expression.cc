// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Constant expressions. Integers are followed as "constant, or constant plus one imported global", which is all that
// wasm-ld writes; whatever makes objects is only skipped.
#include <string>
#include <utility>

#include "wasm/opcodes.hh"
#include "wasm/section_readers.hh"

namespace interlink {

namespace {

constexpr std::uint32_t simd_v128_const = 0x0c;

// Objects: structure and array makers take type indices; the conversions take nothing.
constexpr std::uint32_t gc_struct_new = 0x00;
constexpr std::uint32_t gc_struct_new_default = 0x01;
constexpr std::uint32_t gc_array_new = 0x06;
constexpr std::uint32_t gc_array_new_default = 0x07;
constexpr std::uint32_t gc_array_new_fixed = 0x08;
constexpr std::uint32_t gc_any_convert_extern = 0x1a;
constexpr std::uint32_t gc_ref_i31 = 0x1c;

std::optional<linear_value> sum(const linear_value& a, const linear_value& b)
{
  if (a.base_global && b.base_global) {
    return std::nullopt;
  }
  return linear_value{a.constant + b.constant, a.base_global ? a.base_global : b.base_global};
}

std::optional<linear_value> evaluate(std::uint8_t operation, const linear_value& a, const linear_value& b)
{
  if (operation == 0) {
    return sum(a, b);
  }
  if (b.base_global || (operation == 2 && a.base_global)) {
    return std::nullopt;
  }
  return operation == 1 ? linear_value{a.constant - b.constant, a.base_global}
                        : linear_value{a.constant * b.constant, std::nullopt};
}

} // namespace

void constant_expression_reader::push_integer(std::optional<linear_value> value, bool is_i32)
{
  if (value && is_i32) {
    value->constant &= 0xffff'ffffU;
  }
  stack_.push_back({{value, std::nullopt}, is_i32});
}

void constant_expression_reader::push_global(std::uint32_t index)
{
  const global_entry& global = layout_.globals[index];
  push_integer(global.value, global.type.value == wasm::i32);
}

void constant_expression_reader::combine(binary_reader& in, std::uint8_t operation, bool is_i32)
{
  if (is_opaque_) {
    return;
  }
  if (stack_.size() < 2) {
    in.fail("constant expression lacks an operand");
    return;
  }
  const std::optional<linear_value> right = stack_.back().value.integer;
  stack_.pop_back();
  const std::optional<linear_value> left = stack_.back().value.integer;
  stack_.pop_back();
  push_integer(left && right ? evaluate(operation, *left, *right) : std::nullopt, is_i32);
}

void constant_expression_reader::structured(binary_reader& in)
{
  is_opaque_ = true;
  const std::uint64_t start = in.offset();
  const std::uint32_t opcode = in.u32();
  switch (opcode) {
  case gc_struct_new:
  case gc_struct_new_default:
  case gc_array_new:
  case gc_array_new_default:
    in.u32();
    break;
  case gc_array_new_fixed:
    in.u32();
    in.u32();
    break;
  case gc_any_convert_extern:
  case gc_any_convert_extern + 1:
  case gc_ref_i31:
    break;
  default:
    in.fail(errc::malformed_module, "instruction is not constant", start);
  }
}

void constant_expression_reader::step(binary_reader& in, std::uint8_t opcode)
{
  const std::uint64_t start = in.offset() - 1;
  switch (opcode) {
  case opcode::i32_const:
    push_integer(linear_value{static_cast<std::uint64_t>(in.s32()), std::nullopt}, true);
    return;
  case opcode::i64_const:
    push_integer(linear_value{static_cast<std::uint64_t>(in.s64()), std::nullopt}, false);
    return;
  case opcode::f32_const:
    in.skip(4);
    stack_.emplace_back();
    return;
  case opcode::f64_const:
    in.skip(8);
    stack_.emplace_back();
    return;
  case opcode::global_get: {
    const std::uint32_t index = in.u32();
    if (in.ok() && index >= layout_.globals.size()) {
      in.fail(errc::malformed_module, "global " + std::to_string(index) + " does not exist yet", start);
    } else if (in.ok()) {
      push_global(index);
    }
    return;
  }
  case opcode::ref_null:
    in.s33();
    stack_.emplace_back();
    return;
  case opcode::ref_func: {
    const std::uint32_t index = in.u32();
    if (in.ok() && index >= layout_.functions.size()) {
      in.fail(errc::malformed_module, "function " + std::to_string(index) + " does not exist", start);
    }
    stack_.push_back({{std::nullopt, index}, false});
    return;
  }
  case opcode_prefix::gc:
    structured(in);
    return;
  case opcode_prefix::simd:
    if (in.u32() != simd_v128_const) {
      in.fail(errc::malformed_module, "instruction is not constant", start);
    }
    in.skip(16);
    stack_.emplace_back();
    return;
  default:
    break;
  }
  if (opcode >= opcode::i32_add && opcode <= opcode::i32_mul) {
    combine(in, opcode - opcode::i32_add, true);
  } else if (opcode >= opcode::i64_add && opcode <= opcode::i64_mul) {
    combine(in, opcode - opcode::i64_add, false);
  } else {
    in.fail(errc::malformed_module, "instruction is not constant", start);
  }
}

constant_value constant_expression_reader::read(binary_reader& in)
{
  stack_.clear();
  is_opaque_ = false;
  for (std::uint8_t opcode = in.u8(); in.ok() && opcode != opcode::end; opcode = in.u8()) {
    step(in, opcode);
  }
  if (!in.ok() || is_opaque_) {
    return {};
  }
  if (stack_.size() != 1) {
    in.fail("constant expression leaves " + std::to_string(stack_.size()) + " values");
    return {};
  }
  return stack_.back().value;
}

} // namespace interlink
