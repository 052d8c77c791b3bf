// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The library's values as the public header has them, and the other way round.
#pragma once

#include "messages/error.hh"
#include "messages/wasm_types.hh"

#include <interlink/error.hh>
#include <interlink/options.hh>
#include <interlink/values.hh>

#include <utility>

#include "process/thread_report.hh"

namespace interlink::v0 {

/// Keeps the failure that it is made of, so that one which is handed back is the same again.
error to_public(const interlink::error& why);

interlink::error to_internal(const error& why);

template <class T>
result<T> to_public(interlink::result<T> outcome)
{
  return outcome ? result<T>(std::move(*outcome)) : fail(to_public(outcome.error()));
}

template <>
inline result<void> to_public(interlink::result<void> outcome)
{
  return outcome ? result<void>() : fail(to_public(outcome.error()));
}

function_type to_internal(const signature& type);

/// Of numbers only: a function with references has no such signature. Errors: symbol_type_mismatch.
result<signature> to_public(const function_type& type);

thread_info to_public(const thread_report& thread);

} // namespace interlink::v0
