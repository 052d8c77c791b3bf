// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The groups that a protocol must reach, by their numbers, and the host calls in which it serves them: those that
// return at once serve at entry, a futex wait serves whenever the thread is signalled.
#pragma once

#include "actors/parker.hh"
#include "groups/host_registry.hh"
#include "groups/instance_group.hh"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "process/process_core.hh"

namespace interlink::bench {

/// One group as the protocol sees it; `State` is what the protocol keeps for it.
template <class State>
struct member {
  std::shared_ptr<instance_group> group; ///< set when attached
  bool serves_calls{};                   ///< idle in the host: reached by a posted call
  parker sleeper;                        ///< where it waits in a futex, or for its own operation
  State state;
};

/// Context: made before the process, attached once; `wake` from any thread.
template <class State>
class followers {
public:
  using service = std::function<void(instance_group&, member<State>&)>;

  /// `serve` runs on the group's thread.
  explicit followers(service serve) : serve_(std::move(serve)), members_(std::make_unique<member<State>[]>(most_groups))
  {
  }

  void attach(process_core& core, const std::vector<group_id>& idle)
  {
    for (std::uint32_t number = 1; number < most_groups; ++number) {
      if (auto group = core.threads.find({number})) {
        members_[number].group = std::move(group);
        attached_.push_back(&members_[number]);
      }
    }
    for (const group_id id : idle) {
      members_[id.value].serves_calls = true;
    }
  }

  const std::vector<member<State>*>& attached() const { return attached_; }

  member<State>& of(const instance_group& group) { return members_[group.id().value]; }

  /// Makes the group serve, if it waits or is idle. A group that runs guest code is not disturbed.
  void wake(member<State>& target)
  {
    if (target.serves_calls) {
      target.group->calls.post([this, &target](instance_group* group) {
        if (group != nullptr) {
          serve_(*group, target);
        }
      });
    } else {
      target.sleeper.unpark();
    }
  }

  host_registry host_calls()
  {
    const value_type word = wasm::i32;
    host_registry registry;
    registry.add("wasix_32v1", "thread_id", {{word}, {word}}, [this](instance_group& group, values arguments) {
      serve_(group, of(group));
      static_cast<void>(group.memory().store(arguments[0].i32(), group.id().value));
      return answer_success(arguments);
    });
    registry.add("wasix_32v1", "futex_wait", {{word, word, word, word}, {word}},
                 [this](instance_group& group, values arguments) {
                   const std::uint32_t expected = arguments[1].i32();
                   const auto futex = word_at(group, arguments[0].i32());
                   serve_(group, of(group));
                   while (futex.load() == expected) {
                     of(group).sleeper.park();
                     serve_(group, of(group));
                   }
                   return answer_success(arguments);
                 });
    registry.add("wasix_32v1", "futex_wake_all", {{word, word}, {word}}, [this](instance_group&, values arguments) {
      for (member<State>* waiting : attached_) {
        waiting->sleeper.unpark();
      }
      return answer_success(arguments);
    });
    return registry;
  }

private:
  using values = std::span<engine::value_slot>;

  static constexpr std::uint32_t most_groups = 1024;

  static result<void> answer_success(values results)
  {
    results[0] = engine::value_slot::of_i32(0);
    return {};
  }

  static std::atomic_ref<std::uint32_t> word_at(instance_group& group, std::uint32_t address)
  {
    return std::atomic_ref(*reinterpret_cast<std::uint32_t*>(group.store().memory().data() + address));
  }

  service serve_;
  std::unique_ptr<member<State>[]> members_; ///< by number of the group
  std::vector<member<State>*> attached_;
};

} // namespace interlink::bench
