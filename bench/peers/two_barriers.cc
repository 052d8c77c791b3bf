// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Wasmer's WASIX linker, re-made from its sources: every operation takes the topology token and the write lock, both by
// trying with back-off and serving others meanwhile, does its work, and then brings all groups together twice.
//
//   leader    barrier to the bus, pending, signal all; meet; operation to the bus; write lock becomes read lock; meet
//   follower  in a host call, when pending: take barrier; meet; take operation; read lock, carry out; meet
#include "bench/peers/agreement.hh"
#include "bench/peers/followers.hh"
#include "bench/peers/rendezvous.hh"
#include "bench/peers/steps.hh"
#include "bench/support/guest_process.hh"
#include "bench/support/stopwatch.hh"

#include <future>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <thread>
#include <utility>

namespace interlink::bench {

namespace {

struct follower_state {
  std::mutex group_mutex; ///< every entry into the linker takes its own group's
  std::uint64_t barriers_seen{};
  std::uint64_t operations_seen{};
};

using barrier_member = member<follower_state>;

class two_barriers final : public agreement {
public:
  host_registry host_calls() override { return followers_.host_calls(); }

  void attach(process_core& core, const std::vector<group_id>& idle) override
  {
    state_ = core.coordination().state();
    followers_.attach(core, idle);
  }

  table_index look_up(instance_group& requester, library_handle library, std::string_view name) override
  {
    barrier_member& self = followers_.of(requester);
    const std::lock_guard group_lock(self.state.group_mutex);
    if (const std::shared_lock read(state_lock_, std::try_to_lock); read.owns_lock()) {
      if (const auto* record = find_record(library, name)) {
        return *record;
      }
    }
    acquire_token(requester);
    std::unique_lock write = acquire_write(requester);
    given_slot given = give_slot(state_, library, name);
    records_[library].emplace(name, given.slot);
    if (given.operation) {
      carry_out(requester, *given.operation);
      synchronise(self, std::move(write), std::move(*given.operation));
    }
    release_token();
    return given.slot;
  }

  void open(instance_group& requester, const load_request& request, double& own_work) override
  {
    barrier_member& self = followers_.of(requester);
    const std::lock_guard group_lock(self.state.group_mutex);
    acquire_token(requester);
    std::unique_lock write = acquire_write(requester);
    const planned_load load = plan(state_, requester.id(), request);
    auto thunks = timed_part(own_work, [&] { return carry_out_first(requester, load); });
    operation_body operation = commit_load(state_, load.id, std::move(thunks));
    std::optional<module_id> running;
    while ((running = next_constructor_of(state_, requester.id(), load, running))) {
      timed_part(own_work, [&] { call_constructor(requester, *running); });
    }
    synchronise(self, std::move(write), std::move(operation));
    release_token();
  }

  /// The token goes with the child, which holds the write lock while it builds; the parent waits for its report.
  group_id spawn(instance_group& requester, std::function<void()> body) override
  {
    process_core& process = process_of(requester);
    barrier_member& self = followers_.of(requester);
    const std::lock_guard group_lock(self.state.group_mutex);
    acquire_token(requester);
    coordinator_reply reply = requester.ask(join_request{std::nullopt, stack_bytes});
    auto* joined = std::get_if<join_reply>(&reply);
    if (joined == nullptr) {
      give_up("a group cannot join");
    }
    const group_id id = joined->group.id;
    std::promise<void> is_built;
    auto report = is_built.get_future();
    child_ = std::thread(
        [this, &process, joined = std::move(*joined), built = std::move(is_built), body = std::move(body)]() mutable {
          std::unique_lock write(state_lock_);
          const store_parameters stack = stack_of(joined.group);
          const auto group = need(instance_group::make(process.shared_from_this(), std::move(joined), stack));
          need(group->build());
          write.unlock();
          release_token();
          built.set_value();
          need(group->catch_up());
          body();
        });
    report.get();
    return id;
  }

  void join(instance_group&, group_id) override { child_.join(); }

private:
  static constexpr std::uint64_t stack_bytes = std::uint64_t{256} << 10;

  static store_parameters stack_of(const joined_group& joined)
  {
    for (const group_block& block : joined.blocks) {
      if (block.module == own_stack) {
        return {block.address, {block.address.value + block.size}};
      }
    }
    return {};
  }

  const table_index* find_record(library_handle library, std::string_view name) const
  {
    const auto names = records_.find(library);
    if (names == records_.end()) {
      return nullptr;
    }
    const auto found = names->second.find(name);
    return found == names->second.end() ? nullptr : &found->second;
  }

  void acquire_token(instance_group& requester)
  {
    back_off waiting;
    while (is_token_taken_.exchange(true, std::memory_order_acquire)) {
      waiting.step();
      follow(requester, followers_.of(requester));
    }
  }

  void release_token() { is_token_taken_.store(false, std::memory_order_release); }

  std::unique_lock<std::shared_mutex> acquire_write(instance_group& requester)
  {
    back_off waiting;
    std::unique_lock write(state_lock_, std::try_to_lock);
    while (!write.owns_lock()) {
      waiting.step();
      follow(requester, followers_.of(requester));
      static_cast<void>(write.try_lock());
    }
    return write;
  }

  /// The leader has done the operation itself already. Pre: it holds the token.
  void synchronise(barrier_member& leader, std::unique_lock<std::shared_mutex> write, operation_body operation)
  {
    const auto& all = followers_.attached();
    if (all.size() <= 1) {
      return;
    }
    const auto barrier = std::make_shared<meeting>(all.size());
    barriers_.send(barrier);
    is_pending_.store(true, std::memory_order_seq_cst);
    for (barrier_member* other : all) {
      if (other != &leader) {
        followers_.wake(*other);
      }
    }
    barrier->arrive_and_wait();
    is_pending_.store(false, std::memory_order_seq_cst);
    operations_.send(std::make_shared<const operation_body>(std::move(operation)));
    write.unlock();
    const std::shared_lock read(state_lock_);
    barriers_.receive(leader.state.barriers_seen);
    operations_.receive(leader.state.operations_seen);
    barrier->arrive_and_wait();
  }

  /// In a host call: takes part in the operation that is pending, if one is.
  void follow(instance_group& group, barrier_member& self)
  {
    if (!is_pending_.load(std::memory_order_seq_cst)) {
      return;
    }
    const auto barrier = barriers_.receive(self.state.barriers_seen);
    barrier->arrive_and_wait();
    const auto operation = operations_.receive(self.state.operations_seen);
    const std::shared_lock read(state_lock_);
    carry_out(group, *operation);
    barrier->arrive_and_wait();
  }

  followers<follower_state> followers_{[this](instance_group& group, barrier_member& self) { follow(group, self); }};
  std::atomic<bool> is_token_taken_{false};
  std::shared_mutex state_lock_;
  topology state_;
  std::map<library_handle, std::map<std::string, table_index, std::less<>>> records_; ///< what was asked for before
  std::atomic<bool> is_pending_{false};
  bus<std::shared_ptr<meeting>> barriers_;
  bus<std::shared_ptr<const operation_body>> operations_;
  std::thread child_;
};

} // namespace

std::unique_ptr<agreement> make_two_barriers()
{
  return std::make_unique<two_barriers>();
}

} // namespace interlink::bench
