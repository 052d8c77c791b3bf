// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an instance group is handed by the process that it belongs to. A group knows no more of its process than this:
// the process knows its groups, and the calls of the guest ABI know both.
#pragma once

#include "actors/event_recorder.hh"
#include "groups/coordinator.hh"
#include "groups/group_store.hh"
#include "groups/statistics.hh"
#include "messages/error.hh"
#include "messages/ids.hh"
#include "messages/link_plan.hh"

#include <memory>
#include <string>

namespace interlink {

/// Lifetime: shared by the groups of a process, which keep it alive. Context: the members are made before the first
/// group and immutable afterwards, or guard themselves; the functions may be called from any thread.
class group_services {
public:
  group_services(const group_services&) = delete;
  group_services& operator=(const group_services&) = delete;
  virtual ~group_services() = default;

  coordinator& coordination() const { return *coordinator_; }

  /// Nobody needs the results of a computation any more.
  virtual bool has_ended() const = 0;

  /// Ends the process with this failure, unless it has ended already. Context: no turn.
  virtual void end_with(const error& failure) = 0;

  /// For messages: the path of a loaded module, or its number.
  std::string name_of(module_id module) const;

  store_environment environment;
  const runtime_functions& runtime;   ///< what instrumented code calls
  load_plan_ptr static_program;       ///< of a program without dylink.0; every group instantiates it whole
  std::unique_ptr<statistics> counts; ///< null when nobody wants them
  std::shared_ptr<event_recorder> recorder = std::make_shared<event_recorder>(0); ///< whose room says how much
  bool is_watched{}; ///< long waits are reported, so groups show what they do

protected:
  explicit group_services(const runtime_functions& runtime_calls) : runtime(runtime_calls) {}

  std::unique_ptr<coordinator> coordinator_;
};

} // namespace interlink
