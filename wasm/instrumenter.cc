// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instrumenter makes a module take part in the agreement between threads. Threads cannot share a function table, so
// each has a copy, and an index that one thread stores in memory must mean the same in another. A thread that waited
// for all others at each `dlopen` would stall the program. The check is the alternative: in front of each use of the
// table stands a comparison of the published version with the version that this thread has applied, and a thread that
// is behind catches up at that very place. The check costs two loads and a branch that is never taken.
//
// Nothing can guard linear memory, so a stack that overflows would overwrite the memory of another thread. Behind each
// place that lowers the stack pointer stands a comparison with the lower end of the thread's stack.
//
// Waits and notifies leave the engine for the process's own futex table, where the end of the process, a signal or the
// embedder can end them. A start function becomes an export, so that the linker decides when it runs.
//
// Only the code section and what is appended changes. No function index moves, so names, element segments and
// backtraces stay as they were; the operand stack in front of an instruction is the same as without the check. Sections
// that carry offsets into the code are dropped, as they would be false. Input that could defeat the check, such as
// guest code that writes the function table, is refused with the place and the remedy.
#include "wasm/instrumenter.hh"

#include "messages/limits.hh"

#include <algorithm>
#include <array>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>

#include "wasm/code_facts.hh"
#include "wasm/instrumentation.hh"
#include "wasm/layout_reader.hh"
#include "wasm/reserved_names.hh"
#include "wasm/second_start.hh"

namespace interlink {

namespace {

error refusal(std::string message, std::string_view symbol, std::string_view remedy)
{
  error_detail detail;
  detail.message = std::move(message);
  detail.symbol_name = symbol;
  detail.remedy = remedy;
  return {errc::unsupported_module, std::move(detail)};
}

result<void> refuse_reserved_names(const module_layout& layout)
{
  for (const import_entry& import : layout.imports) {
    if (import.module_name == reserved::module_name) {
      return fail(refusal("imports from module `" + std::string(reserved::module_name) + "`, which is reserved",
                          import.name, "give the import another module name"));
    }
  }
  for (const export_entry& entry : layout.exports) {
    if (entry.name.starts_with(reserved::export_prefix)) {
      return fail(
          refusal("exports a name that starts with `" + std::string(reserved::export_prefix) + "`, which is reserved",
                  entry.name, "rename the export"));
    }
  }
  return {};
}

/// What a module with dylink.0 may not have. A memory or table of its own could not be shared between modules; an
/// active data segment would overwrite shared data in every further instance.
result<void> refuse_own_objects(const module_layout& layout)
{
  if (layout.memories.size() > layout.imported_memories) {
    return fail(refusal("a dynamically linked module defines a memory of its own", {}, "link it with --import-memory"));
  }
  if (layout.tables.size() > layout.imported_tables) {
    return fail(refusal("a dynamically linked module defines a table of its own", {}, "link it with --import-table"));
  }
  for (const std::uint32_t memory : layout.active_data_memories) {
    if (layout.memories[memory].is_shared) {
      return fail(refusal("has active data segments, which every further thread would write again into shared memory",
                          {}, "link it with --shared-memory, so that its segments become passive"));
    }
  }
  return {};
}

/// What a static program that imports no memory exports as its own: where WASI calls find it, too.
std::optional<std::uint32_t> own_memory(const module_layout& layout)
{
  const auto memory = std::ranges::find_if(layout.exports, [](const export_entry& e) {
    return e.kind == extern_kind::memory && e.name == reserved::environment_memory;
  });
  return memory == layout.exports.end() ? std::nullopt : std::optional(memory->index);
}

/// The memory whose waits the host can serve: it finds the address in the program's shared, 32-bit memory.
std::optional<std::uint32_t> memory_to_wait_on(const module_layout& layout)
{
  const std::optional<std::uint32_t> memory =
      layout.imported_memories > 0 ? layout.linked_memory() : own_memory(layout);
  if (!memory || !layout.memories[*memory].is_shared || layout.memories[*memory].is_64) {
    return std::nullopt;
  }
  return memory;
}

bool may_exceed(const memory_type& memory, std::uint64_t bytes)
{
  const std::uint64_t pages = bytes >> memory.page_size_log2;
  return !memory.size.maximum || *memory.size.maximum > pages;
}

instrumentation plan_instrumentation(const module_layout& layout, const module_info& info,
                                     const instrument_options& options)
{
  instrumentation plan;
  plan.is_dynamic = info.dylink.has_value();
  plan.inserts_checks = plan.is_dynamic && options.check;
  if (plan.is_dynamic) {
    plan.function_table = layout.function_table();
  }
  if (plan.inserts_checks) {
    plan.stack_pointer = layout.stack_pointer();
  }
  if (options.wait_notify && info.has_wait_or_notify) {
    plan.waits_on = memory_to_wait_on(layout);
    plan.replaces_waits = true;
  }
  if (options.maximum_memory_bytes &&
      std::ranges::any_of(layout.memories | std::views::drop(layout.imported_memories), [&](const memory_type& memory) {
        return may_exceed(memory, *options.maximum_memory_bytes);
      })) {
    plan.maximum_memory_bytes = options.maximum_memory_bytes;
  }
  plan.control_memory = layout.imported_memories;
  plan.runtime_table = layout.imported_tables;
  plan.applied_global = static_cast<std::uint32_t>(layout.globals.size());
  plan.stack_low_global = plan.applied_global + 1;
  plan.first_type = static_cast<std::uint32_t>(layout.types.size());
  plan.shifts_tables = layout.tables.size() > layout.imported_tables;
  return plan;
}

instrumented_module unchanged(std::span<const std::byte> bytes, const module_info& info)
{
  instrumented_module same;
  same.bytes.assign(bytes.begin(), bytes.end());
  same.module_name = info.name;
  same.facts.bytes_in = bytes.size();
  same.facts.bytes_out = bytes.size();
  return same;
}

result<void> refuse(const module_layout& layout, const module_info& info)
{
  if (info.uses_legacy_exceptions) {
    return fail(refusal("uses the legacy exception instructions, which the engine does not have", {},
                        "build it with clang 22 and -mllvm -wasm-use-legacy-eh=false, or convert it with wasm-opt "
                        "--translate-to-exnref"));
  }
  if (result<void> checked = refuse_reserved_names(layout); !checked) {
    return checked;
  }
  return info.dylink ? refuse_own_objects(layout) : result<void>();
}

/// What is appended must fit as well: otherwise the engine would refuse bytes that nobody has seen.
result<void> check_room(const module_layout& layout, const instrumented_module& adds)
{
  struct space {
    std::string_view what;
    std::size_t count;
    std::size_t added;
    std::size_t limit;
  };

  const std::size_t memories = adds.imports_control_memory ? 1 : 0;
  const std::size_t tables = adds.imports_runtime_table ? 1 : 0;
  const std::size_t globals = (adds.exports_applied ? 1 : 0) + (adds.exports_stack_low ? 1 : 0);
  const std::array<space, 6> spaces{{
      {"types", layout.types.size(), tables * runtime_types().size(), limit::types},
      {"imports", layout.imports.size(), memories + tables, limit::imports},
      {"memories", layout.memories.size(), memories, limit::memories},
      {"tables", layout.tables.size(), tables, limit::tables},
      {"globals", layout.globals.size(), globals, limit::globals},
      {"exports", layout.exports.size(), globals + (adds.exports_start ? 1 : 0), limit::exports},
  }};
  for (const space& each : spaces) {
    if (each.added > each.limit || each.count > each.limit - each.added) {
      return fail(errc::limit_exceeded, "has " + std::to_string(each.count) + " " + std::string(each.what) +
                                            " of at most " + std::to_string(each.limit) + ", and instrumenting adds " +
                                            std::to_string(each.added));
    }
  }
  return {};
}

} // namespace

std::string function_name(const module_layout& layout, std::uint32_t function_index)
{
  for (const export_entry& entry : layout.exports) {
    if (entry.kind == extern_kind::function && entry.index == function_index) {
      return std::string(entry.name);
    }
  }
  constexpr std::uint8_t function_names = 1;
  for (const section_place& place : layout.sections) {
    if (place.id != section_id::custom || place.name != "name") {
      continue;
    }
    binary_reader in(layout.bytes.subspan(place.content, place.end - place.content));
    while (in.ok() && !in.at_end()) {
      const std::uint8_t id = in.u8();
      const std::uint32_t size = in.u32();
      if (id != function_names) {
        in.skip(size);
        continue;
      }
      const std::uint32_t count = in.count(limit::functions, 2, "function names");
      for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
        const std::uint32_t index = in.u32();
        const std::string_view name = in.name(limit::name_bytes, "function name");
        if (index == function_index) {
          return std::string(name);
        }
      }
    }
  }
  return {};
}

result<instrumented_module> instrument(std::span<const std::byte> bytes, const module_info& info,
                                       const instrument_options& options)
{
  const result<module_layout> layout = read_layout(bytes);
  if (!layout) {
    return fail(layout.error());
  }
  if (result<void> accepted = refuse(*layout, info); !accepted) {
    return fail(accepted.error());
  }
  instrumentation plan = plan_instrumentation(*layout, info, options);
  const bool keeps_memories = !plan.maximum_memory_bytes;
  if (!plan.is_dynamic && !plan.replaces_waits && keeps_memories) {
    return unchanged(bytes, info);
  }
  instrumented_module module;
  if (plan.is_dynamic && info.start != initialiser_kind::open) {
    auto again = read_second_start(*layout);
    if (!again) {
      return fail(std::move(again.error()));
    }
    module.can_start_again = again->is_possible;
    plan.keeps_data = std::move(again->in_start);
  }
  const result<rewritten_code> code = rewrite_code(*layout, plan, module.facts);
  if (!code) {
    return fail(code.error());
  }
  if (!plan.is_dynamic && module.facts.waits == 0 && keeps_memories) {
    return unchanged(bytes, info);
  }
  module.imports_control_memory = plan.inserts_checks;
  module.exports_applied = plan.inserts_checks;
  module.exports_stack_low = module.facts.stack_checks > 0;
  module.imports_runtime_table = plan.inserts_checks || module.facts.waits > 0;
  module.exports_start = plan.is_dynamic && layout->start_function.has_value();
  plan.shifts_tables = plan.shifts_tables && module.imports_runtime_table;
  if (result<void> fits = check_room(*layout, module); !fits) {
    return fail(fits.error());
  }
  module.module_name = options.module_name.empty() ? info.name : options.module_name;
  write_module(*layout, plan, *code, options.module_name, module);
  module.facts.bytes_in = bytes.size();
  module.facts.bytes_out = module.bytes.size();
  return module;
}

} // namespace interlink
