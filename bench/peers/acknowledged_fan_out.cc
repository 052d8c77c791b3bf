// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Actors as one would write them first: the coordinator is one, as ours is; it sends every operation to the inbox of
// every other group and rings it, each group acknowledges when it next passes a host call, and the last acknowledgement
// lets the requester go on.
#include "actors/serial_actor.hh"
#include "bench/peers/agreement.hh"
#include "bench/peers/followers.hh"
#include "bench/peers/steps.hh"
#include "bench/support/guest_process.hh"
#include "bench/support/stopwatch.hh"

#include <asio/thread_pool.hpp>

#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <utility>

namespace interlink::bench {

namespace {

struct delivery;

/// What the coordinator is told.
struct coordinator_letter : mailbox_node {
  coordinator_letter() = default;
  virtual ~coordinator_letter() = default;
};

/// A requester's: changes the state, and says what the others must do. A turn may run on any group's thread.
struct request_letter : coordinator_letter {
  std::function<std::optional<operation_body>(topology&)> change;
  std::atomic<bool> is_answered{false};
  parker* at = nullptr;
};

/// Goes to one group with an operation, and back when it is carried out.
struct acknowledgement : coordinator_letter {
  std::shared_ptr<delivery> of; ///< until it is back
};

/// One operation on its way to all others.
struct delivery {
  operation_body operation;
  snapshot_ptr state; ///< with the operation done
  request_letter* asked_by = nullptr;
  std::vector<acknowledgement> acknowledgements;
  std::size_t open{}; ///< those not back
};

struct inbox {
  std::mutex mutex;
  std::deque<acknowledgement*> letters;
  std::atomic<bool> has_letters{false};
  snapshot_ptr known; ///< state as of the last operation carried out
};

using fan_out_member = member<inbox>;

class acknowledged_fan_out final : public agreement, private serial_actor {
public:
  acknowledged_fan_out() : acknowledged_fan_out(std::make_unique<asio::thread_pool>(1)) {}

  host_registry host_calls() override { return followers_.host_calls(); }

  void attach(process_core& core, const std::vector<group_id>& idle) override
  {
    state_ = core.coordination().state();
    followers_.attach(core, idle);
    for (fan_out_member* each : followers_.attached()) {
      each->state.known = state_.current;
    }
  }

  table_index look_up(instance_group& requester, library_handle library, std::string_view name) override
  {
    const fan_out_member& self = followers_.of(requester);
    if (const found_function known = find_in(*self.state.known, library, name); known.slot != null_slot) {
      return known.slot;
    }
    given_slot given;
    ask(requester, [&](topology& state) {
      given = give_slot(state, library, name);
      return given.operation;
    });
    if (given.operation) {
      carry_out(requester, *given.operation);
    }
    return given.slot;
  }

  void open(instance_group& requester, const load_request& request, double& own_work) override
  {
    std::optional<planned_load> load;
    ask(requester, [&](topology& state) {
      load = plan(state, requester.id(), request);
      return std::nullopt;
    });
    auto thunks = timed_part(own_work, [&] { return carry_out_first(requester, *load); });
    ask(requester, [&](topology& state) { return commit_load(state, load->id, std::move(thunks)); });
    std::optional<module_id> running;
    do {
      ask(requester, [&](topology& state) {
        running = next_constructor_of(state, requester.id(), *load, running);
        return std::nullopt;
      });
      if (running) {
        timed_part(own_work, [&] { call_constructor(requester, *running); });
      }
    } while (running);
  }

private:
  explicit acknowledged_fan_out(std::unique_ptr<asio::thread_pool> background)
      : serial_actor(background->get_executor()), background_(std::move(background))
  {
  }

  /// Tells the coordinator and waits until all have acknowledged; serves its own inbox meanwhile.
  void ask(instance_group& group, std::function<std::optional<operation_body>(topology&)> change)
  {
    fan_out_member& self = followers_.of(group);
    request_letter request;
    request.change = [&](topology& state) {
      auto operation = change(state);
      self.state.known = state.current;
      return operation;
    };
    request.at = &self.sleeper;
    tell(request);
    while (!request.is_answered.load(std::memory_order_acquire)) {
      self.sleeper.park();
      read_inbox(group, self);
    }
  }

  void handle(mailbox_node& node) override
  {
    auto& letter = static_cast<coordinator_letter&>(node);
    if (auto* back = dynamic_cast<acknowledgement*>(&letter)) {
      const std::shared_ptr<delivery> of = std::move(back->of);
      if (--of->open == 0) {
        answer(*of->asked_by);
      }
      return;
    }
    auto& request = static_cast<request_letter&>(letter);
    if (auto operation = request.change(state_); operation && followers_.attached().size() > 1) {
      send(request, std::move(*operation));
    } else {
      answer(request);
    }
  }

  void send(request_letter& request, operation_body operation)
  {
    const auto& all = followers_.attached();
    const auto sent = std::make_shared<delivery>();
    sent->operation = std::move(operation);
    sent->state = state_.current;
    sent->asked_by = &request;
    sent->open = all.size() - 1;
    sent->acknowledgements = std::vector<acknowledgement>(sent->open);
    auto next = sent->acknowledgements.begin();
    for (fan_out_member* other : all) {
      if (&other->sleeper != request.at) {
        next->of = sent;
        {
          const std::lock_guard lock(other->state.mutex);
          other->state.letters.push_back(&*next++);
          other->state.has_letters.store(true, std::memory_order_release);
        }
        followers_.wake(*other);
      }
    }
  }

  void finish_batch() override {}

  static void answer(request_letter& request)
  {
    parker& at = *request.at;
    request.is_answered.store(true, std::memory_order_release);
    at.unpark();
  }

  /// In a host call: carries out what has come, and acknowledges it.
  void read_inbox(instance_group& group, fan_out_member& self)
  {
    while (self.state.has_letters.load(std::memory_order_acquire)) {
      acknowledgement* letter = nullptr;
      {
        const std::lock_guard lock(self.state.mutex);
        letter = self.state.letters.front();
        self.state.letters.pop_front();
        self.state.has_letters.store(!self.state.letters.empty(), std::memory_order_relaxed);
      }
      carry_out(group, letter->of->operation);
      self.state.known = letter->of->state;
      tell(*letter);
    }
  }

  std::unique_ptr<asio::thread_pool> background_;
  followers<inbox> followers_{[this](instance_group& group, fan_out_member& self) { read_inbox(group, self); }};
  topology state_;
};

} // namespace

std::unique_ptr<agreement> make_acknowledged_fan_out()
{
  return std::make_unique<acknowledged_fan_out>();
}

} // namespace interlink::bench
