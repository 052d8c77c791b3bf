// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the type of a call that takes plain numbers to an entry of a table of importable functions.
#pragma once

#include "wasi/host_call.hh"

#include <cstddef>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>

namespace interlink::wasi {

enum class waits : bool { no, yes };

/// The signature of a call in wasm, and the function that takes raw values apart for it.
template <auto Call>
struct adapter;

template <class... Parameters, outcome (*Call)(system&, call_context&, Parameters...)>
struct adapter<Call> {
  static function_type type()
  {
    static_assert(((std::is_same_v<Parameters, std::uint32_t> || std::is_same_v<Parameters, std::uint64_t>) && ...));
    return {{(sizeof(Parameters) == 4 ? wasm::i32 : wasm::i64)...}, {wasm::i32}};
  }

  static outcome invoke(system& s, call_context& c, std::span<const std::uint64_t> args)
  {
    if (args.size() < sizeof...(Parameters)) {
      return errno_code::inval;
    }
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      return Call(s, c, static_cast<Parameters>(args[Index])...);
    }(std::index_sequence_for<Parameters...>());
  }
};

/// The entry of a call that answers an errno.
template <auto Call>
host_call make_call(std::string_view name, waits may_wait = waits::no)
{
  return {name, adapter<Call>::type(), may_wait == waits::yes, &adapter<Call>::invoke};
}

} // namespace interlink::wasi
