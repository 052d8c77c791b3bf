// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How guest code ends without returning, as errors.
#pragma once

#include "messages/error.hh"

#include <string>
#include <utility>

namespace interlink {

/// The guest failed: the instruction, host function or exception that nobody caught is named by the trap record.
constexpr bool is_trap(errc code) noexcept
{
  return code == errc::guest_trapped || code == errc::guest_threw;
}

/// Not the failure of a host call but the end of what called it: the call does not answer, and the guest unwinds.
constexpr bool unwinds_guest(errc code) noexcept
{
  return is_trap(code) || code == errc::guest_exited || code == errc::thread_exited || code == errc::stopping;
}

/// A trap without frames as yet: the engine adds those of the guest on the error's way through it.
inline error trap_of(error_detail detail)
{
  detail.trap = trap_record{detail.message, {}};
  return {errc::guest_trapped, std::move(detail)};
}

inline error trap_of(std::string message)
{
  error_detail detail;
  detail.message = std::move(message);
  return trap_of(std::move(detail));
}

} // namespace interlink
