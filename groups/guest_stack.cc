// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest's stack in linear memory, which nothing guards: its pointer, its lower end, and the comparison of the two.
// Instrumented code compares wherever a frame begins (wasm/instrumenter.hh), the host when a group catches up.
#include "groups/group_store.hh"
#include "groups/instance_group.hh"
#include "messages/guest_end.hh"

#include <algorithm>
#include <utility>

#include "wasm/reserved_names.hh"

namespace interlink {

using engine::value_slot;

std::optional<std::uint32_t> group_store::stack_pointer()
{
  return stack_pointer_ ? std::optional(store_->global_get(*stack_pointer_).i32()) : std::nullopt;
}

std::uint32_t group_store::compared_stack_low() const
{
  // Nobody told where the stack ends: all within a gibibyte of its upper end may be stack.
  constexpr std::uint64_t far_below = std::uint64_t{1} << 30;
  const std::uint64_t high = parameters_.stack_high.value;
  const std::uint64_t low = stack_low_ != 0 || high < far_below ? stack_low_ : high - far_below;
  return std::max(static_cast<std::uint32_t>(low), reserved::small_frame_bytes);
}

void group_store::set_stack_low(std::uint32_t low)
{
  stack_low_ = low;
  for (const auto& [id, instance] : instances_) {
    if (instance.stack_low) {
      store_->global_set(*instance.stack_low, value_slot::of_i32(compared_stack_low()));
    }
  }
  if (closures_stack_low_) {
    store_->global_set(*closures_stack_low_, value_slot::of_i32(compared_stack_low()));
  }
}

void group_store::set_stack_pointer(std::uint32_t value)
{
  if (stack_pointer_) {
    store_->global_set(*stack_pointer_, value_slot::of_i32(value));
  }
}

result<void> instance_group::check_stack()
{
  // Nothing can guard linear memory, so the stack is compared with its limit where the host sees it.
  const std::uint32_t low = store_->stack_low();
  if (store_->has_own_stack_pointer() || low == 0) {
    return {};
  }
  const std::optional<std::uint32_t> pointer = store_->stack_pointer();
  // A large frame goes through 0: no stack ends beyond the memory.
  const std::size_t end = store_->memory().size();
  if (pointer && *pointer != 0 && (*pointer < low || *pointer > end)) {
    error_detail detail;
    detail.message =
        "stack overflow: the stack pointer is outside of the stack of thread " + std::to_string(id().value);
    detail.expected = "at least " + std::to_string(low) + ", at most " + std::to_string(end);
    detail.found = std::to_string(*pointer);
    detail.remedy = "give the thread a larger stack: pthread_attr_setstacksize, or --stack-size for the main thread";
    return fail(trap_of(std::move(detail)));
  }
  return {};
}

error instance_group::with_stack_overflow(const error& failure)
{
  // The code's own comparison ends with `unreachable`, which an abort of the guest's does, too.
  const auto& trap = failure.detail().trap;
  if (failure != errc::guest_trapped || !trap || !trap->message.contains("unreachable")) {
    return failure;
  }
  const result<void> checked = check_stack();
  if (checked) {
    return failure;
  }
  error_detail detail = checked.error().detail();
  detail.module_name = failure.detail().module_name;
  detail.trap = trap_record{detail.message, trap->frames};
  return {errc::guest_trapped, std::move(detail)};
}

} // namespace interlink
