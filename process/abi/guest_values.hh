// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small helpers shared by the guest ABI's functions: reading guest text, writing results, answering an errno.
#pragma once

#include "engine/engine.hh"
#include "messages/error.hh"
#include "messages/wasm_types.hh"
#include "wasi/errno_code.hh"
#include "wasi/guest_memory.hh"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace interlink::abi {

using wasi::errno_code;
using values = std::span<engine::value_slot>;

/// WASIX names for errno values that preview 1 lacks. Source: WASIX guest ABI.
inline constexpr auto errno_memviolation = static_cast<errno_code>(78);
inline constexpr auto errno_unknown = static_cast<errno_code>(79);

/// n parameters of type i32 and one result: the shape of nearly every function here.
function_type errno_function(std::size_t parameter_count);

inline result<void> answer(values results, errno_code code)
{
  results[0] = engine::value_slot::of_i32(static_cast<std::uint32_t>(code));
  return {};
}

/// The text for a buffer of `length` bytes, the last of them for a zero: when it is longer, whole lines are left out at
/// its end and counted, "and 12 more". The first line below the heading is cut, "...", where it does not fit. A single
/// line is left as it is.
std::string fit_lines(std::string text, std::uint32_t length);

/// `text` into a guest buffer, NUL-terminated within its length, cut at a code point. Length 0 writes nothing; a bad
/// buffer writes nothing either: the text is a courtesy.
void write_text(const wasi::guest_memory& memory, std::uint32_t buffer, std::uint32_t length, std::string_view text);

} // namespace interlink::abi
