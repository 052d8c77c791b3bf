// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the watchdog says of a wait in the linker that has lasted too long: what is waited for and since when, who holds
// it, what that one does (its last host call, and its frames if they could be seen), what all threads wait in, and the
// last events of each actor. Built by the thread that waits, from what the others show of themselves; stops nobody.
#pragma once

#include "groups/coordinator_messages.hh"
#include "groups/thread_table.hh"
#include "messages/ids.hh"

#include <chrono>
#include <string>

namespace interlink {

class instance_group;
class process_core;

/// What `group` shows of itself. Context: any thread.
thread_report describe_thread(const instance_group& group);

/// For a person: one line.
std::string to_string(const thread_report& thread);

/// The whole report, several lines without the last newline. `wait` is `waiter`'s.
std::string describe_wait(const process_core& process, group_id waiter, const linker_wait& wait,
                          std::chrono::milliseconds waited);

} // namespace interlink
