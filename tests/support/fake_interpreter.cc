// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/fake_interpreter.hh"

#include "messages/assert.hh"

#include <algorithm>
#include <array>
#include <utility>

#include "wasm/instruction_walker.hh"

namespace interlink::support {

namespace {

using engine::value_slot;

/// Deep enough for every guest here, shallow enough for the stacks of a simulation.
constexpr unsigned call_depth_max = 64;

constexpr std::uint32_t op_call = opcode::call;
constexpr std::uint32_t i32_load = 0x28;
constexpr std::uint32_t i32_store = 0x36;
constexpr std::uint32_t i32_atomic_load = 0xfe0010;
constexpr std::uint32_t i64_atomic_load = 0xfe0011;
constexpr std::uint32_t i32_atomic_store = 0xfe0017;
constexpr std::uint32_t i32_atomic_add = 0xfe001e;

} // namespace

error trap(std::string message)
{
  error_detail detail;
  detail.message = "wasm trap: " + message;
  detail.trap = trap_record{detail.message, {}};
  return {errc::guest_trapped, std::move(detail)};
}

std::uint64_t fake_interpreter::pop()
{
  INTERLINK_ASSERT(!stack_->empty()); // code is made by builders that keep the stack right
  const std::uint64_t value = stack_->back();
  stack_->pop_back();
  return value;
}

void fake_interpreter::observe() const
{
  if (store_.engine_.on_step) {
    store_.engine_.on_step();
  }
}

result<void> fake_interpreter::call(std::uint64_t number, std::vector<std::uint64_t>& stack)
{
  if (store_.call_depth_ >= call_depth_max) {
    return fail(trap("call stack exhausted"));
  }
  ++store_.call_depth_;
  result<void> ended;
  while (true) {
    const fake_store::function_object& callee = store_.functions_[number - 1];
    if (callee.host) {
      ended = call_host(callee, stack);
      break;
    }
    auto ran = run(callee, stack);
    if (!ran) {
      ended = fail(std::move(ran.error()));
      break;
    }
    if (*ran != outcome::tail_called) {
      break;
    }
    number = tail_callee_;
  }
  --store_.call_depth_;
  return ended;
}

result<void> fake_interpreter::call_host(const fake_store::function_object& callee, std::vector<std::uint64_t>& stack)
{
  const std::size_t parameters = callee.type.parameters.size();
  const std::size_t results = callee.type.results.size();
  std::vector<value_slot> values(std::max(parameters, results));
  for (std::size_t i = 0; i < parameters; ++i) {
    values[i] = value_slot::of_i64(stack[stack.size() - parameters + i]);
  }
  stack.resize(stack.size() - parameters);
  if (auto called = callee.host(store_, values); !called) {
    return called;
  }
  for (std::size_t i = 0; i < results; ++i) {
    stack.push_back(callee.type.results[i] == wasm::i32 ? values[i].i32() : values[i].i64());
  }
  return {};
}

result<fake_interpreter::outcome> fake_interpreter::run(const fake_store::function_object& callee,
                                                        std::vector<std::uint64_t>& stack)
{
  instance_ = &store_.instances_[callee.instance - 1];
  const module_layout& layout = instance_->module->layout();
  body_ = &instance_->module->function(callee.index - layout.imported_functions);
  const std::size_t parameters = callee.type.parameters.size();
  const std::size_t results = callee.type.results.size();
  locals_.assign(stack.end() - static_cast<std::ptrdiff_t>(parameters), stack.end());
  locals_.resize(parameters + body_->locals);
  stack.resize(stack.size() - parameters);
  const std::size_t height = stack.size();
  stack_ = &stack;
  labels_.clear();
  place_ = 0;
  while (true) {
    auto stepped = step(body_->operations[place_]);
    if (!stepped) {
      return stepped;
    }
    if (*stepped == outcome::next) {
      ++place_;
    } else if (*stepped == outcome::returned || *stepped == outcome::tail_called) {
      const std::size_t kept =
          *stepped == outcome::returned ? results : store_.functions_[tail_callee_ - 1].type.parameters.size();
      stack.erase(stack.begin() + static_cast<std::ptrdiff_t>(height), stack.end() - static_cast<std::ptrdiff_t>(kept));
      return stepped;
    }
  }
}

result<fake_interpreter::outcome> fake_interpreter::step(const fake_operation& at)
{
  switch (at.opcode) {
  case 0x1a: // drop
    pop();
    return outcome::next;
  case 0x20: // local.get
    stack_->push_back(locals_[at.first]);
    return outcome::next;
  case 0x21: // local.set
    locals_[at.first] = pop();
    return outcome::next;
  case 0x22: // local.tee
    locals_[at.first] = stack_->back();
    return outcome::next;
  case 0x23: // global.get
    stack_->push_back(store_.globals_[instance_->globals[at.first] - 1].value.i64());
    return outcome::next;
  case 0x24: // global.set
    ++store_.changes_;
    store_.globals_[instance_->globals[at.first] - 1].value = value_slot::of_i64(pop());
    return outcome::next;
  case 0x41: // i32.const
    stack_->push_back(static_cast<std::uint32_t>(at.first));
    return outcome::next;
  case 0x42: // i64.const
    stack_->push_back(at.first);
    return outcome::next;
  case i32_load:
  case i32_store:
  case i32_atomic_load:
  case i64_atomic_load:
  case i32_atomic_store:
  case i32_atomic_add:
    return memory_access(at);
  default:
    return at.opcode >= 0x45 ? arithmetic(at) : control(at);
  }
}

result<fake_interpreter::outcome> fake_interpreter::control(const fake_operation& at)
{
  switch (at.opcode) {
  case 0x00:
    return fail(trap("wasm `unreachable` instruction executed"));
  case 0x01: // nop
    return outcome::next;
  case 0x02: // block
    labels_.push_back({at.end + 1, stack_->size()});
    return outcome::next;
  case 0x03: // loop: a branch to it comes here again
    observe();
    labels_.push_back({place_, stack_->size()});
    return outcome::next;
  case 0x04: // if
    if (pop32() != 0) {
      labels_.push_back({at.end + 1, stack_->size()});
      return outcome::next;
    }
    place_ = at.end + 1;
    if (at.otherwise != 0) {
      labels_.push_back({at.end + 1, stack_->size()});
      place_ = at.otherwise + 1;
    }
    return outcome::jumped;
  case 0x05: // else, met at the end of the first arm
    labels_.pop_back();
    place_ = at.end + 1;
    return outcome::jumped;
  case opcode::end:
    if (labels_.empty()) {
      return outcome::returned;
    }
    labels_.pop_back();
    return outcome::next;
  case 0x0c: // br
    return branch(at.first);
  case 0x0d: // br_if
    return pop32() != 0 ? branch(at.first) : result<outcome>(outcome::next);
  case 0x0f:
    return outcome::returned;
  case op_call:
  case opcode::return_call:
    return call_from_here(instance_->functions[at.first], at.opcode == opcode::return_call);
  default: {
    auto callee = indirect_callee(at);
    if (!callee) {
      return fail(std::move(callee.error()));
    }
    return call_from_here(*callee, at.opcode == opcode::return_call_indirect);
  }
  }
}

result<fake_interpreter::outcome> fake_interpreter::branch(std::uint64_t depth)
{
  if (depth >= labels_.size()) {
    return outcome::returned;
  }
  labels_.resize(labels_.size() - depth);
  const label to = labels_.back();
  labels_.pop_back();
  stack_->resize(to.height);
  place_ = to.target;
  return outcome::jumped;
}

result<std::uint64_t> fake_interpreter::indirect_callee(const fake_operation& at)
{
  const auto& table = store_.tables_[instance_->tables[at.second] - 1];
  const std::uint32_t index = pop32();
  if (index >= table.elements.size()) {
    return fail(trap("undefined element: out of bounds table access"));
  }
  const std::uint64_t callee = table.elements[index];
  if (callee == 0) {
    return fail(trap("uninitialized element"));
  }
  if (store_.functions_[callee - 1].type != instance_->module->layout().types[at.first].signature) {
    return fail(trap("indirect call type mismatch"));
  }
  return callee;
}

result<fake_interpreter::outcome> fake_interpreter::call_from_here(std::uint64_t number, bool is_tail)
{
  if (is_tail) {
    tail_callee_ = number;
    return outcome::tail_called;
  }
  fake_interpreter inner(store_);
  if (auto called = inner.call(number, *stack_); !called) {
    return fail(std::move(called.error()));
  }
  return outcome::next;
}

result<fake_interpreter::outcome> fake_interpreter::memory_access(const fake_operation& at)
{
  observe();
  const bool is_load = at.opcode == i32_load || at.opcode == i32_atomic_load || at.opcode == i64_atomic_load;
  const std::size_t size = at.opcode == i64_atomic_load ? sizeof(std::uint64_t) : sizeof(std::uint32_t);
  const std::uint32_t value = is_load ? 0 : pop32();
  const std::uint64_t address = pop32() + at.second;
  const std::span<std::byte> bytes = store_.bytes_of(instance_->memories[at.first]);
  if (bytes.size() < size || address > bytes.size() - size) {
    return fail(trap("out of bounds memory access"));
  }
  // Other threads may be at the same word: plain accesses are relaxed atomics here, as they are in machine code.
  auto* word = reinterpret_cast<std::uint32_t*>(bytes.data() + address);
  switch (at.opcode) {
  case i32_load:
    stack_->push_back(__atomic_load_n(word, __ATOMIC_RELAXED));
    break;
  case i32_store:
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
    break;
  case i32_atomic_load:
    stack_->push_back(__atomic_load_n(word, __ATOMIC_SEQ_CST));
    break;
  case i64_atomic_load:
    stack_->push_back(__atomic_load_n(reinterpret_cast<std::uint64_t*>(word), __ATOMIC_SEQ_CST));
    break;
  case i32_atomic_store:
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
    break;
  default:
    stack_->push_back(__atomic_fetch_add(word, value, __ATOMIC_SEQ_CST));
  }
  return outcome::next;
}

result<fake_interpreter::outcome> fake_interpreter::arithmetic(const fake_operation& at)
{
  if (at.opcode == 0x45) { // i32.eqz
    stack_->push_back(pop32() == 0 ? 1 : 0);
    return outcome::next;
  }
  if (at.opcode == 0xa7) { // i32.wrap_i64
    stack_->push_back(pop32());
    return outcome::next;
  }
  if (at.opcode == 0x88) { // i64.shr_u
    const std::uint64_t places = pop() % 64;
    stack_->push_back(pop() >> places);
    return outcome::next;
  }
  const std::uint32_t right = pop32();
  const std::uint32_t left = pop32();
  const auto combined = [&]() -> std::uint32_t {
    switch (at.opcode) {
    case 0x46:
      return left == right ? 1 : 0;
    case 0x47:
      return left != right ? 1 : 0;
    case 0x48:
      return static_cast<std::int32_t>(left) < static_cast<std::int32_t>(right) ? 1 : 0;
    case 0x49:
      return left < right ? 1 : 0;
    case 0x4f:
      return left >= right ? 1 : 0;
    case 0x6a:
      return left + right;
    case 0x6b:
      return left - right;
    default:
      return left * right;
    }
  }();
  stack_->push_back(combined);
  return outcome::next;
}

} // namespace interlink::support
