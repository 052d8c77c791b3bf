// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Starting groups: the main one, and one for each thread that a guest spawns. The parent's thread joins the roster in
// one turn, builds the child's store (phase 1) and starts its thread last; the child runs phase 2 first thing. Spawns
// run in parallel and hold nothing.
#pragma once

#include "messages/error.hh"
#include "messages/ids.hh"

#include <cstdint>
#include <functional>
#include <memory>

namespace interlink {

class instance_group;
class process_core;

enum class thread_abi : std::uint8_t { wasi_threads, wasix };

/// Source: WASIX guest ABI: thread numbers are 1 .. 2^29 - 1.
inline constexpr std::uint32_t thread_id_max = (1U << 29) - 1;

/// Starts the guest thread described by the structure at `start_argument`. The number of the new thread.
/// Errors: spawn_failed (the guest's EAGAIN) whatever the host lacks; invalid_argument for a bad structure; what
/// unwinds the parent.
result<group_id> spawn_thread(instance_group& parent, std::uint32_t start_argument, thread_abi abi);

/// Starts the first group's thread, which runs `body` and then ends. `body` returns how the thread ended.
/// Errors: those of building a group.
result<group_id> start_first_group(const std::shared_ptr<process_core>& process,
                                   std::move_only_function<result<void>(instance_group&)> body);

/// A host thread with a group of its own, without a libc thread: for freestanding modules. Like the above, beside
/// others.
result<group_id> start_bare_group(const std::shared_ptr<process_core>& process,
                                  std::move_only_function<result<void>(instance_group&)> body);

} // namespace interlink
