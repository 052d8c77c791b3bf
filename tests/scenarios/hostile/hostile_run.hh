// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every hostile scenario asks of a run: the command ends by itself, in time, and never by one of its own mistakes.
#pragma once

#include "tests/scenarios/support/command_run.hh"
#include "tests/support/wasm_builder.hh"

#include <string>
#include <vector>

namespace interlink::test {

/// The exit code of the command after a trap; a process that aborts has it as well.
inline constexpr int trap_exit_code = 134;

/// Ended by itself and in time: no signal, no assertion, no sanitizer's report. A trap's 134 is also SIGABRT's, so it
/// counts only with the command's report.
testing::AssertionResult is_in_order(const command_result& run);

/// In order, and ended by a trap whose report has all these words.
testing::AssertionResult traps_saying(const command_result& run, const std::vector<std::string>& words);

/// In order, ended with 0 or as a program says "ok", and standard output has all these words.
testing::AssertionResult succeeds_saying(const command_result& run, const std::vector<std::string>& words);

struct named_content {
  std::string name; ///< of the file
  std::string content;
  std::vector<std::string> words{}; ///< that the refusal must have, besides the file's name
};

/// Every file is refused by dlopen with its words, each tried several times; a good library opens afterwards.
testing::AssertionResult all_are_refused(const std::vector<named_content>& files);

/// The bytes of a module as a file's content.
std::string content_of(const support::wasm_builder& module);

/// A library that imports what every library does: memory 0, table 0, globals 0 (memory base) and 1 (table base).
support::wasm_builder make_library(const dylink_info& info = {});

/// The bytes of a library whose `which` returns this number.
std::string library_number(std::int32_t number);

} // namespace interlink::test
