// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A trampoline of a closure does what a compiler would have made of this, had it known the type:
//
//   record = atomic load of its word in the control memory
//   if (head != applied) catch up
//   room for results and arguments on the guest's stack, unless that ends; store the arguments
//   call the slot in the record (arguments, results, datum)
//   load the results; give the room back
//
// The record is memory like any other, and what it names is an index like any other: so the check comes after the load,
// and the agreement of docs/concurrency.md holds for it. That is why a closure can be prepared anew, or its record be
// given to another closure, while others call it: nobody has to be waited for.
//
// Exceptions and longjmp pass: whoever catches them sets the stack pointer back.
#include "wasm/closure_module.hh"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "wasm/generated_module.hh"
#include "wasm/opcodes.hh"
#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

// Places in the module's index spaces.
constexpr std::uint32_t trampoline_type = 0;
constexpr std::uint32_t backing_type = 1;
constexpr std::uint32_t catch_up_type = 2;
constexpr std::uint32_t linked_memory = 0;
constexpr std::uint32_t control_memory = 1;
constexpr std::uint32_t function_table = 0;
constexpr std::uint32_t runtime_table = 1;
constexpr std::uint32_t stack_pointer = 0;
constexpr std::uint32_t stack_low = 1;
constexpr std::uint32_t applied = 2;
constexpr std::uint32_t batch = 3;

/// All that 32 bits can address.
constexpr std::uint32_t pages_max = 65'536;

/// How a value of a type lies in memory.
struct storage {
  std::uint8_t code; ///< of the type
  std::uint8_t load; ///< of a vector: behind `vector_prefix`
  std::uint8_t store;
  std::uint32_t size;
};

constexpr std::array<storage, 5> storages{{{wasm::i32.code, 0x28, 0x36, 4},
                                           {wasm::i64.code, 0x29, 0x37, 8},
                                           {wasm::f32.code, 0x2a, 0x38, 4},
                                           {wasm::f64.code, 0x2b, 0x39, 8},
                                           {wasm::v128.code, 0x00, 0x0b, 16}}};

const storage* find_storage(const value_type& type)
{
  const auto* const found = std::ranges::find(storages, type.code, &storage::code);
  return found == storages.end() ? nullptr : &*found;
}

std::uint32_t padded(std::uint32_t size)
{
  constexpr std::uint32_t stack_alignment = 16;
  return (size + stack_alignment - 1) & ~(stack_alignment - 1);
}

void write_imports(wasm_writer& out, bool is_memory_shared)
{
  const auto import = [&](std::string_view name, extern_kind kind) {
    out.name(reserved::module_name);
    out.name(name);
    out.u8(static_cast<std::uint8_t>(kind));
  };
  const auto table = [&](std::string_view name, std::uint32_t minimum) {
    import(name, extern_kind::table);
    out.type(wasm::funcref);
    out.u8(0); // no maximum
    out.u32(minimum);
  };
  const auto global = [&](std::string_view name, bool is_mutable) {
    import(name, extern_kind::global);
    out.type(wasm::i32);
    out.u8(is_mutable ? 1 : 0);
  };
  constexpr std::uint8_t shared_with_maximum = 3;
  out.u32(8);
  import(reserved::linked_memory, extern_kind::memory);
  out.u8(is_memory_shared ? shared_with_maximum : 0);
  out.u32(0);
  if (is_memory_shared) {
    out.u32(pages_max);
  }
  import(reserved::control_memory, extern_kind::memory);
  out.u8(shared_with_maximum);
  out.u32(1);
  out.u32(reserved::control_memory_pages);
  table(reserved::function_table, 0);
  table(reserved::runtime_table, reserved::runtime_table_size);
  global(reserved::stack_pointer, true);
  global(reserved::stack_low, true);
  global(reserved::applied, true);
  global(reserved::closure_batch, false);
}

class trampoline_writer {
public:
  trampoline_writer(wasm_writer& out, const function_type& type)
      : out_(out),
        type_(type),
        base_(static_cast<std::uint32_t>(type.parameters.size())),
        record_(base_ + 1),
        results_size_(padded(packed_size(type.results))),
        frame_size_(results_size_ + padded(packed_size(type.parameters)))
  {
  }

  void write(std::uint32_t place)
  {
    const std::size_t length = out_.begin_length();
    out_.u32(2); // two locals, each of its own type
    out_.u32(1);
    out_.type(wasm::i32);
    out_.u32(1);
    out_.type(wasm::i64);
    load_record(place);
    check();
    store_arguments();
    call_backing();
    load_results();
    out_.u8(opcode::end);
    out_.fill_length(length);
  }

private:
  void with_index(std::uint8_t code, std::uint32_t index)
  {
    out_.u8(code);
    out_.u32(index);
  }

  void constant(std::uint32_t value)
  {
    out_.u8(opcode::i32_const);
    out_.s64(static_cast<std::int32_t>(value));
  }

  void load_control_word(std::uint8_t code, std::uint32_t alignment_log2, std::uint32_t offset)
  {
    out_.u8(opcode_prefix::atomic);
    out_.u32(code);
    out_.u32(alignment_log2 | has_memory_index);
    out_.u32(control_memory);
    out_.u32(offset);
  }

  void load_record(std::uint32_t place)
  {
    with_index(opcode::global_get, batch);
    load_control_word(atomic_opcode::i64_load, 3, place * sizeof(std::uint64_t));
    with_index(opcode::local_set, record_);
  }

  void check()
  {
    constant(0);
    load_control_word(atomic_opcode::i32_load, 2, reserved::head_address);
    with_index(opcode::global_get, applied);
    out_.u8(opcode::i32_ne);
    out_.u8(opcode::if_);
    out_.u8(empty_block);
    constant(reserved::runtime_slot::catch_up);
    with_index(opcode::call_indirect, catch_up_type);
    out_.u32(runtime_table);
    out_.u8(opcode::end);
  }

  /// As in instrumented code (wasm/instrumenter.hh): only a large frame may have gone through 0.
  void check_stack()
  {
    with_index(opcode::local_get, base_);
    with_index(opcode::global_get, stack_low);
    if (frame_size_ <= reserved::small_frame_bytes) {
      out_.u8(opcode::i32_lt_u);
    } else {
      out_.u8(opcode::i32_sub);
      constant(0);
      out_.u8(opcode::i32_lt_s);
    }
    out_.u8(opcode::if_);
    out_.u8(empty_block);
    out_.u8(opcode::unreachable);
    out_.u8(opcode::end);
  }

  void store_arguments()
  {
    with_index(opcode::global_get, stack_pointer);
    constant(frame_size_);
    out_.u8(opcode::i32_sub);
    with_index(opcode::local_tee, base_);
    with_index(opcode::global_set, stack_pointer);
    check_stack();
    std::uint32_t offset = results_size_;
    for (std::uint32_t i = 0; i < type_.parameters.size(); ++i) {
      const storage& how = *find_storage(type_.parameters[i]);
      with_index(opcode::local_get, base_);
      with_index(opcode::local_get, i);
      access(how, how.store, offset);
      offset += how.size;
    }
  }

  void call_backing()
  {
    with_index(opcode::local_get, base_);
    constant(results_size_);
    out_.u8(opcode::i32_add);
    with_index(opcode::local_get, base_);
    with_index(opcode::local_get, record_);
    out_.u8(opcode::i64_const);
    out_.s64(32);
    out_.u8(opcode::i64_shr_u);
    out_.u8(opcode::i32_wrap_i64);
    with_index(opcode::local_get, record_);
    out_.u8(opcode::i32_wrap_i64);
    with_index(opcode::call_indirect, backing_type);
    out_.u32(function_table);
  }

  void load_results()
  {
    std::uint32_t offset = 0;
    for (const value_type& type : type_.results) {
      const storage& how = *find_storage(type);
      with_index(opcode::local_get, base_);
      access(how, how.load, offset);
      offset += how.size;
    }
    with_index(opcode::local_get, base_);
    constant(frame_size_);
    out_.u8(opcode::i32_add);
    with_index(opcode::global_set, stack_pointer);
  }

  /// Packed values are not aligned.
  void access(const storage& how, std::uint8_t code, std::uint32_t offset)
  {
    if (how.code == wasm::v128.code) {
      out_.u8(opcode_prefix::simd);
    }
    out_.u8(code);
    out_.u32(0);
    out_.u32(offset);
  }

  wasm_writer& out_;
  const function_type& type_;
  std::uint32_t base_;   // local: the guest's stack pointer in here
  std::uint32_t record_; // local
  std::uint32_t results_size_;
  std::uint32_t frame_size_;
};

/// What a backtrace shows: a name for the module, and for each of its functions.
void write_names(wasm_writer& out)
{
  constexpr std::uint8_t module_part = 0;
  constexpr std::uint8_t functions_part = 1;
  out.name("name");
  wasm_writer module_name;
  module_name.name("interlink closure");
  out.section(module_part, module_name.written());
  wasm_writer functions;
  functions.u32(closures_per_batch);
  for (std::uint32_t i = 0; i < closures_per_batch; ++i) {
    functions.u32(i);
    functions.name("closure");
  }
  out.section(functions_part, functions.written());
}

} // namespace

bool can_be_closure(const function_type& type)
{
  const auto has_storage = [](const value_type& each) {
    return find_storage(each) != nullptr;
  };
  return std::ranges::all_of(type.parameters, has_storage) && std::ranges::all_of(type.results, has_storage);
}

std::uint32_t packed_size(const std::vector<value_type>& types)
{
  std::uint32_t size = 0;
  for (const value_type& type : types) {
    size += find_storage(type)->size;
  }
  return size;
}

std::vector<std::byte> make_closure_module(const function_type& type, bool is_memory_shared)
{
  generated_module module(closures_per_batch);
  module.types.u32(3);
  module.types.type(type);
  module.types.type(closure_backing_type);
  module.types.type(function_type{});
  write_imports(module.imports, is_memory_shared);
  trampoline_writer trampolines(module.code, type);
  for (std::uint32_t i = 0; i < closures_per_batch; ++i) {
    module.begin_function(trampoline_type);
    trampolines.write(i);
  }
  wasm_writer names;
  write_names(names);
  wasm_writer out = module.written();
  out.section(section_id::custom, names.written());
  return out.take();
}

} // namespace interlink
