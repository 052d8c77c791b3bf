// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The code under test itself: the headers and sources of actors/ and the count of opens, compiled once more with the
// checked atomics, locks and shared pointers in place of those of the standard library. Everything else that they use
// is the library's own.
#pragma once

#include "messages/assert.hh"
#include "messages/event.hh"
#include "messages/ids.hh"
#include "tests/memory_model/checked.hh"

#include <asio/any_io_executor.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace checked_std {

using namespace ::std; // NOLINT: what is declared here hides it

using interlink::memory_model::atomic;
using interlink::memory_model::atomic_ref;
using interlink::memory_model::atomic_thread_fence;
using interlink::memory_model::condition_variable_any;
using interlink::memory_model::make_shared;
using interlink::memory_model::mutex;
using interlink::memory_model::shared_ptr;

} // namespace checked_std

#undef INTERLINK_ASSERT
#define INTERLINK_ASSERT(condition) ::interlink::memory_model::check(static_cast<bool>(condition), #condition)

#define std checked_std // NOLINT: on purpose, see above
#define noexcept        // NOLINT: an execution that ends early is left by an exception
#include "actors/event_ring.hh"
#include "actors/futex_table.hh"
#include "actors/group_lane.hh"
#include "actors/mailbox.hh"
#include "actors/operation_log.hh"
#include "actors/parker.hh"
#include "actors/publication.hh"
#include "actors/serial_actor.hh"
#include "linker/open_count.hh"
#undef noexcept
#undef std

namespace interlink {

/// Counts the drains that an actor has handed over, for whoever stands in for the background. Context: one execution.
inline memory_model::atomic<int>* hand_overs = nullptr;

} // namespace interlink
