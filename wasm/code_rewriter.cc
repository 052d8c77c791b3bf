// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One pass over the code. Bytes that stay are copied in runs as long as possible: a run ends only where something is
// inserted or replaced, and bodies without such a place belong to one run together.
#include "messages/limits.hh"

#include <utility>

#include "wasm/code_facts.hh"
#include "wasm/instruction_walker.hh"
#include "wasm/instrumentation.hh"
#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

/// Calls what the runtime table holds at `slot`.
void write_runtime_call(wasm_writer& out, const instrumentation& plan, std::uint32_t slot)
{
  out.u8(opcode::i32_const);
  out.s64(slot);
  out.u8(opcode::call_indirect);
  out.u32(plan.first_type + slot);
  out.u32(plan.runtime_table);
}

wasm_writer make_check(const instrumentation& plan)
{
  // Natural alignment of 4 bytes; bit 6 says that the memory's index follows.
  constexpr std::uint32_t alignment = 2;
  wasm_writer out;
  out.u8(opcode::i32_const);
  out.s64(0);
  out.u8(opcode_prefix::atomic);
  out.u32(atomic_opcode::i32_load);
  out.u32(plan.control_memory == 0 ? alignment : alignment | has_memory_index);
  if (plan.control_memory != 0) {
    out.u32(plan.control_memory);
  }
  out.u64(reserved::head_address);
  out.u8(opcode::global_get);
  out.u32(plan.applied_global);
  out.u8(opcode::i32_ne);
  out.u8(opcode::if_);
  out.u8(empty_block);
  write_runtime_call(out, plan, reserved::runtime_slot::catch_up);
  out.u8(opcode::end);
  return out;
}

/// What the instructions in front of a `global.set` of the stack pointer tell about the value.
class stack_change {
public:
  void see(const instruction& at)
  {
    teed_.reset();
    switch (at.opcode) {
    case opcode::i32_const:
      constant_ = static_cast<std::int64_t>(at.first);
      is_raised_ = is_small_ = false;
      return;
    case opcode::i32_add:
      is_raised_ = constant_ && *constant_ >= 0;
      is_small_ = false;
      break;
    case opcode::i32_sub:
      is_small_ = constant_ && *constant_ >= 0 && *constant_ <= reserved::small_frame_bytes;
      is_raised_ = false;
      break;
    case opcode::local_tee:
      teed_ = static_cast<std::uint32_t>(at.first);
      break;
    default:
      is_raised_ = is_small_ = false;
    }
    constant_.reset();
  }

  /// `i32.const n ; i32.add`: the end of a frame, which leaves no stack.
  bool is_raised() const { return is_raised_; }

  /// `i32.const n ; i32.sub` with a small n: the new value has not gone through 0.
  bool is_small() const { return is_small_; }

  /// The local that has the value, too.
  std::optional<std::uint32_t> local() const { return teed_; }

private:
  std::optional<std::int64_t> constant_;
  std::optional<std::uint32_t> teed_;
  bool is_raised_ = false;
  bool is_small_ = false;
};

class code_rewriter {
public:
  code_rewriter(const module_layout& layout, const instrumentation& plan, instrumentation_facts& facts)
      : layout_(layout), plan_(plan), facts_(facts), check_(make_check(plan))
  {
  }

  result<rewritten_code> run()
  {
    const section_place* code = layout_.find_section(section_id::code);
    if (code == nullptr) {
      return rewritten_code{};
    }
    // Room for the code and for a quarter more, which no measured module needed.
    out_.reserve((code->end - code->content) / 4 * 5);
    copied_ = code->content;
    body_frame_ = code->content + count_bytes(code->content);
    for (std::size_t index = 0; index < layout_.bodies.size(); ++index) {
      if (result<void> done = rewrite_body(index); !done) {
        return fail(done.error());
      }
    }
    copy_to(code->end);
    return rewritten_code{std::move(out_), std::move(edits_)};
  }

private:
  std::size_t count_bytes(std::size_t at) const
  {
    binary_reader in(layout_.bytes.subspan(at));
    in.u32();
    return in.offset();
  }

  result<void> rewrite_body(std::size_t index)
  {
    const code_body& body = layout_.bodies[index];
    const std::size_t body_end = body.begin + body.size;
    length_.reset();
    binary_reader in = body_reader(layout_, index);
    instruction_walker walker(in);
    stack_change_ = {};
    for (instruction at; walker.next(at);) {
      cut_.reset();
      if (at.opcode == opcode::data_drop && index < plan_.keeps_data.size() && plan_.keeps_data[index]) {
        leave_out(at, in);
      } else if (!rewrite(at, in)) {
        return fail(refusal(at, index));
      }
      if (cut_) {
        edits_.push_back({at.begin, copied_ - at.begin, out_.size() - *cut_});
      }
      stack_change_.see(at);
    }
    if (!in.ok()) {
      return fail(code_error(layout_, index, in.failure()));
    }
    if (length_) {
      const std::size_t length = *length_;
      copy_to(body_end);
      const std::size_t size = out_.size() - length - wasm_writer::longest_u32_bytes;
      if (size > limit::function_body_bytes) {
        return fail(code_error(layout_, index,
                               error(errc::limit_exceeded, "instrumented body has " + std::to_string(size) +
                                                               " bytes, the limit is " +
                                                               std::to_string(limit::function_body_bytes))));
      }
      edits_[first_edit_].inserted = out_.fill_length(length);
      ++facts_.functions;
    }
    body_frame_ = body_end;
    return {};
  }

  /// False when the instruction is refused.
  bool rewrite(const instruction& at, const binary_reader& in)
  {
    switch (at.opcode) {
    case opcode::call_indirect:
    case opcode::return_call_indirect:
      check_if(at, at.second);
      shift_tables(at, in, at.first, shifted(at.second));
      return true;
    case opcode::table_get:
    case opcode::table_size:
      check_if(at, at.first);
      shift_table(at, in);
      return true;
    case opcode::table_set:
    case opcode::table_grow:
    case opcode::table_fill:
      shift_table(at, in);
      return !is_function_table(at.first);
    case opcode::table_init:
      shift_tables(at, in, at.first, shifted(at.second));
      return !is_function_table(at.second);
    case opcode::table_copy:
      shift_tables(at, in, shifted(at.first), shifted(at.second));
      return !is_function_table(at.first) && !is_function_table(at.second);
    case opcode::atomic_wait32:
    case opcode::atomic_wait64:
    case opcode::atomic_notify:
      return replace_wait(at, in);
    case opcode::global_set:
      check_stack_if(at, in);
      return true;
    default:
      return true;
    }
  }

  bool is_function_table(std::uint64_t table) const { return plan_.is_dynamic && plan_.function_table == table; }

  void check_if(const instruction& at, std::uint64_t table)
  {
    if (plan_.inserts_checks && is_function_table(table)) {
      cut_at(at);
      out_.bytes(check_.written());
      ++facts_.checks;
    }
  }

  void check_stack_if(const instruction& at, const binary_reader& in)
  {
    if (plan_.stack_pointer == at.first && !stack_change_.is_raised()) {
      cut_at(at);
      copied_ = static_cast<std::size_t>(in.offset());
      out_.u8(opcode::global_set);
      out_.u64(at.first);
      write_stack_check();
      ++facts_.stack_checks;
    }
  }

  /// A small frame is compared as it is. A large one may have gone through 0, to where only signed numbers see that it
  /// is below. The answer is a trap, since a call of the host would make the compiler keep each argument in memory.
  void write_stack_check()
  {
    if (const auto local = stack_change_.local()) {
      out_.u8(opcode::local_get);
      out_.u32(*local);
    } else {
      out_.u8(opcode::global_get);
      out_.u32(*plan_.stack_pointer);
    }
    out_.u8(opcode::global_get);
    out_.u32(plan_.stack_low_global);
    if (stack_change_.is_small()) {
      out_.u8(opcode::i32_lt_u);
    } else {
      out_.u8(opcode::i32_sub);
      out_.u8(opcode::i32_const);
      out_.s64(0);
      out_.u8(opcode::i32_lt_s);
    }
    out_.u8(opcode::if_);
    out_.u8(empty_block);
    out_.u8(opcode::unreachable);
    out_.u8(opcode::end);
  }

  std::uint64_t shifted(std::uint64_t table) const
  {
    return plan_.shifts_tables && table >= layout_.imported_tables ? table + 1 : table;
  }

  void shift_table(const instruction& at, const binary_reader& in)
  {
    if (shifted(at.first) != at.first) {
      begin_replacement(at, in);
      out_.u64(shifted(at.first));
    }
  }

  void shift_tables(const instruction& at, const binary_reader& in, std::uint64_t first, std::uint64_t second)
  {
    if (first != at.first || second != at.second) {
      begin_replacement(at, in);
      out_.u64(first);
      out_.u64(second);
    }
  }

  /// False for a wait that would stay in the engine, where nothing could end it. Without shared memory the engine's
  /// trap is the answer.
  bool replace_wait(const instruction& at, const binary_reader& in)
  {
    if (!plan_.replaces_waits) {
      return true;
    }
    if (plan_.waits_on != at.first) {
      return at.opcode == opcode::atomic_notify || at.first >= layout_.memories.size() ||
             !layout_.memories[at.first].is_shared;
    }
    if (at.opcode == opcode::atomic_notify && at.first >= layout_.imported_memories) {
      return true; // one thread has the memory, so nobody waits; wasm-ld's start function notifies before it is linked
    }
    cut_at(at);
    copied_ = static_cast<std::size_t>(in.offset());
    out_.u8(opcode::i64_const);
    out_.s64(static_cast<std::int64_t>(at.second));
    const std::uint32_t slot = at.opcode == opcode::atomic_wait32   ? reserved::runtime_slot::wait32
                               : at.opcode == opcode::atomic_wait64 ? reserved::runtime_slot::wait64
                                                                    : reserved::runtime_slot::notify;
    write_runtime_call(out_, plan_, slot);
    ++facts_.waits;
    return true;
  }

  void leave_out(const instruction& at, const binary_reader& in)
  {
    cut_at(at);
    copied_ = static_cast<std::size_t>(in.offset());
  }

  /// Writes the opcode again and leaves the old instruction out; the immediates follow.
  void begin_replacement(const instruction& at, const binary_reader& in)
  {
    cut_at(at);
    copied_ = static_cast<std::size_t>(in.offset());
    if (at.opcode > 0xff) {
      out_.u8(static_cast<std::uint8_t>(at.opcode >> 16));
      out_.u32(at.opcode & 0xffff);
    } else {
      out_.u8(static_cast<std::uint8_t>(at.opcode));
    }
  }

  /// Copies all before the instruction. At the first cut of a body its length is left open.
  void cut_at(const instruction& at)
  {
    if (!length_) {
      copy_to(body_frame_);
      length_ = out_.begin_length();
      binary_reader in(layout_.bytes.subspan(body_frame_), body_frame_);
      in.u32();
      copied_ = static_cast<std::size_t>(in.offset());
      first_edit_ = edits_.size();
      edits_.push_back({body_frame_, copied_ - body_frame_, 0});
    }
    copy_to(static_cast<std::size_t>(at.begin));
    if (!cut_) {
      cut_ = out_.size();
    }
  }

  void copy_to(std::size_t place)
  {
    if (place > copied_) {
      out_.bytes(layout_.bytes.subspan(copied_, place - copied_));
      copied_ = place;
    }
  }

  error refusal(const instruction& at, std::size_t index) const
  {
    const auto function = static_cast<std::uint32_t>(layout_.imported_functions + index);
    error_detail detail;
    detail.symbol_name = function_name(layout_, function);
    detail.offset = at.begin;
    const bool is_wait = at.opcode == opcode::atomic_wait32 || at.opcode == opcode::atomic_wait64;
    detail.message =
        "function " + std::to_string(function) +
        (is_wait ? " waits on another memory than the program's, with " : " changes the function table with ") +
        std::string(instruction_name(at.opcode));
    if (is_wait) {
      detail.remedy = "nothing could end such a wait: wait in the program's own 32-bit memory, which is imported as "
                      "env.memory, or exported as memory by a program without dylink.0";
      return {errc::unsupported_module, std::move(detail)};
    }
    detail.remedy = "the function table belongs to the linker: get function pointers by taking a function's address, "
                    "by dlsym or by a closure";
    return {errc::unsupported_module, std::move(detail)};
  }

  const module_layout& layout_;
  const instrumentation& plan_;
  instrumentation_facts& facts_;
  const wasm_writer check_;
  stack_change stack_change_; ///< of the body under way
  wasm_writer out_;
  std::size_t copied_{};              ///< all before it is written or left out
  std::size_t body_frame_{};          ///< where the length of the body under way stands
  std::optional<std::size_t> length_; ///< in `out_`, of a body that changes
  std::vector<code_edit> edits_;
  std::size_t first_edit_{};       ///< of a body that changes: the one of its length
  std::optional<std::size_t> cut_; ///< in `out_`, where what stands for the instruction under way begins
};

} // namespace

const std::vector<function_type>& runtime_types()
{
  static const std::vector<function_type> types{
      {},
      {{wasm::i32, wasm::i32, wasm::i64, wasm::i64}, {wasm::i32}},
      {{wasm::i32, wasm::i64, wasm::i64, wasm::i64}, {wasm::i32}},
      {{wasm::i32, wasm::i32, wasm::i64}, {wasm::i32}},
  };
  return types;
}

result<rewritten_code> rewrite_code(const module_layout& layout, const instrumentation& plan,
                                    instrumentation_facts& facts)
{
  return code_rewriter(layout, plan, facts).run();
}

} // namespace interlink
