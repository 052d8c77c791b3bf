// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The coordinator decides, and does nothing else. Which addresses, slots and bindings a load gets, in which order
// operations come, who runs a constructor and who waits for whom: each is a decision that must be taken by one at a
// time. A lock would serve, were it not for the waits inside: a load compiles, reads files and runs guest code, and a
// lock held meanwhile stalls the program or deadlocks with the guest's own. So decisions are messages, each handled in
// a turn that never waits.
//
// A turn is a pure function of the topology (linker/topology.hh), a few microseconds long. The thread that finds the
// mailbox empty runs the turns itself, so an uncontended request costs no switch of threads.
//
// The order inside a batch is the protocol. Operations are appended, then the snapshot is made current, then the head
// is raised, and only then do replies leave (C1): no thread may learn an index that is not published yet, by whatever
// route.
//
// A request that cannot be answered yet is parked, and a later turn answers it. Each wait for constructors or for a
// close is tested for a cycle in the turn that parks it; a waiter that is woken asks again, in a turn of its own, so
// the test is made anew. Memory of an unloaded module is given out again only when no group can still write there (C3).
#include "groups/coordinator.hh"

#include "messages/assert.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <utility>

namespace interlink {

namespace {

/// "No reply yet": the message stays parked, and is answered by a later turn.
constexpr std::nullopt_t parked = std::nullopt;

const char* name_of(request_kind kind)
{
  static constexpr std::array<const char*, std::variant_size_v<coordinator_request_body>> names{
      "the planning of a load",
      "the commit of a load",
      "the abandoning of a load",
      "another thread's load or close of the same library",
      "the linker arena",
      "another thread's constructors",
      "a function slot",
      "a lazy binding",
      "function slots",
      "a new thread's place",
      "leaving",
      "a close",
      "an unload",
      "a library's stay",
      "a closure",
      "a stop",
      "a report"};
  return names[static_cast<std::size_t>(kind)];
}

/// What was waited for has moved on, and the group will ask, and maybe wait, again.
bool goes_on_waiting(const coordinator_reply& reply)
{
  if (const auto* prepared = std::get_if<prepare_outcome>(&reply)) {
    return std::holds_alternative<wait_for_load>(*prepared);
  }
  return std::holds_alternative<ask_again_reply>(reply);
}

/// The order of a load's constructors, each module with those it is to wait for: for the reader of a trace.
void record_order(const load_plan& plan, const snapshot& current, actor_events& events)
{
  for (const module_plan& module : plan.modules) {
    event order{.subject = module.id.value, .kind = event_kind::construct};
    events.write(order);
    for (const module_id each : current.find(module.id)->needed) {
      order.peer = group_id{each.value};
      events.write(order);
    }
  }
}

} // namespace

coordinator::coordinator(topology initial, std::uint64_t* head_word, asio::any_io_executor continue_on,
                         coordinator_observer observer)
    : serial_actor(std::move(continue_on)),
      state_(std::move(initial)),
      log_(resolve_function{}),
      publication_(state_.current, head_word),
      observer_(std::move(observer)),
      recorder_(observer_.recorder ? observer_.recorder : std::make_shared<event_recorder>(0)),
      events_(recorder_->add(no_group))
{
}

coordinator_reply coordinator::ask(request_channel& channel, group_id from, coordinator_request_body body,
                                   const wait_limit& limit)
{
  coordinator_message& request = channel.request;
  request.body = std::move(body);
  request.from = from;
  request.cancels = nullptr;
  if (request.at != channel.at) { // once: a count that is shared costs more than the comparison
    request.at = channel.at;
  }
  request.wait = &channel.wait;
  request.is_answered.store(false, std::memory_order_relaxed);
  const request_kind kind = kind_of(request.body);
  if (recorder_->is_on()) {
    request.id = channel.events == nullptr ? recorder_->take_messages(1) : channel.events->next_message();
    if (channel.events != nullptr) {
      channel.events->write({.message = request.id, .kind = event_kind::send, .request = kind});
    }
  }
  tell(request);
  if (!request.is_answered.load(std::memory_order_acquire)) {
    await(channel, from, limit);
  } // otherwise, as usual, this thread ran the turn, and need not know the time
  if (channel.events != nullptr) {
    channel.events->write({.message = request.id, .cause = request.id, .kind = event_kind::receive, .request = kind});
  }
  if (channel.wait.what.load(std::memory_order_relaxed) != nullptr && !goes_on_waiting(request.reply)) {
    channel.wait.what.store(nullptr, std::memory_order_relaxed);
  }
  return std::move(request.reply);
}

void coordinator::await(request_channel& channel, group_id from, const wait_limit& limit)
{
  using namespace std::chrono;
  const coordinator_message& request = channel.request;
  linker_wait& wait = channel.wait;
  if (channel.before_wait) {
    channel.before_wait();
  }
  if (wait.what.load(std::memory_order_relaxed) == nullptr) {
    wait.began = parker::clock::now();
    wait.next_notice = wait.began + observer_.watchdog / 2;
    wait.since.store(event_clock::now(), std::memory_order_relaxed);
  }
  const char* const what = name_of(kind_of(request.body));
  wait.what.store(what, std::memory_order_relaxed);
  std::optional<event_slice> waiting;
  if (channel.events != nullptr) {
    waiting.emplace(*channel.events, event{.name = channel.events->name_of_static(what),
                                           .cause = request.id,
                                           .kind = event_kind::wait,
                                           .request = kind_of(request.body)});
  }
  const bool is_watched = observer_.on_long_wait && observer_.watchdog > milliseconds(0);
  bool gave_up = false;
  while (!request.is_answered.load(std::memory_order_acquire)) {
    if (const auto reason = gave_up ? std::nullopt : limit.reason()) {
      // The group goes on only when the coordinator has answered the request itself: one node is never queued twice.
      gave_up = true;
      channel.cancel.from = from;
      channel.cancel.reason = *reason;
      channel.cancel.cancels = &channel.request;
      channel.cancel.at = channel.at;
      channel.cancel.is_answered.store(false, std::memory_order_relaxed);
      tell(channel.cancel);
      continue;
    }
    auto until = gave_up ? std::nullopt : limit.deadline;
    if (is_watched) {
      until = until ? std::min(*until, wait.next_notice) : wait.next_notice;
    }
    if (channel.at->park_regardless_of_stop(until) != wake_reason::deadline) {
      if (channel.when_woken) {
        channel.when_woken();
      }
      continue; // answered, cancelled, or a permit left over
    }
    if (const auto now = parker::clock::now(); is_watched && now >= wait.next_notice) {
      const auto waited = now - wait.began;
      wait.next_notice = wait.began + 2 * waited;
      observer_.on_long_wait(from, wait, duration_cast<milliseconds>(waited));
    }
  }
  while (gave_up && !channel.cancel.is_answered.load(std::memory_order_acquire)) {
    channel.at->park_regardless_of_stop(std::nullopt);
  }
}

void coordinator::handle(mailbox_node& node)
{
  auto& message = static_cast<coordinator_message&>(node);
  if (message.cancels != nullptr) {
    events_->begin_task(message.cancels->id);
    give_up(*message.cancels, message.reason);
    answer(message, done_reply{state_.current->version});
    return;
  }
  events_->begin_task(message.id);
  const bool has_details = events_->has_details();
  event turn_event{.message = message.id,
                   .cause = message.id,
                   .peer = message.from,
                   .kind = event_kind::receive,
                   .request = kind_of(message.body),
                   .phase = has_details ? event_phase::begin : event_phase::instant};
  events_->write(turn_event);
  if (observer_.on_turn) {
    observer_.on_turn();
  }
  std::visit(
      [&](auto& request) {
        if (auto reply = turn(message, request)) {
          answer(message, std::move(*reply));
        }
      },
      message.body);
  if (has_details) {
    turn_event.phase = event_phase::end;
    events_->write(turn_event);
  }
}

void coordinator::finish_batch()
{
  const topology_version version = state_.current->version;
  if (const topology_version before = publication_.head(); before != version) {
    // The events first: whoever sees the version records what it does with it later.
    for (std::uint64_t published = before.value + 1; published <= version.value; ++published) {
      events_->write({.subject = static_cast<std::uint32_t>(published),
                      .cause = causes_[published - before.value - 1],
                      .kind = event_kind::publish});
    }
    causes_.clear();
    publication_.publish(state_.current); // invariant C1
    if (events_->has_details()) {
      events_->write({.subject = static_cast<std::uint32_t>(state_.current->table_size), .kind = event_kind::slots});
    }
  }
  for (coordinator_message* message : answered_) {
    schedule_point(schedule_place::reply);
    if (is_drainers_own(*message)) {
      message->is_answered.store(true, std::memory_order_release); // its thread is this one, and looks before it parks
      continue;
    }
    // Once answered, the message is its group's again and may be gone: the parker is kept alive from here.
    const std::shared_ptr<parker> at = message->at;
    message->is_answered.store(true, std::memory_order_release);
    at->unpark();
  }
  answered_.clear(); // keeps its capacity for the next batch
}

void coordinator::answer(coordinator_message& message, coordinator_reply reply)
{
  INTERLINK_ASSERT(!message.is_answered.load(std::memory_order_relaxed) &&
                   std::ranges::find(answered_, &message) == answered_.end()); // invariant C2
  message.reply = std::move(reply);
  answered_.push_back(&message);
  if (message.cancels == nullptr) {
    events_->write({.subject = static_cast<std::uint32_t>(state_.current->version.value),
                    .message = message.id,
                    .peer = message.from,
                    .kind = event_kind::send,
                    .request = kind_of(message.body)});
  }
}

void coordinator::answer_parked(std::vector<coordinator_message*>& waiting, const coordinator_reply& reply)
{
  for (coordinator_message* message : std::exchange(waiting, {})) {
    unpark(*message, reply);
  }
}

void coordinator::append(operation_body operation)
{
  const topology_version version{log_.tail()->version().value + 1};
  if (observer_.on_publish) {
    observer_.on_publish(version, operation);
  }
  record_commit(version, operation);
  const auto& node = log_.append(version, std::move(operation));
  node->expect(static_cast<std::uint32_t>(state_.roster.size()));
  const auto is_settled = [](const std::weak_ptr<const group_log::node>& each) {
    const auto alive = each.lock();
    return alive == nullptr || alive->pending() == 0;
  };
  while (!unsettled_.empty() && is_settled(unsettled_.front())) {
    unsettled_.pop_front();
  }
  unsettled_.push_back(node);
}

void coordinator::append(std::vector<operation_body>& operations)
{
  for (operation_body& operation : operations) {
    append(std::move(operation));
  }
  operations.clear();
  INTERLINK_ASSERT(log_.tail()->version() == state_.current->version); // every operation has advanced the snapshot
}

void coordinator::record(event_kind kind, std::uint64_t subject, group_id peer)
{
  events_->write({.subject = static_cast<std::uint32_t>(subject), .peer = peer, .kind = kind});
}

void coordinator::record_commit(topology_version version, const operation_body& operation)
{
  if (!events_->is_on()) {
    causes_.push_back(0);
    return;
  }
  static constexpr auto first_note = static_cast<std::uint8_t>(event_note::load_modules);
  const auto* load = std::get_if<load_modules>(&operation);
  causes_.push_back(events_->task());
  events_->write({.subject = static_cast<std::uint32_t>(version.value),
                  .name = load == nullptr ? 0 : events_->name(load->plan->modules.front().name),
                  .peer = group_id{static_cast<std::uint32_t>(state_.roster.size())},
                  .kind = event_kind::commit,
                  .note = static_cast<event_note>(first_note + operation.index())});
  if (load != nullptr && events_->has_details()) {
    record_order(*load->plan, *state_.current, *events_);
  }
}

void coordinator::note_reusable_memory()
{
  // Invariant C3. A lane is stored before its group reads the snapshot, so a group whose lane is clear here will read a
  // snapshot at least as new as the published one. That stays true when it stores a lane that is older than that
  // afterwards, for it may have read the head long before: the answer never goes back.
  std::uint64_t oldest = publication_.head().value;
  for (const auto& [group, lane] : lanes_) {
    oldest = std::min(oldest, lane->version());
  }
  state_.reusable_up_to = std::max(state_.reusable_up_to, topology_version{oldest});
}

coordinator::turn_reply coordinator::turn(coordinator_message& message, prepare_load_request& request)
{
  if (is_stopping_) {
    return error(errc::stopping);
  }
  if (auto open = reopen_library(state_, request.load)) {
    append(open->operations);
    return prepare_outcome(std::move(*open));
  }
  note_reusable_memory();
  request.load.requester = message.from;
  prepare_outcome outcome = prepare_load(state_, request.load);
  if (auto* planned = std::get_if<planned_load>(&outcome)) {
    record(event_kind::prepare, planned->id.value);
    append(planned->operations);
  }
  return outcome;
}

coordinator::turn_reply coordinator::turn(coordinator_message&, commit_load_request& request)
{
  append(commit_load(state_, request.id, std::move(request.thunk_artifacts)));
  answer_ended_loads();
  return done_reply{state_.current->version};
}

coordinator::turn_reply coordinator::turn(coordinator_message&, abandon_load_request& request)
{
  record(event_kind::roll_back, request.id.value);
  abandon_load(state_, request.id);
  answer_ended_loads();
  return done_reply{state_.current->version};
}

void coordinator::answer_ended_loads()
{
  for (auto entry = await_load_.begin(); entry != await_load_.end();) {
    if (is_under_way(entry->first)) {
      ++entry;
    } else {
      answer_parked(entry->second, ask_again_reply{});
      entry = await_load_.erase(entry);
    }
  }
}

bool coordinator::is_under_way(load_id id) const
{
  return state_.loads.contains(id) || find_close(state_, id) != nullptr;
}

coordinator::turn_reply coordinator::turn(coordinator_message& message, await_load_request& request)
{
  if (is_stopping_) {
    return error(errc::stopping);
  }
  if (const auto load = state_.loads.find(request.id); load != state_.loads.end()) {
    // Whoever has a load in flight waits for nobody: no cycle.
    const load_request& other = load->second.request;
    await_load_[request.id].push_back(&message);
    return park(message, {wait_target::load, other.requester, request.id, other.modules.front().name});
  }
  // Destructors may wait, so the cycle test of the prepare turn is made anew.
  const auto* close = find_close(state_, request.id);
  if (close == nullptr || !begin_wait(state_, message.from, close->second.closer)) {
    return ask_again_reply{};
  }
  const auto& [module, closing] = *close;
  await_load_[request.id].push_back(&message);
  return park(message, {wait_target::close, closing.closer, request.id, state_.current->find(module)->plan().name});
}

coordinator::turn_reply coordinator::turn(coordinator_message&, add_memory_request& request)
{
  add_memory(state_, request.range);
  return done_reply{state_.current->version};
}

coordinator::turn_reply coordinator::turn(coordinator_message& message, next_constructor_request& request)
{
  if (request.finished) {
    finish_constructor(state_, message.from, *request.finished);
  }
  if (request.hands_over) {
    if (const auto construction = state_.constructions.find(request.own); construction != state_.constructions.end()) {
      construction->second.owner = no_group;
    }
  }
  if (std::exchange(request.finished, std::nullopt) || request.hands_over) {
    wake_constructor_waiters();
  }
  if (is_stopping_) {
    return error(errc::stopping);
  }
  if (request.hands_over) {
    return constructors_done{};
  }
  construct_outcome outcome = next_constructor(state_, message.from, request.own, request.root);
  if (const auto* wait = std::get_if<wait_for_constructor>(&outcome)) {
    await_constructor_.push_back(&message);
    return park(message,
                {wait_target::constructor, wait->owner, no_load, state_.current->find(wait->module)->plan().name});
  }
  if (auto* run = std::get_if<run_constructor>(&outcome)) {
    return *run;
  }
  return constructors_done{};
}

coordinator::turn_reply coordinator::park(coordinator_message& message, wait_holder holder)
{
  if (events_->is_on()) {
    events_->write({.subject = static_cast<std::uint32_t>(holder.load.value),
                    .name = events_->name(holder.library),
                    .message = message.id,
                    .peer = holder.group,
                    .kind = event_kind::hold,
                    .request = kind_of(message.body)});
  }
  if (message.wait != nullptr) {
    message.wait->holder.store(std::make_shared<const wait_holder>(std::move(holder)));
  }
  return parked;
}

void coordinator::unpark(coordinator_message& message, coordinator_reply reply)
{
  end_wait(state_, message.from); // who is answered stands in no chain of waits
  if (message.wait != nullptr) {
    message.wait->holder.store(nullptr);
  }
  answer(message, std::move(reply));
}

void coordinator::wake_constructor_waiters()
{
  // Waiters ask again in a turn of their own: the cycle test is made anew (models, H7).
  answer_parked(await_constructor_, ask_again_reply{});
}

coordinator::turn_reply coordinator::slot_reply(result<slot_outcome> outcome)
{
  if (!outcome) {
    return std::move(outcome.error());
  }
  append(outcome->operations);
  return std::move(*outcome);
}

coordinator::turn_reply coordinator::turn(coordinator_message&, assign_slot_request& request)
{
  return slot_reply(assign_slot(state_, request.provider, request.export_ordinal));
}

coordinator::turn_reply coordinator::turn(coordinator_message&, bind_lazy_request& request)
{
  return slot_reply(bind_lazy(state_, request.importer, request.thunk_number));
}

coordinator::turn_reply coordinator::turn(coordinator_message&, allocate_slots_request& request)
{
  return slot_reply(allocate_slots(state_, request.count));
}

coordinator::turn_reply coordinator::turn(coordinator_message&, join_request& request)
{
  if (is_stopping_) {
    return error(errc::stopping);
  }
  note_reusable_memory();
  auto outcome = join_group(state_, request.main_tls, request.stack_bytes);
  if (auto* failure = std::get_if<error>(&outcome)) {
    return std::move(*failure);
  }
  if (auto* needed = std::get_if<needs_memory>(&outcome)) {
    return join_needs_memory_reply{*needed};
  }
  auto& joined = std::get<joined_group>(outcome);
  auto lane = std::make_shared<group_lane>(joined.from->version.value);
  lanes_[joined.id] = lane;
  record(event_kind::spawn, joined.from->version.value, joined.id);
  return join_reply{std::move(joined), log_.tail(), std::move(lane)};
}

coordinator::turn_reply coordinator::turn(coordinator_message&, leave_request& request)
{
  record(event_kind::exit, 0, request.group);
  // It completes its shares up to here: what it was closing is unloaded by an operation that does not count it.
  const topology_version last = state_.current->version;
  auto operations = leave_group(state_, request.group);
  append(operations);
  answer_ended_loads(); // its own load in flight is abandoned with it, and its closes are over
  lanes_.erase(request.group);
  wake_constructor_waiters();
  return done_reply{last};
}

coordinator::turn_reply coordinator::turn(coordinator_message& message, close_request& request)
{
  auto closing = close_library(state_, message.from, request.handle);
  if (!closing) {
    return std::move(closing.error());
  }
  return close_reply{std::move(*closing)};
}

coordinator::turn_reply coordinator::turn(coordinator_message&, unload_request& request)
{
  append(unload(state_, request.modules));
  answer_ended_loads();
  return done_reply{state_.current->version};
}

coordinator::turn_reply coordinator::turn(coordinator_message& message, pin_request& request)
{
  if (request.gives_back) {
    unpin_modules(state_, message.from, request.modules);
  } else if (auto pinned = pin_modules(state_, message.from, request.modules); !pinned) {
    return std::move(pinned.error());
  }
  return done_reply{state_.current->version};
}

coordinator::turn_reply coordinator::turn(coordinator_message&, closure_request& request)
{
  auto outcome = change_closures(state_, request.change);
  if (!outcome) {
    return std::move(outcome.error());
  }
  if (outcome->write) {
    // Before the publication, if there is one: a group that has the trampoline finds the record.
    request.records.store(outcome->write->number, outcome->write->record.word());
  }
  append(outcome->operations);
  return slot_outcome{outcome->slot, {}};
}

coordinator::turn_reply coordinator::turn(coordinator_message&, stop_request& request)
{
  if (!is_stopping_) {
    is_stopping_ = true;
    append(stop(state_, request.exit_code));
    for (auto& [load, waiting] : std::exchange(await_load_, {})) {
      answer_parked(waiting, error(errc::stopping));
    }
    answer_parked(await_constructor_, error(errc::stopping));
  }
  return done_reply{state_.current->version};
}

void coordinator::give_up(coordinator_message& request, errc code)
{
  const error reason(code, code == errc::cancelled ? "the wait was cancelled" : "the wait lasted too long");
  if (std::erase(await_constructor_, &request) != 0) {
    unpark(request, reason);
    return;
  }
  for (auto& [load, waiting] : await_load_) {
    if (std::erase(waiting, &request) != 0) {
      unpark(request, reason);
      return;
    }
  }
  // Not parked: it has been answered, or is answered later in this batch.
}

} // namespace interlink
