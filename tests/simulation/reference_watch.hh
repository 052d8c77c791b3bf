// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The reference linker beside the coordinator: it is told of every turn, in the order of the turns, and must agree with
// each. What a turn was is read off the coordinator's state: a turn does one thing.
#pragma once

#include "tests/simulation/checkers.hh"
#include "tests/support/reference_linker.hh"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "process/process_core.hh"

namespace interlink::simulation {

/// Context: as the coordinator's state: the drainer's thread, at the end of a turn; `linker` and what answers from it
/// between turns.
class reference_watch {
public:
  explicit reference_watch(const process_core& process);

  /// Whether the turn that has just ended did what the reference does.
  complaints check_turn();

  /// A library was opened again, or closed but for other handles, without a turn.
  complaints check_count();

  const support::reference_linker& linker() const { return linker_; }

  /// What the import of a published module returns when it is called now; nothing when nobody defines it yet.
  std::optional<std::uint32_t> value_of_import(module_id importer, std::string_view name) const;
  /// What the import of a published module is bound to. Pre: it has the import.
  support::reference_symbol symbol_of_import(module_id importer, std::string_view import_module,
                                             std::string_view name) const;
  /// What a function that was found returns. Nothing for data and variables.
  std::optional<std::uint32_t> value_of(const support::reference_symbol& symbol) const;

private:
  std::map<module_id, std::uint64_t> counts() const;
  void begin_loads(complaints& found);
  void end_loads();
  void reopen(complaints& found);
  void close(complaints& found);
  void bind_late(complaints& found);
  void check_bindings(const load_in_flight& load, complaints& found);
  void check_scope(complaints& found) const;

  const topology& state_;
  support::reference_linker linker_;
  // The state that the reference knows.
  std::map<load_id, module_id> loads_; ///< in flight, with their roots
  std::map<module_id, std::uint64_t> open_count_;
  std::set<module_id> closing_;
  snapshot_ptr current_;
};

} // namespace interlink::simulation
