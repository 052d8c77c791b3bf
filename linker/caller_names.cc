// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/caller_names.hh"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace interlink {

namespace {

/// Source: Itanium C++ ABI, 3.3.6 and 3.3.5.3; ISO C, 7.24.4; glibc's name of the second thread registration.
constexpr std::array<std::pair<std::string_view, registration>, 5> registrations{{
    {"__cxa_atexit", registration::cxa_atexit},
    {"atexit", registration::atexit},
    {"at_quick_exit", registration::quick_exit},
    {"__cxa_thread_atexit", registration::thread_exit},
    {"__cxa_thread_atexit_impl", registration::thread_exit},
}};

constexpr std::array<std::string_view, 4> by_caller{"dlopen", "dlsym", "dlvsym", "dlmopen"};

} // namespace

std::optional<registration> find_registration(std::string_view name)
{
  const auto found = std::ranges::find(registrations, name, &std::pair<std::string_view, registration>::first);
  return found == registrations.end() ? std::nullopt : std::optional(found->second);
}

function_type type_of(registration kind)
{
  const bool takes_argument = kind == registration::cxa_atexit || kind == registration::thread_exit;
  return takes_argument ? function_type{{wasm::i32, wasm::i32, wasm::i32}, {wasm::i32}}
                        : function_type{{wasm::i32}, {wasm::i32}};
}

const import_info& exit_handler_runner()
{
  static const import_info runner{std::string(reserved_module), std::string(run_exit_handler),
                                  function_type{{wasm::i32}, {}}, 0};
  return runner;
}

const import_info& quick_exit_handler_runner()
{
  static const import_info runner{std::string(reserved_module), std::string(run_quick_exit_handler), function_type{},
                                  0};
  return runner;
}

bool asks_for_caller(std::string_view import_module, std::string_view name)
{
  const bool is_dlfcn = import_module == "env" || import_module == "wasix_32v1";
  return is_dlfcn && std::ranges::find(by_caller, name) != by_caller.end();
}

} // namespace interlink
