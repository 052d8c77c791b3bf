// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A group's closures: an instance of each batch of trampolines, made when the first of them is needed, and kept.
#include "groups/group_store.hh"
#include "linker/closures.hh"
#include "messages/assert.hh"
#include "messages/guest_end.hh"

#include <string>
#include <utility>

#include "wasm/reserved_names.hh"

namespace interlink {

using engine::extern_value;
using engine::value_slot;

bool group_store::can_have_closures()
{
  return environment_.control_memory && (shared_memory_ || private_memory_) && stack_pointer().value_or(0) != 0;
}

result<void> group_store::fill(std::span<const closure_fill> closures, const snapshot& in)
{
  for (const closure_fill& each : closures) {
    auto function = closure_function(each.binding, in);
    if (!function) {
      return fail(std::move(function.error()));
    }
    if (auto set = store_->table_set(function_table_, each.slot.value, *function); !set) {
      return set;
    }
  }
  return {};
}

result<void> group_store::fill_closures(const snapshot& from)
{
  std::vector<closure_fill> closures;
  from.closures->of_slot.for_each([&](std::size_t slot, closure_binding binding) {
    closures.push_back({table_index{static_cast<std::uint32_t>(slot)}, binding});
  });
  return fill(closures, from);
}

result<engine::function> group_store::closure_function(closure_binding binding, const snapshot& in)
{
  if (!binding.is_closure()) {
    return engine::function{};
  }
  if (!binding.is_prepared()) {
    if (is_null(unprepared_closure_)) {
      unprepared_closure_ = store_->make_function({}, [](engine::store&, std::span<value_slot>) -> result<void> {
        return fail(trap_of("a closure is called that is not prepared"));
      });
    }
    return unprepared_closure_;
  }
  const std::uint32_t batch = binding.number() / closures_per_batch;
  auto instance = closure_batches_.find(batch);
  if (instance == closure_batches_.end()) {
    auto made = instantiate_closures(*in.closures->batches[batch], batch);
    if (!made) {
      return fail(made.error().with_context("closures"));
    }
    instance = closure_batches_.emplace(batch, *made).first;
  }
  auto function = store_->find_export(instance->second, std::to_string(binding.number() % closures_per_batch));
  INTERLINK_ASSERT(function.has_value());
  return std::get<engine::function>(*function);
}

result<engine::instance> group_store::instantiate_closures(const closure_batch& batch, std::uint32_t number)
{
  const auto* code = dynamic_cast<const compiled_code*>(batch.code.get());
  INTERLINK_ASSERT(code != nullptr);
  if (!closures_applied_) {
    auto applied = store_->make_global({wasm::i32, true}, value_slot::of_i32(0)); // set when the catch up is done
    if (!applied) {
      return fail(std::move(applied.error()));
    }
    auto stack_low = store_->make_global({wasm::i32, true}, value_slot::of_i32(compared_stack_low()));
    if (!stack_low) {
      return fail(std::move(stack_low.error()));
    }
    closures_applied_ = *applied;
    closures_stack_low_ = *stack_low;
  }
  const std::uint32_t records =
      reserved::closure_records_address + number * closures_per_batch * std::uint32_t{sizeof(std::uint64_t)};
  auto base = store_->make_global({wasm::i32, false}, value_slot::of_i32(records));
  if (!base) {
    return fail(std::move(base.error()));
  }
  INTERLINK_ASSERT(shared_memory_ || private_memory_); // can_have_closures
  const std::vector<extern_value> imports{shared_memory_ ? extern_value(shared_memory_)
                                                         : extern_value(*private_memory_),
                                          environment_.control_memory,
                                          function_table_,
                                          runtime_table_,
                                          *stack_pointer_,
                                          *closures_stack_low_,
                                          *closures_applied_,
                                          *base};
  return store_->instantiate(*code->compiled, imports);
}

} // namespace interlink
