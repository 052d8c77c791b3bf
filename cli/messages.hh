// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command says on standard error, and its exit codes.
#pragma once

#include "messages/error.hh"

#include <string>
#include <string_view>

namespace interlink::cli {

inline constexpr int exit_wrong_usage = 2;

/// One line, in one write, so that lines of several threads do not mix.
void print_line(std::string_view text);

/// The failure, and the guest backtrace if it has one.
void print_failure(std::string_view program, const error& failure);

} // namespace interlink::cli
