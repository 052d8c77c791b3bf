// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "trace/check.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>
#include <vector>

#include "trace/causal_order.hh"

namespace interlink::trace {

namespace {

constexpr std::array<std::string_view, run_rule_count> rule_texts{
    "each operation is published once, in the order of the log",
    "versions never go back",
    "every group applies the same operations in the same order",
    "as many groups complete an operation as its commit has counted",
    "no call runs below the version that its thread must have applied",
    "constructors run once, dependencies first",
    "every request is answered once",
    "every wait ends",
    "what an actor does is nested, and within its life"};

struct operation_state {
  std::set<group_id> members; ///< groups that it counts
  bool is_published{};
  bool is_settled{};
};

struct open_slice {
  event_kind kind{};
  std::uint32_t message{};
};

struct thread_state {
  bool is_joined{}; ///< by the coordinator's word
  bool is_gone{};   ///< the coordinator has taken it off its roster
  bool has_ended{}; ///< it has said so itself
  bool is_lost{};
  std::uint32_t applied{};          ///< the last operation
  std::uint32_t told{};             ///< the newest version that it has been told of
  std::uint32_t asked{};            ///< its request that is not answered
  std::size_t constructors{};       ///< that it is in
  std::optional<event_kind> last{}; ///< what it did last
  std::vector<open_slice> open;
};

struct request_state {
  group_id from;
  bool is_received{};
  bool is_held{};
  bool is_answered{};
  std::uint32_t version{}; ///< of the answer
};

struct module_state {
  std::set<std::uint32_t> needs;
  group_id loader; ///< who has committed it
  group_id beginner;
  bool is_begun{};
  bool is_done{};
};

/// One rule after the other is tried on each event; the first that does not hold ends the run.
class checker {
public:
  explicit checker(const recorded_trace& trace) : trace_(trace) {}

  run_check run()
  {
    for (const std::size_t place : causal_order(trace_, causes_from_others(trace_))) {
      event_ = &trace_.events[place];
      event_->actor == no_group ? see_coordinator() : see_thread(threads_[event_->actor]);
      if (made_.broken) {
        return std::move(made_);
      }
    }
    event_ = nullptr;
    see_end();
    return std::move(made_);
  }

private:
  template <class... Values>
  bool require(run_rule rule, bool holds, fmt::format_string<Values...> problem, Values&&... values)
  {
    ++made_.checked[rule];
    if (!holds && !made_.broken) {
      made_.broken = broken_rule{rule, fmt::format(problem, std::forward<Values>(values)...),
                                 event_ == nullptr ? std::nullopt : std::optional(*event_)};
    }
    return holds;
  }

  // ---- The coordinator ----

  void see_coordinator()
  {
    const recorded_event& event = *event_;
    see_slices(coordinators_);
    switch (event.kind) {
    case event_kind::receive:
      event.phase == event_phase::end ? end_turn() : begin_turn();
      break;
    case event_kind::send:
      see_answer();
      break;
    case event_kind::hold:
      see_hold();
      break;
    case event_kind::commit:
      see_commit();
      break;
    case event_kind::publish:
      see_publication();
      break;
    case event_kind::construct:
      see_order();
      break;
    case event_kind::spawn: {
      thread_state& thread = threads_[event.peer];
      require(run_rule::order_of_actors, !thread.is_joined, "thread {} joins twice", event.peer.value);
      thread.is_joined = true;
      thread.applied = thread.told = event.subject;
      roster_.insert(event.peer);
      require(run_rule::versions_rise, event.subject == committed_, "thread {} joins at version {}, the log is at {}",
              event.peer.value, event.subject, committed_);
      break;
    }
    case event_kind::exit:
      require(run_rule::order_of_actors, roster_.erase(event.peer) == 1, "thread {} leaves, and was not there",
              event.peer.value);
      threads_[event.peer].is_gone = true;
      break;
    default:
      break;
    }
  }

  void begin_turn()
  {
    const recorded_event& event = *event_;
    end_turn(); // of a time when only their beginnings were recorded
    request_state& request = requests_[event.message];
    const bool is_of_thread = event.peer != no_group && threads_.contains(event.peer) && threads_[event.peer].is_joined;
    require(run_rule::answers, !is_of_thread || request.from == event.peer,
            "message {} is received from thread {}, which has not sent it", event.message, event.peer.value);
    require(run_rule::answers, !request.is_received, "message {} is received twice", event.message);
    request.is_received = true;
    turn_ = event.message;
  }

  void end_turn()
  {
    if (const std::uint32_t message = std::exchange(turn_, 0)) {
      const request_state& request = requests_[message];
      require(run_rule::answers, request.is_answered || request.is_held,
              "the turn of message {} ends without an answer, and nothing is waited for", message);
    }
  }

  void see_answer()
  {
    const recorded_event& event = *event_;
    request_state& request = requests_[event.message];
    require(run_rule::answers, request.is_received, "message {} is answered, and was not received", event.message);
    require(run_rule::answers, !request.is_answered, "message {} is answered twice", event.message);
    require(run_rule::versions_rise, event.subject >= answered_ && event.subject == committed_,
            "an answer tells of version {}, after {}, and the log is at {}", event.subject, answered_, committed_);
    answered_ = event.subject;
    request.is_answered = true;
    request.is_held = false;
    request.version = event.subject;
    waits_for_.erase(event.peer);
    // Who waits for this thread now, by whatever chain: for those it need not wait.
    waiting_for_it_[event.peer] = waiting_for(event.peer);
  }

  void see_hold()
  {
    const recorded_event& event = *event_;
    request_state& request = requests_[event.message];
    require(run_rule::answers, request.is_received && !request.is_answered, "message {} is held, and is not under way",
            event.message);
    request.is_held = true;
    waits_for_[request.from] = event.peer;
  }

  void see_commit()
  {
    const recorded_event& event = *event_;
    require(run_rule::one_publication, event.subject == committed_ + 1, "operation {} is committed after operation {}",
            event.subject, committed_);
    committed_ = event.subject;
    operations_[event.subject].members = roster_;
    require(run_rule::completions, event.peer.value == roster_.size(),
            "operation {} counts {} groups, and there are {}", event.subject, event.peer.value, roster_.size());
    committer_ = requests_.contains(event.cause) ? requests_[event.cause].from : no_group;
  }

  void see_publication()
  {
    const std::uint32_t version = event_->subject;
    require(run_rule::one_publication, version == published_ + 1 && version <= committed_,
            "operation {} is published after operation {}, and the log is at {}", version, published_, committed_);
    published_ = version;
    operations_[version].is_published = true;
  }

  void see_order()
  {
    module_state& module = modules_[event_->subject];
    module.loader = committer_;
    if (event_->peer != no_group) {
      module.needs.insert(event_->peer.value);
    }
  }

  std::set<group_id> waiting_for(group_id thread) const
  {
    std::set<group_id> all;
    for (const auto& [waiter, holder] : waits_for_) {
      group_id at = holder;
      for (std::size_t steps = 0; at != thread && steps < waits_for_.size(); ++steps) {
        const auto next = waits_for_.find(at);
        at = next == waits_for_.end() ? no_group : next->second;
      }
      if (at == thread) {
        all.insert(waiter);
      }
    }
    return all;
  }

  // ---- Threads ----

  void see_thread(thread_state& thread)
  {
    const recorded_event& event = *event_;
    require(run_rule::order_of_actors, thread.is_joined, "{} does something and has not joined",
            name_of_actor(event.actor));
    require(run_rule::order_of_actors,
            !thread.has_ended || event.kind == event_kind::settle || event.phase == event_phase::end,
            "{} does something after its exit", name_of_actor(event.actor));
    if (event.kind != event_kind::watchdog && !(event.kind == event_kind::wait && event.phase == event_phase::end)) {
      const bool waits = !thread.open.empty() && thread.open.back().kind == event_kind::wait;
      require(run_rule::waits, !waits, "{} goes on, and its wait has not ended", name_of_actor(event.actor));
    }
    see_slices(thread);
    thread.last = event.kind;
    switch (event.kind) {
    case event_kind::send:
      require(run_rule::answers, thread.asked == 0, "{} asks again, and message {} is not answered",
              name_of_actor(event.actor), thread.asked);
      require(run_rule::answers, requests_.try_emplace(event.message, request_state{.from = event.actor}).second,
              "message {} is sent twice", event.message);
      thread.asked = event.message;
      break;
    case event_kind::receive:
      see_reply(thread);
      break;
    case event_kind::catch_up:
      see_catch_up(thread);
      break;
    case event_kind::apply:
      event.note == event_note::failed ? void(thread.is_lost = true) : see_application(thread);
      break;
    case event_kind::settle:
      see_settlement();
      break;
    case event_kind::call:
      if (event.phase == event_phase::begin) {
        require(run_rule::call_version, event.subject == thread.applied && event.subject >= thread.told,
                "a call at version {}: its thread has applied {}, and was told of {}", event.subject, thread.applied,
                thread.told);
      }
      break;
    case event_kind::initialise:
      if (event.note == event_note::constructor) {
        see_constructor(thread);
      }
      break;
    case event_kind::exit:
      thread.has_ended = true;
      require(run_rule::order_of_actors, thread.is_gone, "{} ends, and has not left", name_of_actor(event.actor));
      require(run_rule::answers, thread.asked == 0, "{} ends, and message {} is not answered",
              name_of_actor(event.actor), thread.asked);
      break;
    default:
      break;
    }
  }

  void see_slices(thread_state& actor)
  {
    const recorded_event& event = *event_;
    if (event.phase == event_phase::begin) {
      actor.open.push_back({event.kind, event.message});
    } else if (event.phase == event_phase::end) {
      const bool is_innermost =
          !actor.open.empty() && actor.open.back().kind == event.kind && actor.open.back().message == event.message;
      const run_rule rule = event.kind == event_kind::wait ? run_rule::waits : run_rule::order_of_actors;
      if (require(rule, is_innermost, "{} {} ends, and is not what {} was in", to_string(event.kind), event.message,
                  name_of_actor(event.actor))) {
        actor.open.pop_back();
      }
    }
  }

  void see_reply(thread_state& thread)
  {
    const recorded_event& event = *event_;
    const request_state& request = requests_[event.message];
    require(run_rule::answers, thread.asked == event.message, "{} has an answer to message {}, and has asked {}",
            name_of_actor(event.actor), event.message, thread.asked);
    require(run_rule::answers, request.is_answered, "{} has an answer to message {} that nobody has given",
            name_of_actor(event.actor), event.message);
    require(run_rule::one_publication, request.version <= published_,
            "{} is told of version {}, which is not published: the head is {}", name_of_actor(event.actor),
            request.version, published_);
    thread.asked = 0;
    thread.told = std::max(thread.told, request.version);
  }

  void see_catch_up(const thread_state& thread)
  {
    const recorded_event& event = *event_;
    if (event.phase == event_phase::end) {
      require(run_rule::same_order, thread.is_lost || event.subject == thread.applied,
              "a catch up to operation {} ends at operation {}", event.subject, thread.applied);
    } else {
      require(run_rule::versions_rise, event.subject >= thread.applied,
              "a catch up to operation {}, and operation {} is applied", event.subject, thread.applied);
    }
  }

  void see_application(thread_state& thread)
  {
    const std::uint32_t version = event_->subject;
    require(run_rule::same_order, version == thread.applied + 1 && !thread.is_lost,
            "{} applies operation {} after operation {}", name_of_actor(event_->actor), version, thread.applied);
    require(run_rule::one_publication, version <= published_,
            "{} applies operation {}, which is not published: the head is {}", name_of_actor(event_->actor), version,
            published_);
    thread.applied = version;
  }

  bool has_completed(group_id member, std::uint32_t version) const
  {
    const thread_state& thread = threads_.at(member);
    return thread.applied >= version || thread.has_ended || thread.is_lost;
  }

  void see_settlement()
  {
    const std::uint32_t version = event_->subject;
    operation_state& operation = operations_[version];
    require(run_rule::completions, !operation.is_settled, "operation {} settles twice", version);
    operation.is_settled = true;
    require(run_rule::completions, operation.members.contains(event_->actor),
            "operation {} is settled by {}, which it does not count", version, name_of_actor(event_->actor));
    for (const group_id member : operation.members) {
      require(run_rule::completions, has_completed(member, version),
              "operation {} settles, and {} has not completed it", version, name_of_actor(member));
    }
  }

  void see_constructor(thread_state& thread)
  {
    const recorded_event& event = *event_;
    module_state& module = modules_[event.subject];
    if (event.phase == event_phase::end) {
      module.is_done = true;
      thread.constructors -= thread.constructors > 0 ? 1 : 0;
      return;
    }
    require(run_rule::constructors, !std::exchange(module.is_begun, true),
            "the constructors of module {} ({}) run again", event.subject, event.name);
    module.beginner = event.actor;
    for (const std::uint32_t needed : module.needs) {
      require(run_rule::constructors, may_follow(event.subject, needed, thread),
              "the constructors of module {} ({}) run before those of module {}, which it needs", event.subject,
              event.name, needed);
    }
    ++thread.constructors;
  }

  /// Dependencies first, but for what no order could do: modules that need each other, what this thread has in hand
  /// further out, and what threads have in hand that wait for this one.
  bool may_follow(std::uint32_t user, std::uint32_t needed, const thread_state& thread)
  {
    const module_state& module = modules_[needed];
    const group_id owner = module.is_begun ? module.beginner : module.loader;
    return module.is_done || needs(needed, user) || (owner == event_->actor && thread.constructors > 0) ||
           waiting_for_it_[event_->actor].contains(owner);
  }

  bool needs(std::uint32_t user, std::uint32_t needed)
  {
    std::set<std::uint32_t> seen;
    std::vector<std::uint32_t> left{user};
    while (!left.empty()) {
      const std::uint32_t at = left.back();
      left.pop_back();
      if (at == needed) {
        return true;
      }
      if (seen.insert(at).second) {
        left.insert(left.end(), modules_[at].needs.begin(), modules_[at].needs.end());
      }
    }
    return false;
  }

  // ---- The end ----

  void see_end()
  {
    for (const auto& [number, thread] : threads_) {
      const bool waits =
          std::ranges::any_of(thread.open, [](const open_slice& each) { return each.kind == event_kind::wait; });
      require(run_rule::waits, !thread.has_ended || !waits, "{} has ended, and its wait has not",
              name_of_actor(number));
    }
    for (const auto& [version, operation] : operations_) {
      // Whose last share was its last word may have been cut off before it said that the operation has settled.
      const bool is_over = std::ranges::all_of(operation.members, [&](group_id member) {
        const thread_state& thread = threads_.at(member);
        return thread.applied > version || (thread.applied == version && thread.last != event_kind::apply);
      });
      require(run_rule::completions, operation.is_settled || operation.members.empty() || !is_over || !trace_.is_whole,
              "operation {} was completed by all {} groups, and has not settled", version, operation.members.size());
    }
  }

  const recorded_trace& trace_;
  const recorded_event* event_ = nullptr;
  run_check made_;

  thread_state coordinators_;
  std::map<group_id, thread_state> threads_;
  std::map<std::uint32_t, request_state> requests_;
  std::map<std::uint32_t, operation_state> operations_;
  std::map<std::uint32_t, module_state> modules_;
  std::set<group_id> roster_;
  std::map<group_id, group_id> waits_for_;
  std::map<group_id, std::set<group_id>> waiting_for_it_; ///< when each thread was answered last
  std::uint32_t turn_ = 0;
  std::uint32_t committed_ = 0;
  std::uint32_t published_ = 0;
  std::uint32_t answered_ = 0;
  group_id committer_;
};

} // namespace

std::string_view to_string(run_rule rule)
{
  return rule_texts.at(static_cast<std::size_t>(rule));
}

run_check check(const recorded_trace& trace)
{
  run_check made;
  if (!trace.drops.empty()) {
    const recorded_drop& drop = trace.drops.front();
    made.incomplete = fmt::format("{} events of {} are missing: what others followed from is not known", drop.count,
                                  name_of_actor(drop.actor));
    return made;
  }
  return checker(trace).run();
}

std::string to_text(const run_check& checked)
{
  if (!checked.incomplete.empty()) {
    return "nothing can be proved: " + checked.incomplete + "\n";
  }
  if (checked.broken) {
    std::string text = fmt::format("broken: {}\n  {}\n", to_string(checked.broken->rule), checked.broken->problem);
    return text +
           (checked.broken->event ? "  at " + to_text(*checked.broken->event)
                                  : std::string("  when the recording ended")) +
           "\n";
  }
  std::string text = "all rules hold:\n";
  for (std::size_t i = 0; i < run_rule_count; ++i) {
    const auto rule = static_cast<run_rule>(i);
    const auto found = checked.checked.find(rule);
    text += fmt::format("  {:>8} times  {}\n", found == checked.checked.end() ? 0 : found->second, to_string(rule));
  }
  return text;
}

} // namespace interlink::trace
