// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "groups/instance_group.hh"

#include <new>
#include <utility>

#include "embed/operation_state.hh"

namespace interlink::v0::detail {

void operation_base::state::carried::abandon()
{
  operation.refuse(error(errc::stopping, "the process has ended, and its guest computes on"));
}

operation_base::operation_base() : state_{}
{
  static_assert(sizeof(state) <= state_size);
  new (state_) state(*this);
}

operation_base::~operation_base()
{
  own().~state();
}

bool operation_base::claim()
{
  return !own().is_complete.exchange(true, std::memory_order_acq_rel);
}

void operation_base::release()
{
  own().kept.reset();
}

void operation_base::cancel(bool is_terminal)
{
  const bool never_begins = own().progress.cancel();
  if (never_begins || is_terminal) {
    refuse(error(errc::cancelled, "the operation was cancelled")); // before the guest can answer
  }
  if (!never_begins) {
    const auto process = own().process.lock();
    if (const auto carrier = process == nullptr ? nullptr : process->threads.find(own().group)) {
      carrier->wake_waits();
    }
  }
}

} // namespace interlink::v0::detail
