// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host's memory may run out in any allocation. Sizes that a guest chooses are bounded before (messages/limits.hh,
// `wasi::bound`); what exceeds the host all the same ends the guest, not the host. Not so in a turn of the coordinator,
// which would leave the topology half changed: there it ends the host.
#pragma once

#include "messages/error.hh"
#include "messages/guest_end.hh"

#include <new>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace interlink {

/// The outcome of `work`, which returns a result; a trap of the guest when an allocation in it failed. `what` names it.
template <class Work>
std::invoke_result_t<Work> unless_exhausted(std::string_view what, Work&& work)
{
  try {
    return std::forward<Work>(work)();
  } catch (const std::bad_alloc&) {
    return fail(trap_of("the host has no memory left for " + std::string(what)));
  }
}

} // namespace interlink
