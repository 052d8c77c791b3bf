// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One function for each standard section. Each reads the payload that `in` is narrowed to and adds to the layout; a
// failure stays in `in`. Sections must come in the format's order, so that each may use what the ones before it read.
#pragma once

#include <vector>

#include "wasm/module_layout.hh"

namespace interlink {

void read_type_section(binary_reader& in, module_layout& into);
void read_import_section(binary_reader& in, module_layout& into);
void read_function_section(binary_reader& in, module_layout& into);
void read_table_section(binary_reader& in, module_layout& into);
void read_memory_section(binary_reader& in, module_layout& into);
void read_tag_section(binary_reader& in, module_layout& into);
void read_global_section(binary_reader& in, module_layout& into);
void read_export_section(binary_reader& in, module_layout& into);
void read_start_section(binary_reader& in, module_layout& into);
void read_element_section(binary_reader& in, module_layout& into);
void read_data_count_section(binary_reader& in, module_layout& into);
void read_code_section(binary_reader& in, module_layout& into);
void read_data_section(binary_reader& in, module_layout& into);

/// Pieces that several sections share.
table_type read_table_type(binary_reader& in, const module_layout& layout);
memory_type read_memory_type(binary_reader& in);
global_type read_global_type(binary_reader& in, const module_layout& layout);

/// Reads up to and with the `end`, and evaluates what it can. Keeps its stack between expressions, so that a million
/// of them cost no allocation each.
class constant_expression_reader {
public:
  explicit constant_expression_reader(const module_layout& layout) : layout_(layout) {}

  constant_value read(binary_reader& in);

private:
  struct operand {
    constant_value value;
    bool is_i32 = false;
  };

  void step(binary_reader& in, std::uint8_t opcode);
  void structured(binary_reader& in);
  void push_integer(std::optional<linear_value> value, bool is_i32);
  void push_global(std::uint32_t index);
  void combine(binary_reader& in, std::uint8_t operation, bool is_i32);

  const module_layout& layout_;
  std::vector<operand> stack_;
  bool is_opaque_ = false; ///< it makes objects; its value is not followed
};

} // namespace interlink
