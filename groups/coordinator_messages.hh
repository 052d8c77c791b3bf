// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What groups ask of the coordinator, and what it answers. Each request is one turn. A group owns one request node and
// one cancel node (its `request_channel`), so it has at most one request under way and never meets a full mailbox.
#pragma once

#include "actors/mailbox.hh"
#include "actors/operation_log.hh"
#include "actors/parker.hh"
#include "linker/topology.hh"
#include "messages/operation.hh"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

namespace interlink {

using group_log = operation_log<operation_body>;

/// The version below which a group can no longer write memory that was freed; `clear` when it is in no catch up.
/// The group writes it, the coordinator reads it (design section 5, "Reuse").
struct group_lane {
  static constexpr std::uint64_t clear = ~std::uint64_t{0};
  std::atomic<std::uint64_t> version{clear};
};

using group_lane_ptr = std::shared_ptr<group_lane>;

// ---- Requests ----

struct prepare_load_request {
  load_request load;
};

struct commit_load_request {
  load_id id;
  std::vector<module_artifact_ptr> thunk_artifacts;
};

struct abandon_load_request {
  load_id id;
};

/// Answered when the load has been committed or abandoned.
struct await_load_request {
  load_id id;
};

struct add_memory_request {
  memory_range range;
};

/// Answered at once when there is a constructor to run or nothing left; else when the one waited for has moved on: the
/// group then asks again.
struct next_constructor_request {
  load_id own;
  module_id root;
  std::optional<module_id> finished; ///< the constructor that the group was told to run before
  bool hands_over{};                 ///< an exception left it: the load's others pass to whoever needs them next
};

struct assign_slot_request {
  module_id provider;
  std::uint32_t export_ordinal{};
};

struct bind_lazy_request {
  module_id importer;
  std::uint32_t thunk_number{};
};

struct allocate_slots_request {
  std::uint32_t count{};
};

/// A parent asks on behalf of the group to be; so the reply names a new group.
struct join_request {
  std::optional<memory_address> main_tls;
  std::uint64_t stack_bytes{}; ///< above 0: the group needs a stack of its own
};

/// A group's last request. Its parked request, if any, was answered before (it is one group, one request).
struct leave_request {
  group_id group;
  std::optional<load_id> in_flight; ///< slots emptied, ranges zeroed
};

struct close_request {
  library_handle handle;
};

struct unload_request {
  std::vector<module_id> modules;
};

struct stop_request {
  std::uint32_t exit_code{};
};

using coordinator_request_body =
    std::variant<prepare_load_request, commit_load_request, abandon_load_request, await_load_request,
                 add_memory_request, next_constructor_request, assign_slot_request, bind_lazy_request,
                 allocate_slots_request, join_request, leave_request, close_request, unload_request, stop_request>;

// ---- Replies ----

struct done_reply {
  topology_version version; ///< published with or before this reply
};

/// The thing waited for has moved on; ask again.
struct ask_again_reply {};

struct join_reply {
  joined_group group;
  group_log::cursor cursor;
  group_lane_ptr lane; ///< set to the snapshot's version: cleared by the child when it is built
};

struct join_needs_memory_reply {
  needs_memory needed;
};

struct close_reply {
  std::vector<module_id> closing; ///< destructors to run, in this order
};

using coordinator_reply = std::variant<done_reply, ask_again_reply, prepare_outcome, run_constructor, constructors_done,
                                       slot_outcome, join_reply, join_needs_memory_reply, close_reply, error>;

/// A message to the coordinator: a request, or the cancel of one. Context: its group's thread until told; then the
/// coordinator's until answered.
struct coordinator_message : mailbox_node {
  coordinator_request_body body;
  coordinator_reply reply;
  group_id from;
  coordinator_message* cancels = nullptr; ///< set on a cancel node: the request to be given up
  std::shared_ptr<parker> at;             ///< unparked once `is_answered`
  std::atomic<bool> is_answered{false};
};

/// What one group needs to ask. Context: the group's thread.
struct request_channel {
  coordinator_message request;
  coordinator_message cancel;
  std::shared_ptr<parker> at = std::make_shared<parker>();
};

} // namespace interlink
