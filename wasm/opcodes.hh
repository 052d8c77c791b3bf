// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers of the instructions that Interlink reads or writes. Source: the specification's index of instructions, and
// the threads proposal.
#pragma once

#include <cstdint>

namespace interlink {

/// An instruction's number: the opcode byte, or `prefix << 16 | number` behind a prefix byte.
namespace opcode {
inline constexpr std::uint32_t unreachable = 0x00;
inline constexpr std::uint32_t if_ = 0x04;
inline constexpr std::uint32_t legacy_try = 0x06;
inline constexpr std::uint32_t legacy_catch = 0x07;
inline constexpr std::uint32_t throw_tag = 0x08;
inline constexpr std::uint32_t rethrow = 0x09;
inline constexpr std::uint32_t throw_ref = 0x0a;
inline constexpr std::uint32_t end = 0x0b;
inline constexpr std::uint32_t call = 0x10;
inline constexpr std::uint32_t call_indirect = 0x11;
inline constexpr std::uint32_t return_call = 0x12;
inline constexpr std::uint32_t return_call_indirect = 0x13;
inline constexpr std::uint32_t call_ref = 0x14;
inline constexpr std::uint32_t return_call_ref = 0x15;
inline constexpr std::uint32_t delegate = 0x18;
inline constexpr std::uint32_t catch_all = 0x19;
inline constexpr std::uint32_t local_get = 0x20;
inline constexpr std::uint32_t local_set = 0x21;
inline constexpr std::uint32_t local_tee = 0x22;
inline constexpr std::uint32_t global_get = 0x23;
inline constexpr std::uint32_t global_set = 0x24;
inline constexpr std::uint32_t table_get = 0x25;
inline constexpr std::uint32_t table_set = 0x26;
inline constexpr std::uint32_t memory_grow = 0x40;
inline constexpr std::uint32_t i32_const = 0x41;
inline constexpr std::uint32_t i64_const = 0x42;
inline constexpr std::uint32_t f32_const = 0x43;
inline constexpr std::uint32_t f64_const = 0x44;
inline constexpr std::uint32_t i32_eqz = 0x45;
inline constexpr std::uint32_t i32_ne = 0x47;
inline constexpr std::uint32_t i32_lt_s = 0x48;
inline constexpr std::uint32_t i32_lt_u = 0x49;
inline constexpr std::uint32_t i32_add = 0x6a;
inline constexpr std::uint32_t i32_sub = 0x6b;
inline constexpr std::uint32_t i32_mul = 0x6c;
inline constexpr std::uint32_t i64_add = 0x7c;
inline constexpr std::uint32_t i64_mul = 0x7e;
inline constexpr std::uint32_t i64_shr_u = 0x88;
inline constexpr std::uint32_t i32_wrap_i64 = 0xa7;
inline constexpr std::uint32_t ref_null = 0xd0;
inline constexpr std::uint32_t ref_func = 0xd2;
inline constexpr std::uint32_t memory_init = 0xfc0008;
inline constexpr std::uint32_t data_drop = 0xfc0009;
inline constexpr std::uint32_t memory_fill = 0xfc000b;
inline constexpr std::uint32_t table_init = 0xfc000c;
inline constexpr std::uint32_t elem_drop = 0xfc000d;
inline constexpr std::uint32_t table_copy = 0xfc000e;
inline constexpr std::uint32_t table_grow = 0xfc000f;
inline constexpr std::uint32_t table_size = 0xfc0010;
inline constexpr std::uint32_t table_fill = 0xfc0011;
inline constexpr std::uint32_t atomic_notify = 0xfe0000;
inline constexpr std::uint32_t atomic_wait32 = 0xfe0001;
inline constexpr std::uint32_t atomic_wait64 = 0xfe0002;
inline constexpr std::uint32_t i32_atomic_cmpxchg = 0xfe0048;
} // namespace opcode

/// First bytes of an instruction of two parts.
namespace opcode_prefix {
inline constexpr std::uint8_t gc = 0xfb;
inline constexpr std::uint8_t simd = 0xfd;
inline constexpr std::uint8_t atomic = 0xfe;
} // namespace opcode_prefix

/// Second parts, behind `opcode_prefix::atomic`.
namespace atomic_opcode {
inline constexpr std::uint32_t i32_load = 0x10;
inline constexpr std::uint32_t i64_load = 0x11;
} // namespace atomic_opcode

/// The type of a block that takes and gives nothing.
inline constexpr std::uint8_t empty_block = 0x40;

/// Set in the alignment of a memory access: the memory's index follows.
inline constexpr std::uint32_t has_memory_index = 0x40;

} // namespace interlink
