// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Walks the instructions of a function body: where each begins and ends, what it is, and the immediates that matter.
// It knows the encoding of every instruction that the engine accepts (the 3.0 specification with threads, and wide
// arithmetic), and legacy exceptions so that they can be named when they are refused. It checks encodings, not types:
// that is the engine's part.
#pragma once

#include <array>
#include <cstdint>

#include "wasm/binary_reader.hh"
#include "wasm/opcodes.hh"

namespace interlink {

/// What follows an opcode.
enum class immediate_form : std::uint8_t {
  none,
  index,           ///< one u32 in `first`
  two_indices,     ///< two u32 in `first` and `second`
  memory_argument, ///< memory index in `first`, offset in `second`
  memory_lane,     ///< the same, then a lane byte
  byte,            ///< a lane, or the ordering of a fence
  signed_32,       ///< sign-extended in `first`
  signed_64,       ///< in `first`
  bytes_4,
  bytes_8,
  bytes_16,
  block_type,
  heap_type,
  branch_table,
  typed_select,
  try_table,
  branch_on_cast,
  prefix, ///< the number of the instruction
  unknown,
};

/// Of the one-byte opcodes.
extern const std::array<immediate_form, 256> immediate_forms;

/// Of an instruction behind 0xfb, 0xfc, 0xfd or 0xfe.
immediate_form prefixed_form(std::uint8_t prefix, std::uint32_t number) noexcept;

/// Name in the text format of the instructions that errors mention; empty for others.
std::string_view instruction_name(std::uint32_t opcode) noexcept;

/// `first` and `second` mean something only for the forms that say so; otherwise they are left over.
struct instruction {
  std::uint32_t opcode{};
  std::uint64_t begin{}; ///< place in the module
  std::uint64_t first{};
  std::uint64_t second{};
};

/// Context: owned by one thread. Lifetime: uses the reader it was given.
class instruction_walker {
public:
  /// `body` stands at the local declarations of a function body and is narrowed to it. Skips the declarations.
  /// Errors stay in `body`: limit_exceeded for too many locals.
  explicit instruction_walker(binary_reader& body);

  /// The next instruction; false at the end of the body or after a failure. The end must fall on an `end` instruction.
  /// Errors stay in the reader: malformed_module, unsupported_module for an instruction that is not known.
  bool next(instruction& into)
  {
    if (in_.at_end()) {
      check_end();
      return false;
    }
    into.begin = in_.offset();
    const std::uint8_t byte = in_.u8();
    last_ = byte;
    into.opcode = byte;
    const immediate_form form = immediate_forms[byte];
    if (form == immediate_form::none) {
      return true;
    }
    if (form == immediate_form::index) {
      into.first = in_.u32();
      return in_.ok();
    }
    return read_immediates(form, into);
  }

private:
  void check_end();
  bool read_immediates(immediate_form form, instruction& into);
  bool read_prefixed(instruction& into);
  void read_memory_argument(instruction& into);
  void skip_block_type();
  void skip_labels();
  void skip_types();
  void skip_catches();

  binary_reader& in_;
  std::uint8_t last_{};
};

} // namespace interlink
