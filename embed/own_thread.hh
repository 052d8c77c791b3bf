// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Work of an operation that takes time and needs no guest: reading, compiling, linking.
#pragma once

#include "actors/guest_thread.hh"

#include <memory>
#include <utility>

#include "embed/conversions.hh"
#include "embed/operation_state.hh"

namespace interlink::v0::detail {

/// Completes `done` with what `work`, which returns its result, has come to, on a thread made for it.
template <class T, class Work>
void on_own_thread(const std::shared_ptr<operation<T>>& done, Work work)
{
  constexpr std::size_t stack_bytes = std::size_t{8} << 20; // as a program's first thread: the compiler recurses
  done->own().progress.begin();
  auto started = guest_thread::start(stack_bytes, [done, work = std::move(work)]() mutable {
    auto outcome = work();
    done->complete(std::move(outcome));
  });
  if (!started) {
    done->refuse(to_public(started.error()));
  }
}

} // namespace interlink::v0::detail
