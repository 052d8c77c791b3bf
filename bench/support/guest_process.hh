// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest program under measurement: a reactor whose exports the benches call, and access to its groups' own threads,
// so that a bench's loop runs where guest code runs. What goes wrong ends the bench with a message.
#pragma once

#include "groups/instance_group.hh"

#include <asio/thread_pool.hpp>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "process/process.hh"

namespace interlink::bench {

/// Unwraps, or ends the bench.
template <class T>
T need(result<T> outcome);
[[noreturn]] void give_up(const std::string& why);

struct guest_options {
  bool has_checks = true;
  /// With the engine's cache on disk. Off where compiling is what is measured.
  bool has_compile_cache = true;
  /// A host directory that the guest sees as /copies, besides its own.
  std::string copies{};
  /// Host functions that take the place of the guest ABI's.
  host_registry host_functions{};
};

/// Context: the bench's thread.
class guest_process {
public:
  explicit guest_process(const std::string& program, const guest_options& options = {});
  guest_process(const guest_process&) = delete;
  guest_process& operator=(const guest_process&) = delete;
  /// Pre: no thread of the guest computes.
  ~guest_process();

  /// Runs on the first group's thread, between its guest calls; returns when it has run.
  void in_first_group(const std::function<void(instance_group&)>& work) { in_group(first_group, work); }

  void in_group(group_id group, const std::function<void(instance_group&)>& work);

  /// Another guest thread that serves the bench.
  group_id spawn_group();

  process_core& core() { return process_.core(); }

private:
  asio::thread_pool executor_{1};
  runtime runtime_;
  process process_;
};

/// Calls a function of main, (i32) -> i32 or () -> i32. Context: the group's thread.
std::uint32_t call_export(instance_group& group, std::string_view name, std::uint32_t argument = 0);

/// The same for calls that must answer 0.
void call_checked(instance_group& group, std::string_view name, std::uint32_t argument = 0);

/// The function of main or, by dlsym, of whatever is in the global scope.
engine::function find_callable(instance_group& group, std::string_view name);

/// Calls what find_callable found, with one argument.
std::uint32_t call_function(instance_group& group, const engine::function& callee, std::uint32_t argument);

template <class T>
T need(result<T> outcome)
{
  if (!outcome) {
    give_up(outcome.error().message());
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*outcome);
  }
}

} // namespace interlink::bench
