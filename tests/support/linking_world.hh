// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program of module facts and its topology, driven turn by turn: the requester's part of a load without any engine.
#pragma once

#include "linker/topology.hh"
#include "tests/support/module_info_builder.hh"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace interlink::test {

/// A PIE main with a libc's worth of exports: memory, bases, stack pointer; `malloc` and `errno_data`.
module_info_builder pie_main();

/// A side module that imports memory and bases.
module_info_builder side();

/// Ways to ask for a load.
struct ask {
  load_kind kind = load_kind::library;
  bool bind_now = false;
  bool is_global = false;
  bool is_final = false;
};

/// Context: one test.
class linking_world {
public:
  /// A process whose main module is `main`, laid out but not loaded; one group.
  explicit linking_world(module_info_ptr main, const memory_options& options = {},
                         std::uint64_t table_maximum = 10'000);

  /// The same with main, and what it needs, loaded once `libraries` are known.
  static linking_world running(module_info_ptr main, const std::map<std::string, module_info_ptr>& libraries = {});

  void add(const std::string& name, module_info_ptr info);

  void remove_from_index(const std::string& name) { files_.erase(name); }

  load_request request(const std::string& root, const ask& how = {}, group_id requester = group_id{1}) const;
  prepare_outcome prepare(const std::string& root, const ask& how = {}, group_id requester = group_id{1});
  /// Fails the test and gives an empty plan when the outcome is another.
  planned_load plan(const std::string& root, const ask& how = {}, group_id requester = group_id{1});
  /// Prepares, commits and runs all constructors; or re-opens. Returns the root.
  module_id open(const std::string& root, const ask& how = {}, group_id requester = group_id{1});
  void run_constructors(module_id root, load_id own, group_id group = group_id{1});
  group_id join();

  error failure(const std::string& root, const ask& how = {});

  /// Of a published module, by the name of its file.
  module_id id_of(const std::string& name) const;
  const module_plan& plan_of(const std::string& name) const;

  topology state;
  std::vector<module_id> constructed; ///< in order, over the whole test

  host_catalog& catalog() { return *catalog_; }

private:
  struct file {
    file_identity identity;
    module_info_ptr info;
  };

  std::shared_ptr<host_catalog> catalog_;
  std::map<std::string, file> files_;
};

/// The binding of the import called `name` in one module of a plan.
const import_binding& bound(const module_plan& module, const std::string& name, const std::string& import_module = {});

const module_plan& module_named(const load_plan& plan, const std::string& name);

/// Ordinal of an export.
std::uint32_t ordinal_of(const module_plan& module, const std::string& name);

/// A running PIE main, and a library that can be opened.
linking_world world_with(const std::string& name, module_info_builder library);

} // namespace interlink::test
