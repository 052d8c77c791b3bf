// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The coordinator: the only writer of topology. Its turns replace a token and a lock: they take decisions (all of them
// pure functions of linker/topology.hh), append operations to the log and publish. It never waits, does no I/O,
// compiles nothing and runs no guest code; a request that cannot be answered yet is parked, not waited for.
//
// Invariants:
//   C1  Append, then snapshot, then head, then anything of the snapshot leaves, by a reply or by a reader of the
//       snapshot: an index that somebody has learned is published.
//   C2  Every request is answered exactly once.
//   C3  A range freed at version k is reused only once k was published and no lane held a version below k.
#pragma once

#include "actors/publication.hh"
#include "actors/serial_actor.hh"
#include "groups/coordinator_messages.hh"
#include "linker/topology.hh"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace interlink {

/// Told about operations and waits; what a trace or a test sees. Called in turns, unless said otherwise: must not wait.
/// An operation is told of before it is published: no index of it may leave from here.
struct coordinator_observer {
  std::function<void(topology_version, const operation_body&)> on_publish;
  std::function<void()> on_turn;
  /// Told by the waiting thread itself, outside of any turn: when a wait has lasted half of `watchdog`, then the whole,
  /// then whenever it has doubled. Never when `watchdog` is zero.
  std::function<void(group_id, const linker_wait&, std::chrono::milliseconds waited)> on_long_wait;
  std::chrono::milliseconds watchdog{0};
  std::function<std::shared_ptr<void>()> keep_alive; ///< the coordinator's owner
  std::shared_ptr<event_recorder> recorder;          ///< null: records nothing
};

/// Context: `ask`, `head`, `current` from any thread; everything else in turns.
class coordinator final : public serial_actor {
public:
  /// `head_word` is the published version, in the control memory; 0, and it outlives the coordinator.
  coordinator(topology initial, std::uint64_t* head_word, asio::any_io_executor continue_on,
              coordinator_observer observer = {});

  /// Sends a request and waits for its reply. A turn may run on the calling thread. Beyond `limit` the request is given
  /// up, if it is parked: one whose turn has come is answered at once anyway.
  /// Errors (as a reply): stopping, cancelled, deadline_passed, and those of the request.
  coordinator_reply ask(request_channel& channel, group_id from, coordinator_request_body body,
                        const wait_limit& limit = {});

  /// For reports. Nothing when its turn has not come by the deadline, for a turn is under way that does not end; the
  /// channel then serves the next such call as well, and lives until it is answered. Context: one thread at a time.
  std::optional<coordinator_view> inspect(request_channel& channel, parker::clock::time_point deadline);

  /// Version published last. Sequentially consistent: pairs with the publication.
  topology_version head() const { return publication_.head(); }

  /// The newest snapshot. It is published: no head that guest code reads from here on is older.
  snapshot_ptr current() const { return publication_.current(); }

  /// A cursor at the last operation, which keeps all later ones alive. Context: a turn, or while nobody asks.
  group_log::cursor log_tail() const { return log_.tail(); }

  /// Its last events. Context: any thread.
  const event_ring& events() const { return events_->ring(); }

  /// The coordinator's own state, for tests and reports. Pre: nobody sends meanwhile.
  const topology& state() const { return state_; }

private:
  /// Nothing: the message stays parked, and is answered by a later turn.
  using turn_reply = std::optional<coordinator_reply>;

  /// Until the request of the channel is answered.
  void await(request_channel& channel, group_id from, const wait_limit& limit);
  /// Parks a request: reports say what it waits for.
  turn_reply park(coordinator_message& message, wait_holder holder);
  void unpark(coordinator_message& message, coordinator_reply reply);

  void handle(mailbox_node& message) override;
  void finish_batch() override;

  std::shared_ptr<void> keep_alive() override { return observer_.keep_alive ? observer_.keep_alive() : nullptr; }

  turn_reply turn(coordinator_message& message, prepare_load_request& request);
  turn_reply turn(coordinator_message& message, commit_load_request& request);
  turn_reply turn(coordinator_message& message, abandon_load_request& request);
  turn_reply turn(coordinator_message& message, await_load_request& request);
  turn_reply turn(coordinator_message& message, add_memory_request& request);
  turn_reply turn(coordinator_message& message, next_constructor_request& request);
  turn_reply turn(coordinator_message& message, assign_slot_request& request);
  turn_reply turn(coordinator_message& message, bind_lazy_request& request);
  turn_reply turn(coordinator_message& message, allocate_slots_request& request);
  turn_reply turn(coordinator_message& message, join_request& request);
  turn_reply turn(coordinator_message& message, leave_request& request);
  turn_reply turn(coordinator_message& message, close_request& request);
  turn_reply turn(coordinator_message& message, unload_request& request);
  turn_reply turn(coordinator_message& message, pin_request& request);
  turn_reply turn(coordinator_message& message, closure_request& request);
  turn_reply turn(coordinator_message& message, stop_request& request);
  turn_reply turn(coordinator_message& message, inspect_request& request);

  turn_reply slot_reply(result<slot_outcome> outcome);
  /// Answers those who wait for a load that has been committed or abandoned, or for a close that is over.
  void answer_ended_loads();
  /// A load in flight, or a close between its two turns.
  bool is_under_way(load_id id) const;
  void append(operation_body operation);
  void append(std::vector<operation_body>& operations);
  /// Records what the turn under way does.
  void record(event_kind kind, std::uint64_t subject, group_id peer = no_group);
  void record_commit(topology_version version, const operation_body& operation);
  void answer(coordinator_message& message, coordinator_reply reply);
  void answer_parked(std::vector<coordinator_message*>& waiting, const coordinator_reply& reply);
  void wake_constructor_waiters();
  void give_up(coordinator_message& request, errc reason);
  void note_reusable_memory();

  topology state_;
  group_log log_;
  publication<snapshot> publication_;
  coordinator_observer observer_;

  std::map<group_id, group_lane_ptr> lanes_;
  std::map<load_id, std::vector<coordinator_message*>> await_load_; ///< parked until the load ends
  std::vector<coordinator_message*> await_constructor_;             ///< parked until a construction moves on
  std::vector<coordinator_message*> answered_; ///< replies of this batch, leaving after publication
  bool is_stopping_ = false;

  std::shared_ptr<event_recorder> recorder_;
  std::shared_ptr<actor_events> events_;
  std::deque<std::weak_ptr<const group_log::node>> unsettled_; ///< the oldest first, some settled ones among them
  std::vector<std::uint32_t> causes_; ///< of the operations of this batch: the messages of their turns
};

} // namespace interlink
