// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The embedder's functions as a registry of the library's, and wasm values between the two.
#pragma once

#include "engine/engine.hh"
#include "groups/host_registry.hh"

#include <interlink/host_functions.hh>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <vector>

namespace interlink::v0 {

/// Calls with copies of the values, and copies them back.
template <class To, class From, class Call>
auto call_with_copies(std::span<From> values, Call call)
{
  constexpr std::size_t few = 16;
  std::array<To, few> small{};
  std::vector<To> large(values.size() > few ? values.size() : 0);
  const std::span<To> copies = values.size() > few ? std::span<To>(large) : std::span<To>(small).first(values.size());
  std::ranges::transform(values, copies.begin(), [](const From& value) { return To{value.low, value.high}; });
  auto outcome = call(copies);
  std::ranges::transform(copies, values.begin(), [](const To& value) { return From{value.low, value.high}; });
  return outcome;
}

template <class Call>
auto call_with(std::span<detail::raw_value> values, Call call)
{
  return call_with_copies<engine::value_slot>(values, std::move(call));
}

/// Errors of the functions are those of the calls.
host_registry to_registry(const host_functions& functions);

} // namespace interlink::v0
