// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as the payload of a dylink.0 section, and what it says as sizes of libraries that are planned.
//   - Reading ends with a value that keeps every limit, or with an error whose offset lies in the module.
//   - What was read, written anew, is read as the same.
//   - Libraries of such sizes, opened one after the other, are planned without an overlap, aligned, within the memory
//     and within the table; or refused with one of four errors, and then nothing has changed.
#include "linker/module_checks.hh"
#include "linker/topology.hh"
#include "messages/limits.hh"
#include "messages/utf8.hh"
#include "tests/fuzz/fuzz_target.hh"
#include "tests/support/module_info_builder.hh"
#include "tests/support/wasm_builder.hh"

#include <algorithm>
#include <memory>
#include <string>

#include "wasm/binary_reader.hh"
#include "wasm/module_reader.hh"
#include "wasm/wasm_writer.hh"

namespace interlink::fuzz {
namespace {

constexpr std::uint64_t address_space_bytes = std::uint64_t{1} << 32;

std::vector<std::byte> module_with(std::span<const std::byte> payload)
{
  wasm_writer section;
  section.name("dylink.0");
  section.bytes(payload);
  wasm_writer module;
  module.header();
  module.section(0, section.written());
  return module.take();
}

void check_limits(const dylink_info& info)
{
  require(info.memory_alignment_log2 <= limit::memory_alignment_log2 &&
              info.table_alignment_log2 <= limit::table_alignment_log2 && info.table_size <= limit::table_elements &&
              info.needed.size() <= limit::needed,
          "what was read keeps its limits");
  for (const std::string& name : info.needed) {
    require(!name.empty() && name.size() <= limit::library_name_bytes && !name.contains('\0') && is_utf8(name),
            "a needed name is one that a file can have");
  }
}

void check_round_trip(const dylink_info& info)
{
  support::wasm_builder writer;
  writer.dylink(info);
  const result<module_info> again = read_module(writer.build());
  require(again && again->dylink, "what was read can be written and read");
  require(again->dylink->memory_size == info.memory_size && again->dylink->table_size == info.table_size &&
              again->dylink->memory_alignment_log2 == info.memory_alignment_log2 &&
              again->dylink->table_alignment_log2 == info.table_alignment_log2 &&
              again->dylink->needed == info.needed && again->dylink->runtime_path == info.runtime_path,
          "what was read is written and read as the same");
}

/// A running program whose memory may grow to the end of the address space.
struct program {
  topology state;
  std::uint64_t heap{};

  program()
  {
    const module_info_ptr main = test::module_info_builder()
                                     .import_memory(1)
                                     .import_bases()
                                     .import("env", "__stack_pointer", test::address_import)
                                     .build();
    const result<main_layout> layout = plan_main_layout(*main, {.arena_bytes = 1U << 20U, .maximum_bytes = {}});
    require(layout.has_value(), "the program has a layout");
    state = make_topology(*layout, std::make_shared<const host_catalog>(), limit::table_elements);
    heap = layout->heap_base.value;
    const auto joined = join_group(state, std::nullopt);
    require(std::holds_alternative<joined_group>(joined), "a group joins");
    const auto planned = prepare_load(state, request_for("main", main, load_kind::program));
    require(std::holds_alternative<planned_load>(planned), "the program is planned");
    commit_load(state, std::get<planned_load>(planned).id, {});
  }

  load_request request_for(const std::string& name, const module_info_ptr& info, load_kind kind) const
  {
    load_request request;
    request.kind = kind;
    request.requester = state.roster.begin()->first;
    request.modules.push_back({{1, std::hash<std::string>{}(name)}, name, info, nullptr, {}});
    return request;
  }

  /// Gives what is asked for when it fits below 4 GiB.
  bool give(const needs_memory& wanted)
  {
    const std::uint64_t alignment = std::max<std::uint64_t>(wanted.alignment, 1);
    const std::uint64_t base = (heap + alignment - 1) / alignment * alignment;
    if (wanted.size > address_space_bytes || base + wanted.size > address_space_bytes) {
      return false;
    }
    add_memory(state, {base, wanted.size});
    heap = base + wanted.size;
    return true;
  }
};

void check_published(const topology& state)
{
  std::vector<std::pair<std::uint64_t, std::uint64_t>> data;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> slots;
  for (const loaded_module_ptr& module : *state.current->modules) {
    const module_plan& plan = module->plan();
    const dylink_info& wanted = *plan.info->dylink;
    require(plan.memory_base.value % (std::uint64_t{1} << wanted.memory_alignment_log2) == 0 &&
                plan.table_base.value % (std::uint64_t{1} << wanted.table_alignment_log2) == 0,
            "every library is aligned as it asked");
    if (wanted.memory_size > 0) {
      data.emplace_back(plan.memory_base.value, std::uint64_t{plan.memory_base.value} + wanted.memory_size);
    }
    if (wanted.table_size > 0) {
      slots.emplace_back(plan.table_base.value, std::uint64_t{plan.table_base.value} + wanted.table_size);
    }
  }
  for (auto* ranges : {&data, &slots}) {
    std::ranges::sort(*ranges);
    for (std::size_t i = 1; i < ranges->size(); ++i) {
      require((*ranges)[i - 1].second <= (*ranges)[i].first, "no two libraries overlap");
    }
    require(ranges->empty() || ranges->back().second <= address_space_bytes, "all data lies in the memory");
  }
  require(slots.empty() || slots.front().first > 0, "slot 0 is nobody's");
  require(state.current->table_size <= limit::function_table_slots,
          "the table keeps its limit, whatever libraries ask for");
}

void check_plans(const dylink_info& info)
{
  auto library = std::make_shared<module_info>(*test::module_info_builder().import_memory(1).import_bases().build());
  library->dylink = info;
  library->dylink->needed.clear(); // the search for files is not the planner's
  if (!check_module(*library, "library", false)) {
    return;
  }
  program process;
  constexpr unsigned libraries = 6;
  for (unsigned i = 0; i < libraries; ++i) {
    const load_request request = process.request_for("lib" + std::to_string(i), library, load_kind::library);
    const std::uint64_t before = hash_of(process.state);
    prepare_outcome outcome = prepare_load(process.state, request);
    if (const auto* wanted = std::get_if<needs_memory>(&outcome)) {
      require(hash_of(process.state) == before, "a load that asks for memory has changed nothing");
      if (!process.give(*wanted)) {
        return;
      }
      outcome = prepare_load(process.state, request);
      require(!std::holds_alternative<needs_memory>(outcome), "a block of the size that was asked for serves");
    }
    if (const auto* refused = std::get_if<error>(&outcome)) {
      require(*refused == errc::memory_exhausted || *refused == errc::table_exhausted ||
                  *refused == errc::limit_exceeded || *refused == errc::unsupported_module,
              "a size is refused as a size");
      return;
    }
    require(std::holds_alternative<planned_load>(outcome), "a library is planned, or refused");
    commit_load(process.state, std::get<planned_load>(outcome).id, {});
    check_published(process.state);
  }
}

} // namespace
} // namespace interlink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  using namespace interlink;
  const std::vector<std::byte> module = fuzz::module_with(fuzz::as_bytes(data, size));
  const result<module_info> info = read_module(module);
  if (!info) {
    const error& failure = info.error();
    fuzz::require(failure == errc::malformed_module || failure == errc::limit_exceeded, "dylink.0 fails as bytes do");
    fuzz::require(failure.detail().offset && *failure.detail().offset <= module.size(), "the error says where");
    return 0;
  }
  fuzz::require(info->dylink.has_value(), "the section is found");
  fuzz::check_limits(*info->dylink);
  fuzz::check_round_trip(*info->dylink);
  fuzz::check_plans(*info->dylink);
  return 0;
}
