// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How a WASI call ends: it returns an errno to the guest, or it unwinds the guest because the process exits or because
// the call was cancelled. A guest never sees the last two as a number.
#pragma once

#include "wasi/errno_code.hh"

#include <cstdint>
#include <expected>

namespace interlink::wasi {

enum class outcome_kind : std::uint8_t {
  returned,  ///< the guest goes on with an errno
  exited,    ///< proc_exit or a deadly proc_raise: the guest must be unwound and the process ended
  cancelled, ///< the call was cancelled by `canceller::cancel`: the guest must be unwound
};

/// The end of a call. Context: immutable.
struct [[nodiscard]] outcome {
  outcome_kind kind = outcome_kind::returned;
  std::uint32_t value{}; ///< the errno when returned, the exit code when exited, 0 when cancelled

  constexpr outcome(errno_code code) : value(static_cast<std::uint32_t>(code)) {} // NOLINT(google-explicit-constructor)

  static constexpr outcome exited(std::uint32_t code) { return {outcome_kind::exited, code}; }

  static constexpr outcome cancelled() { return {outcome_kind::cancelled, 0}; }

  constexpr bool is_success() const { return kind == outcome_kind::returned && value == 0; }

  /// Pre: `kind` is returned.
  constexpr errno_code code() const { return static_cast<errno_code>(value); }

  friend constexpr bool operator==(const outcome&, const outcome&) = default;

private:
  constexpr outcome(outcome_kind how, std::uint32_t number) : kind(how), value(number) {}
};

/// A value, or the outcome that ends the call.
template <class T>
using expected = std::expected<T, outcome>;

/// `return refuse(errno_code::badf)` from any function that returns an `expected`.
[[nodiscard]] inline std::unexpected<outcome> refuse(outcome how)
{
  return std::unexpected<outcome>(how);
}

} // namespace interlink::wasi
