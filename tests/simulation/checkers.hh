// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What must hold at every moment of a simulation: the invariants T1 to T8, C1 to C3 and G1 to G4 as far as they can be
// seen from outside. Each checker gives sentences; none is good.
#pragma once

#include "groups/coordinator.hh"
#include "groups/instance_group.hh"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "process/process_core.hh"

namespace interlink::simulation {

using complaints = std::vector<std::string>;

/// A function: the module that defines it, and its place in the module's function index space.
using function_place = std::pair<module_id, std::uint32_t>;
/// What slots hold.
using slot_map = std::map<std::uint32_t, function_place>;

/// Adds the slots of one module. T3 is checked when there is something to complain to.
void add_slots(slot_map& slots, const module_plan& plan, const module_slots& given, complaints* found);
/// All slots that every group has at that version.
slot_map slots_of(const snapshot& published, complaints* found = nullptr);

/// Watches the coordinator from one batch to the next. Context: the drainer's thread, outside of turns.
class coordinator_watch {
public:
  explicit coordinator_watch(process_core& process) : process_(process), log_{process.coordination().log_tail()} {}

  /// T1 to T5, T7, T8, C1, and words that only their own library may write.
  complaints check();

  /// After each turn: a constructor begins after those of what its module needs, unless nobody could wait for them; a
  /// load that was abandoned with nothing between has left the topology as it was (T5).
  complaints check_turn();

  /// C1 at every moment: whoever sees a head finds a snapshot at least as new. C3 at the end of a turn: what it gave
  /// out was free at a version that is published. Reads no snapshot, for each reader of one publishes it.
  complaints check_publication(schedule_place place);

  /// When every group has left: nobody owes a share, nobody is in the roster, nothing is claimed or awaited.
  complaints check_end() const;

  std::uint64_t published() const { return log_.size() - 1; }

  /// Modules that were given memory which another had before.
  std::uint64_t reused_ranges() const;
  /// Slots that were given to a function and had another before.
  std::uint64_t reused_slots() const;
  /// Modules that `group`, which was at `from`, passed over on its way to `now`: they were closed meanwhile.
  std::uint64_t skipped_modules(topology_version from, const snapshot& now, group_id group) const;
  /// How often the library has been loaded.
  std::uint64_t incarnations(std::uint32_t library) const;

private:
  void read_log(complaints& found);
  void check_ranges(complaints& found) const;
  void check_slots(complaints& found) const;
  void check_claims(complaints& found) const;
  void check_waits(complaints& found) const;
  void check_abandoned(complaints& found);
  void check_words(complaints& found);
  void check_begun(complaints& found);
  bool may_begin_before(group_id group, module_id module, module_id needed) const;
  void check_undone(complaints& found);
  bool committed_now(load_id load) const;

  /// Before a load was prepared, and what its prepare made of that.
  struct unprepared {
    topology before;
    std::uint64_t hash_prepared{};
  };

  process_core& process_;
  std::vector<group_log::cursor> log_; ///< every node so far: the count of each is looked at in the end
  std::map<load_id, load_plan_ptr> in_flight_;
  std::map<load_id, bool> committed_;
  std::map<std::uint32_t, std::uint64_t> incarnations_;
  std::map<module_id, std::uint32_t> started_; ///< words that start functions have written
  std::map<module_id, group_id> begun_;        ///< constructors under way, as far as the last turn
  topology_version stored_;                    ///< of the newest snapshot that others find
  topology last_;                              ///< after the last turn, as far as `hash_of` tells
  std::uint64_t last_hash_ = 0;                ///< of `last_`
  std::map<load_id, unprepared> unprepared_;   ///< of loads in flight since whose prepare nothing else has happened
};

/// Watches all groups. Context: the thread of the group that is checked.
class group_watch {
public:
  /// A group against the snapshot it says it has applied: every slot of that snapshot holds its own function, every
  /// module has its thread-local storage, bases and GOT entries are as planned (G1, T3). Groups of equal versions have
  /// equal tables, bases and GOT entries, whatever the snapshot says; no group goes back to an older version; none is
  /// ahead of the head, for its guest may hand out an index of what it has (C1).
  /// `is_loading`: it may hold more.
  complaints check(instance_group& group, bool is_loading);

  /// Version at which the group was checked last; 0 when it was not.
  topology_version applied(group_id group) const
  {
    const auto last = applied_.find(group);
    return last == applied_.end() ? topology_version{} : last->second;
  }

private:
  /// A group as it was checked last: what has not changed since is right.
  struct seen_group {
    topology_version version;
    std::uint64_t changes{}; ///< of its store
    bool is_loading = false;

    friend bool operator==(const seen_group&, const seen_group&) = default;
  };

  std::map<group_id, seen_group> seen_;
  std::map<topology_version, std::uint64_t> contents_; ///< hashes of what a group of that version holds
  std::map<group_id, topology_version> applied_;
};

/// Number of the library that a file named `.../libN.so` is; 0 for main.
std::uint32_t library_number(const module_plan& plan);

} // namespace interlink::simulation
