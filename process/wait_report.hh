// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the watchdog says of a wait in the linker that has lasted too long: what is waited for and since when, who holds
// it, what that one does (its last host call, and its frames if they could be seen), what all threads wait in, and the
// last events of each actor. Built by the thread that waits, from what the others show of themselves; stops nobody.
#pragma once

#include "groups/coordinator.hh"
#include "messages/ids.hh"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "process/thread_table.hh"

namespace interlink {

/// The whole report, several lines without the last newline. `wait` is `waiter`'s.
std::string describe_wait(const coordinator& coordination, const thread_table& threads, group_id waiter,
                          const linker_wait& wait, std::chrono::milliseconds waited);

// Parts of it, for other reports. Each adds lines that begin with a newline.

/// Who is in a turn, as the coordinator's events show it: the newest request that it took.
std::string describe_turn(const coordinator& coordination);

void add_frames(std::string& text, const thread_report& thread);

/// Who holds what is waited for, what that one waits for in turn, and so on. A cycle cannot be, but what is read here
/// changes meanwhile.
void add_holders(std::string& text, const coordinator& coordination, const thread_table& threads,
                 const linker_wait& wait);

/// Operations of the embedder's on a group that wait for the return of the embedder's function that it is in, and for
/// how long it has been there.
struct held_calls {
  std::string function;
  std::chrono::milliseconds since{};
  std::size_t count{};
};

std::optional<held_calls> calls_held_up_by(const instance_group& group);

/// The report of it.
std::string describe(const held_calls& held, group_id holder);

} // namespace interlink
