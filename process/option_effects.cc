// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/option_effects.hh"

#include "linker/memory_layout.hh"

#include <algorithm>
#include <string_view>
#include <variant>

namespace interlink {

namespace {

bool has_memory(const module_info& info)
{
  return !info.defined_memories.empty() || std::ranges::any_of(info.imports, [](const import_info& import) {
    return std::holds_alternative<memory_type>(import.type);
  });
}

} // namespace

std::vector<std::string> options_without_effect(const module_info& main, const given_options& given)
{
  std::vector<std::string> lines;
  const auto note = [&lines](bool is_given, std::string_view option, std::string_view why) {
    if (is_given) {
      lines.push_back(std::string(option) + " has no effect: " + std::string(why));
    }
  };
  const bool is_static = !main.dylink.has_value();
  if (is_static) {
    note(given.stack_size, "--stack-size",
         "the program is not a PIE and has its stack in its own data; link it with -z stack-size=BYTES");
    note(given.arena, "memory_options::arena_bytes", "the program is not dynamically linked and opens no libraries");
    note(given.library_path, "--lib-path", "the program is not dynamically linked and opens no libraries");
    note(given.watchdog, "--watchdog", "the program is not dynamically linked, so no thread waits in the linker");
  } else if (const auto layout = plan_main_layout(main, {}); layout && layout->is_fixed_address) {
    note(given.stack_size, "--stack-size",
         "the program lies at fixed addresses and has its stack among them; link it with -z stack-size=BYTES, or -pie");
    note(given.arena, "memory_options::arena_bytes",
         "the program lies at fixed addresses and has its heap behind its data; link it with -pie");
  }
  if (given.has_embedders_memory) {
    note(given.maximum_memory, "--max-memory", "the program's memory is the embedder's, which was made with a maximum");
  } else if (!has_memory(main)) {
    note(given.maximum_memory, "--max-memory", "the program has no memory");
  }
  return lines;
}

} // namespace interlink
