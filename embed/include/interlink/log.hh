// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The log of a process, for a person. Included by <interlink/interlink.hh>; <interlink/spdlog.hh> hands it to spdlog.
#pragma once

#include <interlink/config.hh>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace INTERLINK_NAMESPACE {

enum class log_category : std::uint8_t {
  report,     ///< always on: long waits, options without effect, calls that are not implemented, network refusals
  libs,       ///< files searched and found, constructors run
  symbols,    ///< every look-up of a symbol by the guest
  bindings,   ///< what each import was bound to
  threads,    ///< guest threads made, and why one was refused
  statistics, ///< counts and times, at the end
  ops,        ///< operations of the linker: committed, published, carried out by all
  actors,     ///< everything that the coordinator and the threads do
};

/// As INTERLINK_DEBUG has it.
std::string_view name_of(log_category category);

/// Lives as long as the call of the sink.
struct log_record {
  log_category category{};
  std::string_view process; ///< `process_options::name`, or the path of a program that the guest has started
  std::uint32_t member{};   ///< 1 is the process itself, others are those that its guest has started
  std::uint32_t group{};    ///< 0: of no group
  std::string_view text;    ///< one line or more, without the last newline

  bool is_warning() const { return category == log_category::report; }
};

/// "plugins.wasm: [libs 3] found /x.so"; a report is "plugins.wasm: text".
std::string to_text(const log_record& record);

/// Context: any thread, several at once; may wait, but those of guests wait with it; must not throw.
using log_sink = std::function<void(const log_record&)>;

/// For who wants nothing.
inline log_sink silent()
{
  return [](const log_record&) {
  };
}

} // namespace INTERLINK_NAMESPACE
