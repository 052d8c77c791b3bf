// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An instance group is what a thread is to the linker: one store, one instance of each module, one function table, and
// a place in the operation log. Instances cannot be shared by threads, so each thread has all of them, and keeps them
// alike by applying the same operations in the same order.
//
// Nobody tells a group to catch up. It notices by itself: a check in guest code, the return of a host call that can
// wait, or the call of the host into the guest finds a newer version. So a thread that computes or sleeps for an hour
// holds up nothing, and is up to date at the first moment at which that can matter.
//
// Catching up happens in the midst of guest code. Phase 1 therefore runs no code that could wait or see the guest's
// locks: it instantiates, fills slots and runs closed initialisers alone. Open start functions are queued for phase 2,
// on a stack of their own, since the interrupted code may use the memory below its stack pointer.
//
// A committed operation must not fail here, as others use it already. A group that cannot apply one is lost, or ends
// the process if it has guest frames that may hold guest locks. Whatever ends a group, it leaves by a turn, and
// completes its shares of the operations up to that turn: nothing waits for a thread that is gone.
#include "groups/instance_group.hh"

#include "groups/host_memory.hh"
#include "groups/waiting_groups.hh"
#include "linker/group_blocks.hh"
#include "messages/assert.hh"
#include "messages/guest_end.hh"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

/// Size of the scratch stack on which open initialisers run. Source: the planner reserves as much.
constexpr std::uint32_t stack_alignment = 16;

} // namespace

instance_group::instance_group(std::shared_ptr<group_services> services, join_reply joined)
    : services_(std::move(services)),
      id_(joined.group.id),
      cursor_(std::move(joined.cursor)),
      lane_(std::move(joined.lane)),
      snapshot_(std::move(joined.group.from)),
      joined_blocks_(std::move(joined.group.blocks)),
      events_(services_->recorder->add(id_)),
      is_watched_(services_->is_watched)
{
  channel_.events = events_.get();
  channel_.when_woken = [this] {
    show_frames_if_asked();
  };
  canceller_.takes_interruption = [this] {
    show_frames_if_asked(); // every wait of the guest's looks here when it is woken
    if (services_->coordination().head().value - snapshot_->version.value >= operations_worth_a_wake &&
        !store_->runs_closed_initialiser()) { // which is part of a catch up, and does not wait
      // Nothing of it runs open guest code. A failure here comes again, and is told, when the wait is over.
      static_cast<void>(catch_up_without_initialisers());
    }
    // A signal stays until the call that waits returns and hands it to its handler.
    return pending_signals.load(std::memory_order_acquire) != 0 ||
           is_interrupted_.exchange(false, std::memory_order_acq_rel) ||
           (carried_out != nullptr && carried_out->take_interruption());
  };
  if (is_watched_) {
    channel_.before_wait = canceller_.before_wait = [this] {
      before_wait();
    };
  }
}

result<std::unique_ptr<instance_group>> instance_group::make(std::shared_ptr<group_services> services,
                                                             join_reply joined, const store_parameters& parameters)
{
  std::unique_ptr<instance_group> made(new instance_group(std::move(services), std::move(joined)));
  auto store = group_store::make(made->services_->environment, parameters, *made, made->services_->runtime);
  if (!store) {
    made->leave();
    return fail(std::move(store.error()));
  }
  made->store_ = std::move(*store);
  made->store_->store().set_interrupt([group = made.get()] { return group->is_to_end(); });
  made->take_blocks(made->joined_blocks_);
  count(made->services_->counts.get(), &statistics::groups);
  return made;
}

bool instance_group::is_to_end()
{
  if (services_->has_ended()) {
    return true;
  }
  const auto until = deadline.load(std::memory_order_relaxed);
  const bool is_overdue = until != parker::clock::time_point::max() && until <= parker::clock::now();
  was_ended_in_linker = was_ended_in_linker || (is_overdue && (linker_depth != 0 || initialiser_depth_ != 0));
  return is_overdue;
}

instance_group::~instance_group()
{
  leave();
  services_->recorder->remove(events_);
}

void instance_group::take_blocks(std::span<const group_block> blocks)
{
  for (const group_block& block : blocks) {
    if (block.group == id_) {
      store_->set_block(block.module,
                        {block.module == no_module ? block.address.value + block.size : block.address.value});
    }
  }
}

wasi::guest_memory instance_group::memory()
{
  if (const auto& shared = store_->shared_memory()) {
    return {shared->data(),
            [](const void* owner) { return static_cast<const engine::shared_memory*>(owner)->size_bytes(); },
            shared.get()};
  }
  return wasi::guest_memory(store_->memory());
}

result<void> instance_group::build()
{
  std::vector<module_id> opened;
  auto built = services_->static_program ? store_->add_module(services_->static_program, 0, nullptr, opened)
                                         : store_->build(*snapshot_, opened);
  if (!built) {
    return built;
  }
  initialisers_.insert(initialisers_.end(), opened.begin(), opened.end());
  store_->set_applied(snapshot_->version);
  return {};
}

void instance_group::release_lane_if_idle()
{
  if (initialisers_.empty() && catch_up_depth_ == 0 && initialiser_depth_ == 0) {
    schedule_point(schedule_place::lane_clearing);
    lane_->release();
  }
}

bool instance_group::is_behind() const
{
  return services_->coordination().head() != snapshot_->version || !initialisers_.empty();
}

result<void> instance_group::catch_up_if_behind()
{
  return is_behind() ? catch_up() : result<void>{};
}

result<void> instance_group::catch_up_without_initialisers()
{
  if (services_->coordination().head() == snapshot_->version) {
    return {}; // no instance is behind either, as it may be when a check asks
  }
  count(services_->counts.get(), &statistics::catch_ups);
  lane_->hold(services_->coordination());
  result<void> applied;
  {
    const scoped_count counted(catch_up_depth_);
    applied = apply_published();
  }
  release_lane_if_idle();
  return applied;
}

result<void> instance_group::catch_up()
{
  count(services_->counts.get(), &statistics::catch_ups);
  lane_->hold(services_->coordination());
  result<void> outcome;
  {
    const scoped_count counted(catch_up_depth_);
    outcome = apply_published();
    if (outcome) {
      outcome = drain_initialisers();
    }
  }
  if (outcome) {
    release_lane_if_idle();
    outcome = check_stack();
  }
  return outcome;
}

void instance_group::pass_operation()
{
  cursor_ = group_log::cursor(cursor_->next()); // a copy: the node that holds `next` may die with the old cursor
  if (cursor_->complete_one()) {
    record(event_kind::settle, cursor_->version().value);
    count(services_->counts.get(), &statistics::settled);
  }
}

error instance_group::lose(const error& reason)
{
  const error failure =
      reason.with_context("thread " + std::to_string(id_.value) + " could not apply a committed operation");
  events_->write({.subject = static_cast<std::uint32_t>(cursor_->version().value + 1),
                  .kind = event_kind::apply,
                  .note = event_note::failed});
  if (depth_ == 0) {
    lost_ = error(errc::group_lost, failure.detail());
    initialisers_.clear();
    lane_->release(); // it writes no memory any more
    return *lost_;
  }
  // Guest frames below may hold guest locks: the process cannot go on without them.
  services_->end_with(failure);
  return error(errc::stopping, "the process is ending");
}

result<void> instance_group::apply_published()
{
  const snapshot_ptr target = services_->coordination().current();
  INTERLINK_ASSERT(lane_->version() <= target->version.value); // invariant G2
  schedule_point(schedule_place::target_read);
  const event begun{.subject = static_cast<std::uint32_t>(target->version.value), .kind = event_kind::catch_up};
  const bool has_details = events_->has_details();
  const event_slice slice(*events_, begun, has_details);
  if (!has_details) {
    events_->write(begun); // the commonest event of all: a number and an end would cost more than it does
  }
  while (cursor_->version() < target->version) {
    if (!lost_) {
      schedule_point(schedule_place::operation);
      if (auto applied = apply_operation(cursor_->next()->body(), *target); !applied) {
        if (error failure = lose(applied.error()); !lost_) {
          return fail(std::move(failure));
        }
      } else {
        record(event_kind::apply, cursor_->version().value + 1);
      }
    }
    schedule_point(schedule_place::operation_taken);
    pass_operation();
  }
  schedule_point(schedule_place::applied);
  if (lost_) {
    return fail(target->is_stopping ? error(errc::stopping, "the process is ending") : *lost_);
  }
  snapshot_ = target;
  store_->set_applied(target->version);
  if (target->is_stopping) {
    return fail(errc::stopping, "the process is ending");
  }
  return {};
}

result<void> instance_group::apply_operation(const operation_body& operation, const snapshot& target)
{
  return std::visit([&](const auto& kind) { return apply(kind, target); }, operation);
}

result<void> instance_group::apply(const resolve_function& operation, const snapshot&)
{
  auto grown = store_->grow_table(operation.table_size);
  return grown ? store_->fill(operation.slots) : grown;
}

result<void> instance_group::apply(const allocate_function_table& operation, const snapshot&)
{
  return store_->grow_table(operation.table_size);
}

result<void> instance_group::apply(const unload_modules& operation, const snapshot&)
{
  store_->remove(operation.modules);
  store_->clear_slots(operation.slots);
  count_dead_instances();
  std::erase_if(initialisers_,
                [&](module_id id) { return std::ranges::find(operation.modules, id) != operation.modules.end(); });
  return {};
}

result<void> instance_group::apply(const set_closures& operation, const snapshot& target)
{
  auto grown = store_->grow_table(operation.table_size);
  return grown ? store_->fill(operation.closures, target) : grown;
}

result<void> instance_group::apply(const stop_process&, const snapshot&)
{
  return {}; // the snapshot tells
}

result<void> instance_group::apply(const load_modules& operation, const snapshot& target)
{
  take_blocks(operation.blocks); // also the requester's: of two scratch stacks only one was kept
  if (operation.requester == id_) {
    return {}; // applied in rehearsal
  }
  if (auto grown = store_->grow_table(operation.plan->table_size); !grown) {
    return grown;
  }
  std::vector<module_id> opened;
  for (std::size_t i = 0; i < operation.plan->modules.size(); ++i) {
    if (target.find(operation.plan->modules[i].id) == nullptr) {
      continue; // this incarnation is closed already: its memory may have a new owner
    }
    const module_artifact_ptr thunks = i < operation.thunk_artifacts.size() ? operation.thunk_artifacts[i] : nullptr;
    if (auto added = store_->add_module(operation.plan, i, thunks, opened); !added) {
      return added;
    }
  }
  initialisers_.insert(initialisers_.end(), opened.begin(), opened.end());
  return store_->fill(operation.plan->slots);
}

result<void> instance_group::rehearse(const load_plan_ptr& load, std::span<const module_artifact_ptr> thunk_artifacts,
                                      std::span<const group_block> blocks)
{
  // A scratch stack that this group has already stays: the second one goes back when the load is committed.
  rehearses_scratch_ = store_->block_of(no_module).value == 0;
  std::vector<group_block> taken(blocks.begin(), blocks.end());
  std::erase_if(taken, [this](const group_block& block) { return block.module == no_module && !rehearses_scratch_; });
  take_blocks(taken);
  std::vector<module_id> opened;
  auto applied = store_->apply(load, thunk_artifacts, opened);
  for (std::size_t i = 0; applied && i < load->modules.size(); ++i) {
    applied = store_->call_closed_initialiser(load->modules[i].id, "__wasm_apply_data_relocs");
    if (!applied) {
      applied = fail(applied.error().with_context("__wasm_apply_data_relocs of " + load->modules[i].name));
    }
  }
  if (!applied) {
    forget(*load);
    return applied;
  }
  initialisers_.insert(initialisers_.end(), opened.begin(), opened.end());
  return {};
}

void instance_group::forget(const load_plan& load)
{
  std::vector<module_id> modules;
  modules.reserve(load.modules.size());
  for (const module_plan& plan : load.modules) {
    modules.push_back(plan.id);
  }
  store_->remove(modules);
  store_->clear_slots(group_store::slots_of(load));
  count_dead_instances();
  if (std::exchange(rehearses_scratch_, false)) {
    store_->drop_block(no_module);
  }
}

void instance_group::roll_back(const planned_load& load)
{
  record(event_kind::roll_back, load.id.value);
  // Slots and ranges are empty before a turn gives them to someone else (models, A6).
  forget(*load.plan);
  zero_memory_of(*load.plan, load.requester_blocks);
  load_in_flight_ = nullptr;
}

void instance_group::count_dead_instances()
{
  const std::uint64_t dead = store_->dead_instance_count();
  count(services_->counts.get(), &statistics::dead_instances, dead - std::exchange(dead_instances_, dead));
  const std::uint64_t again = store_->taken_again_count();
  count(services_->counts.get(), &statistics::second_lives, again - std::exchange(second_lives_, again));
}

void instance_group::zero(memory_address address, std::uint64_t size)
{
  const std::span<std::byte> memory = store_->memory();
  if (address.value != 0 && address.value < memory.size()) {
    std::memset(memory.data() + address.value, 0, std::min<std::uint64_t>(size, memory.size() - address.value));
  }
}

void instance_group::zero_memory_of(const load_plan& load, std::span<const group_block> blocks)
{
  for (const module_plan& module : load.modules) {
    zero(module.memory_base, module.memory_size);
  }
  for (const group_block& block : blocks) {
    zero(block.address, block.size);
  }
}

void instance_group::zero_reused_memory_of(const load_plan& load)
{
  for (const module_plan& module : load.modules) {
    if (module.needs_zeroing) {
      zero(module.memory_base, module.memory_size);
    }
  }
}

result<void> instance_group::drain_initialisers()
{
  while (!initialisers_.empty()) {
    const module_id module = initialisers_.front();
    initialisers_.pop_front(); // invariant G3
    schedule_point(schedule_place::initialiser);
    const event_slice slice(*events_, initialisation_of(module, event_note::none));
    if (auto ran = run_initialiser(module); !ran) {
      return ran;
    }
  }
  return {};
}

result<void> instance_group::run_initialiser(module_id module)
{
  // The interrupted guest may be using the red zone below its stack pointer: start functions run on a stack of their
  // own, a nested one further down the same.
  const std::optional<std::uint32_t> interrupted = store_->stack_pointer();
  const std::uint32_t stack_low = store_->stack_low();
  const memory_address scratch_top = store_->block_of(no_module);
  if (interrupted && initialiser_depth_ == 0 && scratch_top.value != 0) {
    store_->set_stack_pointer(static_cast<std::uint32_t>(scratch_top.value) & ~(stack_alignment - 1));
    store_->set_stack_low(static_cast<std::uint32_t>(scratch_top.value - scratch_stack_bytes));
  }
  const scoped_count counted(initialiser_depth_);
  const scoped_count calling(depth_);
  auto ran = store_->call_initialiser(module, reserved::start_function);
  if (!ran) {
    ran = fail(with_stack_overflow(ran.error()));
  }
  if (interrupted) {
    store_->set_stack_pointer(*interrupted);
    store_->set_stack_low(stack_low);
  }
  if (!ran && ran.error() == errc::guest_threw) {
    // It runs in threads, too, that asked for nothing: there is nobody who could catch it.
    error_detail detail;
    detail.message = "an exception left the start function";
    detail.module_name = services_->name_of(module);
    return fail(trap_of(std::move(detail)));
  }
  return ran;
}

result<void> instance_group::call(const engine::function& callee, std::span<engine::value_slot> values)
{
  if (auto caught_up = catch_up_if_behind(); !caught_up) {
    return caught_up;
  }
  const scoped_count counted(depth_);
  const event_slice slice(*events_,
                          {.subject = static_cast<std::uint32_t>(snapshot_->version.value), .kind = event_kind::call},
                          events_->has_details());
  const std::optional<std::uint32_t> pointer = store_->stack_pointer();
  auto called = store_->store().call(callee, values);
  if (!called) {
    called = fail(with_stack_overflow(called.error()));
  }
  if (!called && pointer) {
    store_->set_stack_pointer(*pointer); // what was unwound has not given its frames back
  }
  return called;
}

result<void> instance_group::construct(module_id module)
{
  const event_slice slice(*events_, initialisation_of(module, event_note::constructor));
  const auto constructor = store_->find_function(module, "__wasm_call_ctors");
  const scoped_count counted(constructor_depth_);
  return constructor ? call(*constructor, {}) : result<void>{};
}

result<void> instance_group::serve(const char* name, const host_call& call, std::span<engine::value_slot> values)
{
  const auto run = [&] {
    return unless_exhausted(name, [&] { return call(*this, values); });
  };
  if (!is_watched_) {
    return run();
  }
  last_call_.enter(name);
  show_frames_if_asked();
  auto outcome = run();
  last_call_.leave(name);
  if (outcome) {
    show_frames_if_asked();
  }
  return outcome;
}

coordinator_reply instance_group::ask(coordinator_request_body body, const wait_limit& limit)
{
  return services_->coordination().ask(channel_, id_, std::move(body), limit);
}

void instance_group::leave()
{
  if (std::exchange(has_left_, true)) {
    return;
  }
  if (load_in_flight_ != nullptr) {
    roll_back(*load_in_flight_); // the turn abandons it
  }
  const coordinator_reply reply = ask(leave_request{id_});
  schedule_point(schedule_place::left);
  record(event_kind::exit, 0);
  lane_->release();
  const auto* left = std::get_if<done_reply>(&reply);
  INTERLINK_ASSERT(left != nullptr);
  while (cursor_->version() < left->version) {
    pass_operation();
  }
}

void instance_group::interrupt()
{
  is_interrupted_.store(true, std::memory_order_release);
  wake_waits();
}

void instance_group::wake_waits()
{
  channel_.at->unpark();
  waits_->unpark();
  canceller_.wake();
}

void instance_group::stop_waits()
{
  waits_->stop();
  canceller_.cancel();
  calls.drop_rest(); // a thread that computes on would never answer them
}

} // namespace interlink
