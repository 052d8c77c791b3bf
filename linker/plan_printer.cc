// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/plan_printer.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

namespace interlink {

namespace {

std::string hex(std::uint64_t value)
{
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16).ptr;
  return "0x" + std::string(digits.data(), end);
}

std::string number(std::uint64_t value)
{
  return std::to_string(value);
}

struct binding_printer {
  std::string operator()(const binding::host&) const { return "host"; }

  std::string operator()(const binding::linked_memory&) const { return "memory"; }

  std::string operator()(const binding::function_table&) const { return "function table"; }

  std::string operator()(const binding::stack_pointer&) const { return "stack pointer"; }

  std::string operator()(const binding::stack_bound& b) const { return b.is_high ? "stack high" : "stack low"; }

  std::string operator()(const binding::constant& b) const { return "constant " + hex(b.value); }

  std::string operator()(const binding::shared_tag&) const { return "shared tag"; }

  std::string operator()(const binding::thunk& b) const { return "thunk " + number(b.number); }

  std::string operator()(const binding::tls_address& b) const
  {
    return "tls of module " + number(b.provider.value) + " + " + hex(b.offset);
  }

  std::string operator()(const binding::direct& b) const
  {
    return "direct, export " + number(b.export_ordinal) + " of module " + number(b.provider.value);
  }
};

/// The name behind an export number, when the provider is in the same plan.
std::string export_name(const load_plan& plan, module_id provider, std::uint32_t ordinal)
{
  const auto found = std::ranges::find(plan.modules, provider, &module_plan::id);
  return found == plan.modules.end() ? std::string() : " (" + found->info->exports[ordinal].name + ")";
}

void print_module(std::string& text, const module_plan& module)
{
  text += "module " + number(module.id.value) + " " + module.name + "\n";
  text += "  memory base " + hex(module.memory_base.value) + ", size " + number(module.memory_size) +
          (module.needs_zeroing ? ", to be zeroed" : "") + "\n";
  text += "  table base " + number(module.table_base.value) + "\n";
  for (std::size_t i = 0; i < module.imports.size(); ++i) {
    const import_info& import = module.info->imports[i];
    text += "  import " + import.module_name + "." + import.name + " " + to_string(import.type) + ": " +
            to_text(module.imports[i]);
    if (const auto* bound = std::get_if<binding::thunk>(&module.imports[i])) {
      const table_index slot = module.thunks[bound->number].slot;
      text += slot != null_slot ? " to slot " + number(slot.value) : import.is_weak() ? ", undefined" : ", lazy";
    }
    text += "\n";
  }
}

void print_slot(std::string& text, const load_plan& plan, const slot_fill& fill)
{
  const function_source& source = fill.source;
  text += "slot " + number(fill.slot.value) + ": export " + number(source.export_ordinal) + " of module " +
          number(source.provider.value) + export_name(plan, source.provider, source.export_ordinal) + "\n";
}

} // namespace

std::string to_text(const import_binding& bound)
{
  return std::visit(binding_printer{}, bound);
}

std::string to_text(std::span<const slot_fill> host_slots)
{
  std::string text;
  for (const slot_fill& fill : host_slots) {
    const import_info& host = *fill.source.host;
    text += "slot " + number(fill.slot.value) + ": host function " + host.module_name + "." + host.name + "\n";
  }
  return text;
}

std::string to_text(const load_plan& plan)
{
  std::string text = "plan " + number(plan.id.value) + ": table size " + number(plan.table_size) + ", memory " +
                     number(plan.memory_pages) + " pages\n";
  for (const module_plan& module : plan.modules) {
    print_module(text, module);
  }
  for (const slot_fill& fill : plan.slots) {
    print_slot(text, plan, fill);
  }
  return text;
}

} // namespace interlink
