// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What everybody in a process does at one moment, for a person who asks while it runs: each thread with its state, host
// call and guest frames, what it waits for and who holds that; what the coordinator has in hand.
#pragma once

#include "messages/error.hh"

#include <functional>
#include <memory>
#include <string>

namespace interlink {

class process_core;

/// The report, several lines without the last newline. Wakes every wait, so that each thread shows its frames, and
/// waits a moment for them; a thread that computes does not show any. Stops nobody. Context: one thread at a time, none
/// that runs turns which others left.
std::string describe_process(process_core& process);

/// The same in a thread of its own, which then calls `done`. Errors: spawn_failed.
result<void> start_report(std::shared_ptr<process_core> process, std::function<void(const std::string&)> done);

} // namespace interlink
