// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where imports are looked up: an ordered list of modules, published ones and those of the load under way, searched
// from the front. First definition wins, as an ELF user expects.
#pragma once

#include "linker/host_catalog.hh"
#include "linker/snapshot.hh"
#include "messages/module_info.hh"

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace interlink {

/// A module as the imports of others see it. Context: a value; `info` and `name` outlive it.
struct linkable_module {
  module_id id;
  const module_info* info{};
  std::string_view name; ///< for messages
  memory_address memory_base;
  table_index table_base;
  std::optional<std::size_t> plan_place; ///< its place in the load under way; nothing when it is published
};

linkable_module as_linkable(const loaded_module& published);

/// An export that was found. `slot` is 0 when it is no function or has none yet.
struct definition {
  linkable_module provider;
  std::uint32_t export_ordinal{};
  table_index slot;

  const export_info& exported() const { return provider.info->exports[export_ordinal]; }
};

/// Context: a value.
class symbol_scope {
public:
  /// `published` answers for re-exports of published modules, `catalog` for those of the host's functions; both outlive
  /// the scope.
  symbol_scope(const snapshot& published, const host_catalog& catalog) : published_(&published), catalog_(&catalog) {}

  /// Adds at the end; a module that is in already keeps its place.
  void add(const linkable_module& module);

  /// A published module, by id.
  void add_published(module_id id);

  /// The first export of that name, whatever its kind. A function that is re-exported is followed to its definition; a
  /// module that passes on what nobody defines does not define it either. Hidden exports count: the WASIX
  /// libc hides `errno`, which every library imports.
  std::optional<definition> find(std::string_view name) const;

  const std::vector<linkable_module>& modules() const { return modules_; }

private:
  std::optional<definition> find_past(std::string_view name, std::set<module_id>& on_path) const;
  std::optional<definition> define(const linkable_module& module, std::uint32_t ordinal,
                                   std::set<module_id>& on_path) const;

  const snapshot* published_;
  const host_catalog* catalog_;
  std::vector<linkable_module> modules_;
};

} // namespace interlink
