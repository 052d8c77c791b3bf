// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What linking means, without numbers: a single-threaded linker that is told of loads, look-ups, first calls and closes
// one after the other, and answers by relation: "the function f of module m". It has no slots, addresses, thunks or
// versions; it copies and searches without regard for cost. The oracle of the property tests and of the simulation.
//
// The rules, from which it is written (not from linker/):
//   R1  Scope: the global scope (main, then global modules in commit order), then the closure of the load's root
//       breadth-first; for a lazy import, then the closure of the root that brought its module, then those of the roots
//       opened later that need its module, in the order of opening. First definition wins.
//   R2  A re-export is what it re-exports; as long as that is not bound, it is nothing, and the search goes on.
//   R3  The first export of a function names it. Look-ups by handle do not see hidden exports, bindings do.
//   R4  Undefined: a weak import is nobody's for ever; a strong function is bound at its first call (or an error with
//       bind_now); strong data and addresses are errors. All missing symbols are told at once.
//   R5  A closing module is not found by anybody but its own closure's handle; its file is loaded anew.
//   R6  A load that is abandoned was never asked for.
//   R7  The host's functions are nobody's: a module that passes one on does not own it.
//   R8  A module stays while it is reached, by needed lists and bindings, from main, an open handle, a final module, a
//       load in flight, a closing module, or what the caller says.
#pragma once

#include "linker/topology.hh"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interlink::support {

/// What an import is bound to, or a look-up found.
struct reference_symbol {
  enum class kind : std::uint8_t {
    own,      ///< memory, table, bases, stack, tags and other objects: not this linker's matter
    nobody,   ///< weak and undefined
    unbound,  ///< a lazy function that was not called yet
    host,     ///< the host function of the import's name
    function, ///< of `module`, named by its first export
    data,     ///< an address in `module`
    tls,      ///< an offset in `module`'s block of each group
  };

  kind what = kind::own;
  module_id module;               ///< of a function, data, tls
  std::uint32_t export_ordinal{}; ///< in `module`

  friend auto operator<=>(const reference_symbol&, const reference_symbol&) = default;
};

/// Context: a value.
class reference_linker {
public:
  explicit reference_linker(host_catalog catalog) : catalog_(std::move(catalog)) {}

  /// Plans a load, or re-opens what is loaded. Ids of new modules are `first` and up, in instantiation order (main
  /// first, then dependencies before their users). Returns the root. Pre: no other load in flight or close has a file
  /// of the request that is to be loaded. Errors: symbol_not_found with all that are missing; symbol_type_mismatch.
  result<module_id> prepare(const load_request& request, module_id first);

  /// The load in flight whose root this is. A re-open has none.
  void commit(module_id root);
  void abandon(module_id root);

  /// dlsym. Errors: invalid_handle, symbol_not_found, symbol_type_mismatch.
  result<reference_symbol> find(library_handle handle, std::string_view name) const;

  /// Calls an imported function: binds it if that is left to do. Errors: symbol_not_found, symbol_type_mismatch.
  result<reference_symbol> call(module_id importer, std::uint32_t import_ordinal);

  /// Gives a handle back. Returns what is closing now, users before dependencies. `held`: other roots (R8), such as
  /// modules under construction. Errors: invalid_handle.
  result<std::vector<module_id>> close(library_handle handle, const std::set<module_id>& held = {});
  void unload(std::span<const module_id> closing);

  /// What each import is bound to. Pre: the module is loaded, or of a load in flight.
  std::vector<reference_symbol> bindings_of(module_id id) const;

  /// Ids of published modules.
  std::vector<module_id> modules() const;

  const std::vector<module_id>& global_scope() const { return global_scope_; }

private:
  /// `holder` is the module whose instance serves the importer: the definer, or who re-exports a late binding.
  struct definition {
    reference_symbol symbol;
    module_id holder;
  };

  struct binding {
    definition to;
    bool is_late = false; ///< the provider is instantiated later than the importer, or bound at the first call
  };

  struct known_module {
    file_identity identity;
    module_info_ptr info;
    std::vector<module_id> needed;
    std::vector<module_id> scope; ///< closure of the root that brought it
    std::vector<module_id> later; ///< roots opened since that need it
    std::vector<binding> imports;
    bool is_published = false;
  };

  struct pending_load {
    std::vector<module_id> modules;
    bool is_program = false;
    bool is_global = false;
    bool is_final = false;
  };

  struct problems;

  std::optional<module_id> find_file(const file_identity& identity) const;
  std::vector<module_id> closure_of(module_id root) const;
  std::vector<module_id> search_order(const std::vector<module_id>& closure) const;
  std::optional<definition> search(const std::vector<module_id>& order, std::string_view name,
                                   std::set<module_id>& on_path) const;
  std::optional<definition> search(const std::vector<module_id>& order, std::string_view name) const;
  std::optional<definition> define(const std::vector<module_id>& order, module_id id, std::uint32_t ordinal,
                                   std::set<module_id>& on_path) const;
  binding bind(module_id importer, const import_info& import, const std::vector<module_id>& order, bool bind_now,
               problems& found);
  void promote(const std::vector<module_id>& closure);
  void open(module_id root);
  const export_info& exported(const reference_symbol& symbol) const;

  host_catalog catalog_;
  std::map<module_id, known_module> modules_;
  std::map<module_id, pending_load> loads_; ///< by root
  std::vector<module_id> global_scope_;
  std::map<module_id, unsigned> handles_;
  std::set<module_id> final_;
  std::set<module_id> closing_;
};

} // namespace interlink::support
