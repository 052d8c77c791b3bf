// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a C++ exception that nobody caught was: its type, and its text where that needs no call of the guest.
#pragma once

#include "messages/error.hh"
#include "wasi/guest_memory.hh"

namespace interlink {

/// The same failure; of a C++ exception its message says the type and, of a std::runtime_error or std::logic_error,
/// what it says. Reads guest memory, and believes nothing in it. Source: libc++abi's cxa_exception.h and
/// private_typeinfo.h, libc++'s stdexcept, for 32-bit targets.
error with_thrown_object(const error& failure, const wasi::guest_memory& memory);

} // namespace interlink
