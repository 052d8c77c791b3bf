// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which of the options that were given can change nothing for the program at hand. A limit that is silently ignored is
// worse than none.
#pragma once

#include "messages/module_info.hh"

#include <string>
#include <vector>

namespace interlink {

/// Options that do not apply to every program; true: it was given a value, other than the usual one.
struct given_options {
  bool stack_size{};           ///< memory_options::stack_bytes, `--stack-size`
  bool arena{};                ///< memory_options::arena_bytes
  bool maximum_memory{};       ///< memory_options::maximum_bytes, `--max-memory`
  bool library_path{};         ///< process_options::library_path, `--lib-path`
  bool watchdog{};             ///< process_options::watchdog, `--watchdog`
  bool has_embedders_memory{}; ///< the program's memory is one that the embedder gave
};

/// One line for each option without effect, with why and what to do instead. Pure. Context: any thread.
std::vector<std::string> options_without_effect(const module_info& main, const given_options& given);

} // namespace interlink
