// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the groups of one process come to agree on what is loaded: ours, and two others re-made. All of them run in the
// same process on the same engine, plan by the same pure functions (linker/topology.hh), give the requester the same
// work and carry operations out in the same stores. Only who waits for whom differs.
//
// The requester is the first group. A follower is any other group; it is served in the host calls that
// `agreement::host_calls` takes over, or, when it is idle in the host, by a call posted to it.
#pragma once

#include "groups/host_registry.hh"
#include "groups/instance_group.hh"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "process/process_core.hh"

namespace interlink::bench {

/// Context: a member function says who may call it.
class agreement {
public:
  agreement() = default;
  agreement(const agreement&) = delete;
  agreement& operator=(const agreement&) = delete;
  virtual ~agreement() = default;

  /// Whether modules carry the check in front of their indirect calls.
  virtual bool has_checks() const { return false; }

  /// Host calls in which followers are served. Context: before the process is made; the calls use this object.
  virtual host_registry host_calls() { return {}; }

  /// From here operations are made by this protocol, on a copy of the coordinator's state. `idle` groups serve the
  /// embedder's calls; all others of the process are guest threads. Pre: nobody sends to the coordinator meanwhile.
  virtual void attach(process_core&, const std::vector<group_id>& /*idle*/) {}

  /// dlsym of a function: its slot. Context: the requester's thread.
  virtual table_index look_up(instance_group& requester, library_handle library, std::string_view name) = 0;

  /// dlopen of files that are read already. `own_work` gains the seconds of what concerns no other group: carrying the
  /// plan out in the requester's store, and constructors. Context: the requester's thread.
  virtual void open(instance_group& requester, const load_request& request, double& own_work) = 0;

  /// A new group, ready to run: then `body` runs on its thread. Returns when the parent may go on.
  /// Context: the requester's thread.
  virtual group_id spawn(instance_group& requester, std::function<void()> body);

  /// Returns when the group that was spawned last is gone.
  virtual void join(instance_group& requester, group_id child);
};

/// Ours: the coordinator publishes, the requester goes on, and a group applies in front of its next indirect call.
std::unique_ptr<agreement> make_published();

/// Wasmer's: token, reader-writer lock with back-off, two barriers over all groups.
std::unique_ptr<agreement> make_two_barriers();

/// Naive actors: the coordinator sends to every group, and the requester waits until all have acknowledged.
std::unique_ptr<agreement> make_acknowledged_fan_out();

} // namespace interlink::bench
