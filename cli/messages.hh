// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command prints, and its exit codes.
#pragma once

#include "messages/error.hh"

#include <string>
#include <string_view>

#include "loader/debug_log.hh"

namespace interlink::cli {

inline constexpr int exit_wrong_usage = 2;

/// Of the commands that look at files, when one cannot be read or needs what is not there. Source: ldd, nm.
inline constexpr int exit_cannot_inspect = 1;

/// One line on standard error, in one write, so that lines of several threads do not mix.
void print_line(std::string_view text);

/// The log of what runs, on standard error, in the form of `to_text`: each record in one write, as above.
log_sink log_to_standard_error();

/// Text for standard output, as it is; `flush_results` writes it.
void print_result(std::string_view text);

/// False when something that was printed on standard output did not get there: the disk is full, the reader gone.
bool flush_results();

/// The failure, and the guest backtrace if it has one.
void print_failure(std::string_view program, const error& failure);

} // namespace interlink::cli
