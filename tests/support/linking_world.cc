// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/linking_world.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <utility>

namespace interlink::test {

module_info_builder pie_main()
{
  module_info_builder main;
  main.import_memory(1).import_bases().import("env", "__stack_pointer", address_import);
  main.data_size(256).function("malloc", int_function).data("errno_data", 16);
  return main;
}

module_info_builder side()
{
  module_info_builder library;
  library.import_memory().import_bases();
  return library;
}

linking_world::linking_world(module_info_ptr main, const memory_options& options, std::uint64_t table_maximum)
    : catalog_(std::make_shared<host_catalog>())
{
  const auto layout = plan_main_layout(*main, options);
  EXPECT_TRUE(layout) << (layout ? std::string() : layout.error().message());
  state = make_topology(layout.value_or(main_layout{}), catalog_, table_maximum);
  add("main", std::move(main));
  join();
}

linking_world linking_world::running(module_info_ptr main, const std::map<std::string, module_info_ptr>& libraries)
{
  linking_world world(std::move(main));
  for (const auto& [name, info] : libraries) {
    world.add(name, info);
  }
  world.open("main", {.kind = load_kind::program});
  return world;
}

void linking_world::add(const std::string& name, module_info_ptr info)
{
  files_[name] = {{1, 100 + files_.size()}, std::move(info)};
}

load_request linking_world::request(const std::string& root, const ask& how, group_id requester) const
{
  load_request asked;
  asked.kind = how.kind;
  asked.requester = requester;
  asked.bind_now = how.bind_now;
  asked.is_global = how.is_global;
  asked.is_final = how.is_final;
  std::map<std::string, std::size_t> places{{root, 0}};
  std::deque<std::string> to_read{root};
  while (!to_read.empty()) {
    const std::string name = to_read.front();
    to_read.pop_front();
    const file& found = files_.at(name);
    const loaded_module* published = state.current->find_by_identity(found.identity);
    const bool is_published = published != nullptr && !state.closing.contains(published->plan().id);
    requested_module module{found.identity, name, is_published ? nullptr : found.info, nullptr, {}, {}};
    const std::vector<std::string> none;
    for (const std::string& needed : found.info->dylink ? found.info->dylink->needed : none) {
      const auto [place, is_new] = places.try_emplace(needed, places.size());
      if (is_new) {
        to_read.push_back(needed);
      }
      module.needed.push_back(place->second);
    }
    asked.modules.push_back(std::move(module));
  }
  return asked;
}

prepare_outcome linking_world::prepare(const std::string& root, const ask& how, group_id requester)
{
  return prepare_load(state, request(root, how, requester));
}

planned_load linking_world::plan(const std::string& root, const ask& how, group_id requester)
{
  prepare_outcome outcome = prepare(root, how, requester);
  if (auto* planned = std::get_if<planned_load>(&outcome)) {
    return std::move(*planned);
  }
  const auto* failed = std::get_if<error>(&outcome);
  ADD_FAILURE() << root << " was not planned: " << (failed != nullptr ? failed->message() : "outcome ")
                << outcome.index();
  return {no_load, no_module, std::make_shared<load_plan>(), {}, {}};
}

module_id linking_world::open(const std::string& root, const ask& how, group_id requester)
{
  prepare_outcome outcome = prepare(root, how, requester);
  if (const auto* known = std::get_if<already_loaded>(&outcome)) {
    return known->root;
  }
  const auto* planned = std::get_if<planned_load>(&outcome);
  if (planned == nullptr) {
    const auto* failed = std::get_if<error>(&outcome);
    ADD_FAILURE() << root << ": " << (failed != nullptr ? failed->message() : "not planned");
    return no_module;
  }
  commit_load(state, planned->id, {});
  run_constructors(planned->root, planned->id, requester);
  return planned->root;
}

void linking_world::run_constructors(module_id root, load_id own, group_id group)
{
  for (;;) {
    const construct_outcome next = next_constructor(state, group, own, root);
    const auto* run = std::get_if<run_constructor>(&next);
    if (run == nullptr) {
      return;
    }
    constructed.push_back(run->module);
    finish_constructor(state, group, run->module);
  }
}

group_id linking_world::join()
{
  auto outcome = join_group(state, std::nullopt);
  const auto* joined = std::get_if<joined_group>(&outcome);
  EXPECT_NE(joined, nullptr);
  return joined != nullptr ? joined->id : no_group;
}

error linking_world::failure(const std::string& root, const ask& how)
{
  prepare_outcome outcome = prepare(root, how);
  if (auto* failed = std::get_if<error>(&outcome)) {
    return *failed;
  }
  ADD_FAILURE() << root << " did not fail but gave outcome " << outcome.index();
  return errc::cancelled;
}

module_id linking_world::id_of(const std::string& name) const
{
  const loaded_module* module = state.current->find_by_identity(files_.at(name).identity);
  return module == nullptr ? no_module : module->plan().id;
}

const module_plan& linking_world::plan_of(const std::string& name) const
{
  return state.current->find(id_of(name))->plan();
}

const import_binding& bound(const module_plan& module, const std::string& name, const std::string& import_module)
{
  const std::vector<import_info>& imports = module.info->imports;
  const auto found = std::ranges::find_if(imports, [&](const import_info& import) {
    return import.name == name && (import_module.empty() || import.module_name == import_module);
  });
  return module.imports.at(static_cast<std::size_t>(found - imports.begin()));
}

const module_plan& module_named(const load_plan& plan, const std::string& name)
{
  static const module_plan none;
  const auto found = std::ranges::find(plan.modules, name, &module_plan::name);
  if (found == plan.modules.end()) {
    ADD_FAILURE() << "no module " << name << " in the plan";
    return none;
  }
  return *found;
}

std::uint32_t ordinal_of(const module_plan& module, const std::string& name)
{
  return module.info->find_export_ordinal(name).value();
}

linking_world world_with(const std::string& name, module_info_builder library)
{
  linking_world world = linking_world::running(pie_main().build());
  world.add(name, library.build());
  return world;
}

} // namespace interlink::test
