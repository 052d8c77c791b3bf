// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/symbol_list.hh"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>
#include <utility>

namespace interlink::cli {

namespace {

/// Given by the linker to every module. Source: tool-conventions, DynamicLinking.md.
constexpr std::array<std::string_view, 8> linkers_own{
    "memory",         "__indirect_function_table", "__stack_pointer", "__memory_base", "__table_base",
    "__table_base32", "__memory_base32",           "__linear_memory"};

/// Numbers about thread-local storage that wasm-ld exports as globals; they are not addresses.
constexpr std::array<std::string_view, 2> numbers{"__tls_size", "__tls_align"};

bool is_linkers_own(const import_info& import)
{
  return import.module_name == "env" && std::ranges::find(linkers_own, import.name) != linkers_own.end();
}

bool is_symbol_import(const import_info& import)
{
  return import.module_name == "env" || import.module_name == "GOT.mem" || import.module_name == "GOT.func";
}

listed_symbol describe(const export_info& exported, std::optional<std::uint64_t> data_end)
{
  const bool is_weak = (exported.flags & symbol_flag::binding_weak) != 0;
  listed_symbol symbol{exported.name, 'D', std::nullopt, exported.is_tls(), false};
  if (std::holds_alternative<function_type>(exported.type)) {
    symbol.letter = is_weak ? 'W' : 'T';
    symbol.value = exported.index;
    return symbol;
  }
  if (std::holds_alternative<tag_type>(exported.type)) {
    symbol.is_tag = true;
    return symbol;
  }
  symbol.value = exported.value;
  const bool is_number = (exported.flags & symbol_flag::absolute) != 0 ||
                         std::ranges::find(numbers, std::string_view(exported.name)) != numbers.end();
  const bool is_zero = !symbol.is_tls && symbol.value && data_end && *symbol.value >= *data_end;
  symbol.letter = is_number ? 'A' : is_weak ? 'V' : is_zero ? 'B' : 'D';
  return symbol;
}

} // namespace

std::vector<listed_symbol> list_symbols(const module_info& info, std::optional<std::uint64_t> data_end)
{
  std::map<std::string, listed_symbol> by_name;
  for (const export_info& exported : info.exports) {
    if (!std::holds_alternative<memory_type>(exported.type) && !std::holds_alternative<table_type>(exported.type)) {
      by_name.emplace(exported.name, describe(exported, data_end));
    }
  }
  for (const import_info& import : info.imports) {
    if (is_linkers_own(import) || std::holds_alternative<memory_type>(import.type)) {
      continue;
    }
    std::string name = is_symbol_import(import) ? import.name : import.module_name + "." + import.name;
    const bool is_tag = std::holds_alternative<tag_type>(import.type);
    const bool is_tls = (import.flags & symbol_flag::tls) != 0;
    // A name that the module exports as well is defined here: it imports it so that another definition may come first.
    const auto [place, is_new] = by_name.try_emplace(name, listed_symbol{name, 'U', std::nullopt, is_tls, is_tag});
    if (import.is_weak() && place->second.is_undefined()) {
      place->second.letter = 'w';
    }
  }
  std::vector<listed_symbol> symbols;
  symbols.reserve(by_name.size());
  for (auto& [name, symbol] : by_name) {
    symbols.push_back(std::move(symbol));
  }
  return symbols;
}

std::string to_text(const listed_symbol& symbol)
{
  const std::string value = symbol.value ? fmt::format("{:08x}", *symbol.value) : std::string(8, ' ');
  return fmt::format("{} {} {}{}{}", value, symbol.letter, symbol.name, symbol.is_tls ? " [tls]" : "",
                     symbol.is_tag ? " [tag]" : "");
}

} // namespace interlink::cli
