// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a thread does and waits for, as far as its group shows it.
#pragma once

#include "groups/coordinator_messages.hh"
#include "messages/error.hh"
#include "messages/ids.hh"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace interlink {

class instance_group;

/// What a report says of one thread.
struct thread_report {
  group_id group;
  std::string waiting_in; ///< the host call in which it waits for the guest's own or the host's doing, or the embedder;
                          ///< what it waits for in the linker; empty when it computes
  std::string linker_wait{}; ///< what it waits for in the linker, and who holds it; empty when it does not
  std::chrono::milliseconds linker_waited{};
  std::string
      last_call{};   ///< the host call that it is in, or was in last; empty before the first and without a watchdog
  bool is_in_call{}; ///< it has not returned from it
  std::chrono::milliseconds since_call{};   ///< that it entered it
  std::vector<guest_frame> frames{};        ///< the newest that were seen, innermost first
  std::chrono::milliseconds since_frames{}; ///< that they were seen
};

/// What `group` shows of itself. Context: any thread.
thread_report describe_thread(const instance_group& group);

/// For a person: one line.
std::string to_string(const thread_report& thread);

/// For a person: what is waited for, and who holds it.
std::string to_string(const wait_holder& holder);

/// How long ago an event clock's reading was taken.
std::chrono::milliseconds since(std::uint64_t ticks);

} // namespace interlink
