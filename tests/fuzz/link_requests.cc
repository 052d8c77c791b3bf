// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a program, its libraries and a sequence of requests (tests/support/linking_history.hh), carried out by
// the topology and by the reference linker: `judge` says what must agree after each request.
#include "tests/fuzz/fuzz_target.hh"
#include "tests/support/linking_history.hh"

#include <algorithm>
#include <array>
#include <iostream>

namespace interlink::fuzz {
namespace {

using namespace support;

using defines = export_fact::form;
using wants = import_fact::form;

/// Names 0 to 4 are mostly functions, 5 and 6 data, 7 is the host's, as in tests/linker/linking_property_test.cc: where
/// kinds never fit, every load is refused at once.
export_fact export_of(choices& from)
{
  static constexpr std::array<defines, 5> functions{defines::function, defines::hidden_function, defines::alias,
                                                    defines::in_table, defines::passed_on};
  static constexpr std::array<defines, 3> data{defines::data, defines::absolute, defines::tls};
  const std::uint8_t what = from.u8();
  const std::uint8_t name = from.u8();
  if (what < 170) {
    return {functions[what % functions.size()], static_cast<std::uint8_t>(name % 5), 0};
  }
  if (what < 250) {
    return {data[what % data.size()], static_cast<std::uint8_t>(5 + name % 2), name};
  }
  return {static_cast<defines>(what % static_cast<unsigned>(defines::end)), name, name};
}

import_fact import_of(choices& from)
{
  const std::uint8_t what = from.u8();
  const std::uint8_t name = from.u8();
  const auto function = static_cast<std::uint8_t>(name % 5);
  const bool is_common = name < 230;
  if (what < 120) {
    return {wants::call, function, !is_common};
  }
  if (what < 180) {
    return {wants::address, function, is_common};
  }
  if (what < 220) {
    return {wants::data, static_cast<std::uint8_t>(5 + name % 2), is_common};
  }
  if (what < 240) {
    return {what % 2 == 0 ? wants::call : wants::address, 7, is_common};
  }
  return what < 252 ? import_fact{wants::data, 250, is_common} : import_fact{wants::other_call, name, is_common};
}

library_fact library_of(choices& from)
{
  library_fact library;
  const std::uint8_t shape = from.u8();
  library.exports.resize(shape % 8U);
  std::ranges::generate(library.exports, [&] { return export_of(from); });
  library.imports.resize(shape / 8U % 8U);
  std::ranges::generate(library.imports, [&] { return import_of(from); });
  library.needed.resize(shape / 64U);
  for (std::uint8_t& needed : library.needed) {
    needed = from.u8();
  }
  const std::uint8_t extras = from.u8();
  if ((extras & 1U) != 0) {
    library.data_bytes = from.u16();
    library.data_alignment_log2 = static_cast<std::uint8_t>(from.below(17));
  }
  if ((extras & 2U) != 0) {
    library.table_slots = from.u8();
    library.table_alignment_log2 = static_cast<std::uint8_t>(from.below(17));
  }
  if ((extras & 4U) != 0) {
    library.tls_bytes = from.u8();
  }
  library.has_open_start = (extras & 8U) != 0;
  return library;
}

linking_history history_of(choices& from)
{
  linking_history history;
  history.libraries.resize(1 + from.below(6));
  for (library_fact& library : history.libraries) {
    library = library_of(from);
  }
  history.arena_kibibytes = 4 * from.u8();
  history.table_maximum = 64 + 256 * from.below(256);
  constexpr std::size_t most_requests = 64; // each is judged against everything so far
  while (!from.at_end() && history.requests.size() < most_requests) {
    const auto what = static_cast<request_fact::form>(from.below(static_cast<std::size_t>(request_fact::form::end)));
    const std::uint8_t first = from.u8();
    history.requests.push_back({what, first, from.u8()});
  }
  return history;
}

} // namespace
} // namespace interlink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  using namespace interlink;
  fuzz::choices from(fuzz::as_bytes(data, size));
  const support::linking_history history = fuzz::history_of(from);
  const support::history_report report = support::judge(history);
  if (!report.failure.empty()) {
    std::cerr << history;
    fuzz::require(false, report.failure);
  }
  return 0;
}
