// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What groups ask of the coordinator, and what it answers. Each request is one turn. A group owns one request node and
// one cancel node (its `request_channel`), so it has at most one request under way and never meets a full mailbox.
#pragma once

#include "actors/event_recorder.hh"
#include "actors/group_lane.hh"
#include "actors/mailbox.hh"
#include "actors/operation_log.hh"
#include "actors/parker.hh"
#include "actors/published.hh"
#include "actors/shared_words.hh"
#include "linker/topology.hh"
#include "messages/error.hh"
#include "messages/event.hh"
#include "messages/operation.hh"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace interlink {

using group_log = operation_log<operation_body>;

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

/// Answered when the load has been committed or abandoned, or the close is over; at once when a wait for that close
/// would close a cycle of waits: asked again, `prepare_load` does without.
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
  bool hands_over{};                 ///< the load's others pass to whoever needs them next: an exception left this one,
                                     ///< or the group gave up waiting for those that come first
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

/// A group's last request; its load in flight, if there is one, is rolled back in its store and abandoned by this turn.
/// Its parked request, if any, was answered before (it is one group, one request).
struct leave_request {
  group_id group;
};

struct close_request {
  library_handle handle;
};

struct unload_request {
  std::vector<module_id> modules;
};

/// Its reply is an error, or done. See `pin_modules`.
struct pin_request {
  std::vector<module_id> modules;
  bool gives_back{}; ///< unpins them
};

/// Its reply is a slot_outcome.
struct closure_request {
  closure_change change;
  shared_words records; ///< in the control memory: the word of each trampoline
};

struct stop_request {
  std::uint32_t exit_code{};
};

/// For reports. Its reply is a `coordinator_view`.
struct inspect_request {};

using coordinator_request_body =
    std::variant<prepare_load_request, commit_load_request, abandon_load_request, await_load_request,
                 add_memory_request, next_constructor_request, assign_slot_request, bind_lazy_request,
                 allocate_slots_request, join_request, leave_request, close_request, unload_request, pin_request,
                 closure_request, stop_request, inspect_request>;

static_assert(std::variant_size_v<coordinator_request_body> == static_cast<std::size_t>(request_kind::none));

inline request_kind kind_of(const coordinator_request_body& body)
{
  return static_cast<request_kind>(body.index());
}

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

/// What the coordinator has in hand, for reports.
struct coordinator_view {
  struct load {
    load_id id;
    group_id group; ///< the requester, or the closer
    std::string library;
  };

  struct parked_request {
    group_id from;
    request_kind request{};
  };

  struct unsettled_operation {
    topology_version version;
    std::uint32_t pending{}; ///< groups that have not applied it
  };

  topology_version version;
  std::size_t groups{};
  std::size_t modules{};
  std::vector<load> loads;  ///< between prepare and commit
  std::vector<load> closes; ///< between the turns of a close
  std::vector<parked_request> parked;
  std::vector<unsettled_operation> unsettled;
  std::uint64_t table_slots{};
  std::uint64_t memory_pages{}; ///< that the linker needs
};

using coordinator_reply =
    std::variant<done_reply, ask_again_reply, prepare_outcome, run_constructor, constructors_done, slot_outcome,
                 join_reply, join_needs_memory_reply, close_reply, coordinator_view, error>;

/// How long a wait in the linker may last, and who can end it earlier. Context: a value; `is_cancelled` outlives the
/// wait.
struct wait_limit {
  wait_limit(std::optional<parker::clock::time_point> until = std::nullopt, // NOLINT(google-explicit-constructor)
             const std::atomic<bool>* cancelled = nullptr)
      : deadline(until), is_cancelled(cancelled)
  {
  }

  /// Why the wait is over; nothing while it is not.
  std::optional<errc> reason() const
  {
    if (is_cancelled != nullptr && is_cancelled->load(std::memory_order_acquire)) {
      return errc::cancelled;
    }
    return deadline && parker::clock::now() >= *deadline ? std::optional(errc::deadline_passed) : std::nullopt;
  }

  std::optional<parker::clock::time_point> deadline;
  const std::atomic<bool>* is_cancelled; ///< null, or set by a thread that then wakes the waiting one
};

enum class wait_target : std::uint8_t { load, constructor, close };

/// What a parked request waits for, as the turn that parked it saw it.
struct wait_holder {
  wait_target what{};
  group_id group;      ///< whose load, constructor or close it is
  load_id load;        ///< number of the load or close; no_load when a constructor is waited for
  std::string library; ///< path of the library under construction, that the load opens, or that is being closed
};

/// A group's wait in the linker. The wait counts from the first request, even if the group is woken and parks again.
/// Context: written by the group's thread, but for `holder`; read by any.
struct linker_wait {
  std::atomic<const char*> what{nullptr}; ///< null: it does not wait
  std::atomic<std::uint64_t> since{0};    ///< event_clock
  published<wait_holder> holder{nullptr}; ///< written by the turn that parks; null while no turn has come

  // The group's thread alone.
  parker::clock::time_point began;
  parker::clock::time_point next_notice;
};

/// A message to the coordinator: a request, or the cancel of one. Context: its group's thread until told; then the
/// coordinator's until answered.
struct coordinator_message : mailbox_node {
  coordinator_request_body body;
  coordinator_reply reply;
  group_id from;
  std::uint32_t id = 0;                   ///< for the recorder; 0 when that is off
  linker_wait* wait = nullptr;            ///< its channel's
  errc reason{};                          ///< on a cancel node: what the request is answered
  coordinator_message* cancels = nullptr; ///< set on a cancel node: the request to be given up
  std::shared_ptr<parker> at;             ///< unparked once `is_answered`
  std::atomic<bool> is_answered{false};
};

/// What one group needs to ask. Context: the group's thread.
struct request_channel {
  coordinator_message request;
  coordinator_message cancel;
  std::shared_ptr<parker> at = std::make_shared<parker>();
  linker_wait wait;
  std::function<void()> before_wait; ///< called by the waiting thread
  std::function<void()> when_woken;  ///< the same, whenever it is woken and may wait again
  actor_events* events = nullptr;    ///< its group's; null for those that are no group
};

} // namespace interlink
