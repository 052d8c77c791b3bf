// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/linking_history.hh"

#include "tests/support/module_info_builder.hh"

#include <algorithm>
#include <array>
#include <memory>
#include <ostream>
#include <set>
#include <string_view>

#include "wasm/export_index.hh"

namespace interlink::support {

namespace {

constexpr std::size_t name_count = 8;

/// `__dso_handle` and the stack's bounds are asked for like data.
std::string data_name_of(std::uint8_t number)
{
  static constexpr std::array<const char*, 3> well_known{"__dso_handle", "__heap_base", "__stack_high"};
  return number >= 250 ? well_known[number % 3] : symbol_of(number);
}

void add_import(test::module_info_builder& module, const import_fact& fact)
{
  const std::uint32_t flags = fact.is_weak ? symbol_flag::binding_weak | symbol_flag::undefined : 0;
  switch (fact.what) {
  case import_fact::form::call:
    module.import("env", symbol_of(fact.name), test::void_function, flags);
    break;
  case import_fact::form::other_call:
    module.import("env", symbol_of(fact.name), test::int_function, flags);
    break;
  case import_fact::form::address:
    module.import_address(symbol_of(fact.name), flags);
    break;
  default:
    module.import_data(data_name_of(fact.name), flags);
    break;
  }
}

struct made_exports {
  std::set<std::string> names;
  std::set<std::string> hidden;
  std::uint32_t elements = 0;
};

void add_export(test::module_info_builder& module, const export_fact& fact, const library_fact& library,
                made_exports& made)
{
  const std::string name = symbol_of(fact.name);
  if (!made.names.insert(name).second) {
    return;
  }
  switch (fact.what) {
  case export_fact::form::other_function:
    module.function(name, test::int_function);
    break;
  case export_fact::form::hidden_function:
    module.function(name);
    made.hidden.insert(name);
    break;
  case export_fact::form::alias:
    module.aliases({"alias_of_" + name, name});
    break;
  case export_fact::form::in_table:
    module.function(name);
    if (made.elements < library.table_slots) {
      module.element(name, made.elements++);
    }
    break;
  case export_fact::form::data:
    module.data(name, fact.value);
    break;
  case export_fact::form::absolute:
    module.data(name, fact.value, symbol_flag::absolute);
    break;
  case export_fact::form::tls:
    if (library.tls_bytes > 0) {
      module.tls_variable(name, fact.value);
    }
    break;
  case export_fact::form::mutable_global:
    module.mutable_global(name);
    break;
  case export_fact::form::passed_on:
    for (const import_fact& import : library.imports) {
      if (import.what <= import_fact::form::other_call) {
        module.pass_on(symbol_of(import.name), name);
        return;
      }
    }
    break;
  default:
    module.function(name);
    break;
  }
}

/// Of a module that imports a name more than once, `pass_on` exports each import under the one name.
void drop_repeated_exports(module_info& info)
{
  std::set<std::string> seen;
  std::erase_if(info.exports, [&](const export_info& exported) { return !seen.insert(exported.name).second; });
  index_exports(info);
}

} // namespace

std::string symbol_of(std::uint8_t number)
{
  return "s" + std::to_string(number % name_count);
}

std::string file_of(std::size_t library)
{
  return library == 0 ? "main" : "lib" + std::to_string(library);
}

module_info_ptr make_info(const library_fact& fact, bool is_main, std::size_t library_count)
{
  test::module_info_builder module;
  module.import_memory(1).import_bases();
  if (is_main) {
    module.import("env", "__stack_pointer", test::address_import);
  }
  module.data_size(fact.data_bytes, fact.data_alignment_log2).table_size(fact.table_slots, fact.table_alignment_log2);
  for (const std::uint8_t needed : fact.needed) {
    const std::size_t number = needed % library_count;
    if (number != 0) { // nobody needs the program
      module.needs(file_of(number));
    }
  }
  std::ranges::for_each(fact.imports, [&](const import_fact& import) { add_import(module, import); });
  made_exports made;
  std::ranges::for_each(fact.exports, [&](const export_fact& exported) { add_export(module, exported, fact, made); });
  if (fact.tls_bytes > 0) {
    module.tls(fact.tls_bytes);
  }
  if (fact.has_open_start && !is_main) {
    module.open_start();
  }
  auto info = std::make_shared<module_info>(*module.build());
  drop_repeated_exports(*info);
  for (export_info& exported : info->exports) {
    exported.flags |= made.hidden.contains(exported.name) ? symbol_flag::visibility_hidden : 0;
  }
  return info;
}

std::ostream& operator<<(std::ostream& out, const library_fact& fact)
{
  static constexpr std::array<std::string_view, 10> exports{
      "function", "int function", "hidden", "alias", "in table", "data", "absolute", "tls", "mutable", "passes on"};
  static constexpr std::array<std::string_view, 4> imports{"calls", "calls int", "address", "data"};
  out << "{";
  for (const std::uint8_t needed : fact.needed) {
    out << " needs " << static_cast<unsigned>(needed);
  }
  for (const import_fact& import : fact.imports) {
    out << "; " << (import.is_weak ? "weak " : "") << imports[static_cast<std::size_t>(import.what) % imports.size()]
        << " " << (import.what == import_fact::form::data ? data_name_of(import.name) : symbol_of(import.name));
  }
  for (const export_fact& exported : fact.exports) {
    out << "; has " << exports[static_cast<std::size_t>(exported.what) % exports.size()] << " "
        << symbol_of(exported.name);
  }
  return out << "; data " << fact.data_bytes << " align " << static_cast<unsigned>(fact.data_alignment_log2)
             << " slots " << fact.table_slots << " tls " << fact.tls_bytes << (fact.has_open_start ? " open start" : "")
             << " }";
}

std::ostream& operator<<(std::ostream& out, const request_fact& fact)
{
  static constexpr std::array<std::string_view, 14> names{"open", "prepare", "commit",  "abandon",     "construct",
                                                          "find", "call",    "close",   "begin close", "unload",
                                                          "join", "leave",   "reserve", "settle"};
  return out << names[static_cast<std::size_t>(fact.what) % names.size()] << " " << static_cast<unsigned>(fact.first)
             << " " << static_cast<unsigned>(fact.second);
}

std::ostream& operator<<(std::ostream& out, const linking_history& history)
{
  out << "arena " << history.arena_kibibytes << " KiB, table maximum " << history.table_maximum << "\n";
  for (const library_fact& library : history.libraries) {
    out << library << "\n";
  }
  for (const request_fact& request : history.requests) {
    out << request << "\n";
  }
  return out;
}

} // namespace interlink::support
