// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/program_plan.hh"

#include "linker/plan_printer.hh"
#include "linker/topology.hh"
#include "messages/limits.hh"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "loader/program_memory.hh"
#include "process/abi/guest_abi.hh"

namespace interlink::cli {

namespace {

load_request make_request(const needed_tree& tree, group_id requester)
{
  load_request request;
  request.kind = load_kind::program;
  request.requester = requester;
  request.is_global = true;
  for (const needed_module& module : tree.modules) {
    requested_module requested{module.file.identity, module.file.path, module.info, nullptr, {}, {}};
    for (const needed_entry& entry : module.needed) {
      requested.needed.push_back(*entry.module);
    }
    request.modules.push_back(std::move(requested));
  }
  return request;
}

std::uint64_t table_maximum(const module_info& main)
{
  for (const import_info& import : main.imports) {
    if (const auto* table = std::get_if<table_type>(&import.type)) {
      return table->size.maximum.value_or(limit::table_elements);
    }
  }
  return limit::table_elements;
}

/// As loader/library_loader.cc does it for a program whose main module has no instance yet.
result<void> supply_memory(topology& state, const module_info& main, const needs_memory& needed)
{
  if (!has_wasix_libc(main)) {
    return fail(no_room_for_needed_libraries(state.layout, needed.size));
  }
  const auto pages = pages_for_block(state.layout, state.memory_pages, needed.size + needed.alignment);
  if (!pages) {
    return fail(pages.error());
  }
  const unsigned page_log2 = state.layout.memory.page_size_log2;
  add_memory(state, {state.memory_pages << page_log2, *pages << page_log2});
  state.memory_pages += *pages;
  return {};
}

/// The first group, and the load of the program by it.
struct planned_program {
  joined_group group;
  planned_load load;
};

result<planned_program> plan_program(topology& state, const needed_tree& tree, bool bind_now)
{
  auto joined = join_group(state, std::nullopt);
  if (const auto* failure = std::get_if<error>(&joined)) {
    return fail(*failure);
  }
  auto* group = std::get_if<joined_group>(&joined);
  if (group == nullptr) {
    return fail(errc::memory_exhausted, "the linker's arena cannot serve the first thread");
  }
  load_request request = make_request(tree, group->id);
  request.bind_now = bind_now;
  while (true) {
    prepare_outcome outcome = prepare_load(state, request);
    if (auto* planned = std::get_if<planned_load>(&outcome)) {
      return planned_program{std::move(*group), std::move(*planned)};
    }
    if (const auto* failure = std::get_if<error>(&outcome)) {
      return fail(*failure);
    }
    const auto* needed = std::get_if<needs_memory>(&outcome);
    if (needed == nullptr) {
      return fail(errc::invalid_argument, "the program needs itself under another name");
    }
    if (auto supplied = supply_memory(state, *tree.modules[0].info, *needed); !supplied) {
      return fail(supplied.error().with_context(tree.modules[0].file.path));
    }
  }
}

result<main_layout> lay_out(const needed_tree& tree, const memory_options& options)
{
  auto layout = plan_main_layout(*tree.modules[0].info, options);
  if (!layout) {
    return fail(layout.error().with_context(tree.modules[0].file.path));
  }
  return layout;
}

void describe_memory(std::string& text, const main_layout& layout)
{
  const auto out = std::back_inserter(text);
  fmt::format_to(out, "memory: {} pages at first, {} at most\n", layout.memory.size.minimum, layout.maximum_pages);
  if (layout.is_fixed_address) {
    fmt::format_to(out, "  the main module lies at fixed addresses and has its stack among them\n");
  } else {
    fmt::format_to(out, "  memory base {:#x}\n", layout.memory_base.value);
    fmt::format_to(out, "  stack {:#x} to {:#x}\n", layout.stack_low.value, layout.stack_high.value);
  }
  if (layout.arena.size == 0) {
    fmt::format_to(out, "  arena empty\n");
  } else {
    fmt::format_to(out, "  arena {:#x} to {:#x}\n", layout.arena.address, layout.arena.end());
  }
  fmt::format_to(out, "  heap base {:#x}\n", layout.heap_base.value);
}

void describe_blocks(std::string& text, const load_plan& plan, const std::vector<group_block>& blocks)
{
  for (const group_block& block : blocks) {
    if (block.module == no_module) {
      fmt::format_to(std::back_inserter(text), "  scratch stack {:#x}, size {}\n", block.address.value, block.size);
      continue;
    }
    const auto module = std::ranges::find(plan.modules, block.module, &module_plan::id);
    fmt::format_to(std::back_inserter(text), "  TLS block of module {}{} {:#x}, size {}\n", block.module.value,
                   module == plan.modules.end() ? "" : " " + module->name, block.address.value, block.size);
  }
}

std::string_view describe(initialiser_kind kind)
{
  return kind == initialiser_kind::closed ? "closed" : "open";
}

void describe_initialisers(std::string& text, const load_plan& plan)
{
  for (const module_plan& module : plan.modules) {
    const module_info& info = *module.info;
    std::string list;
    const auto add = [&](std::string_view what, initialiser_kind kind) {
      if (kind != initialiser_kind::none) {
        list += fmt::format("{}{} ({})", list.empty() ? "" : ", ", what, describe(kind));
      }
    };
    add("start function", info.start);
    add("__wasm_init_tls", info.init_tls);
    add("__wasm_apply_data_relocs", info.data_relocations);
    fmt::format_to(std::back_inserter(text), "  module {} {}: {}\n", module.id.value, module.name,
                   list.empty() ? "none" : list);
  }
}

} // namespace

std::optional<error> find_undefined(const needed_tree& tree, const memory_options& options)
{
  const auto layout = lay_out(tree, options);
  if (!layout) {
    return layout.error();
  }
  topology state = make_topology(*layout, abi::make_guest_abi({})->catalog(), table_maximum(*tree.modules[0].info));
  const auto planned = plan_program(state, tree, true);
  return planned ? std::nullopt : std::optional(planned.error());
}

bool is_main_module(const module_info& info)
{
  return std::ranges::any_of(std::initializer_list<std::string_view>{"_start", "_initialize", "aligned_alloc"},
                             [&](std::string_view name) { return info.find_export(name) != nullptr; });
}

result<std::string> describe_program_plan(const needed_tree& tree, const memory_options& options)
{
  const module_info& main = *tree.modules[0].info;
  const auto layout = lay_out(tree, options);
  if (!layout) {
    return fail(layout.error());
  }
  topology state = make_topology(*layout, abi::make_guest_abi({})->catalog(), table_maximum(main));
  const auto planned = plan_program(state, tree, false);
  if (!planned) {
    return fail(planned.error());
  }
  const load_plan& plan = *planned->load.plan;
  std::string text;
  describe_memory(text, *layout);
  text += to_text(plan);
  text += to_text(*state.current->host_slots);
  text += "blocks of the first thread\n";
  describe_blocks(text, plan, planned->group.blocks);
  describe_blocks(text, plan, planned->load.requester_blocks);
  text += "initialisers, in the order of the modules\n";
  describe_initialisers(text, plan);
  commit_load(state, planned->load.id, {});
  text += "constructors, in order; the main module's own are run by its entry\n";
  if (const auto construction = state.constructions.find(planned->load.id); construction != state.constructions.end()) {
    for (const module_id module : construction->second.order) {
      const auto place = std::ranges::find(plan.modules, module, &module_plan::id);
      fmt::format_to(std::back_inserter(text), "  module {} {}\n", module.value, place->name);
    }
  }
  return text;
}

} // namespace interlink::cli
