// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program, its libraries and a sequence of requests as a small value, and the judge who carries it out on the
// topology and on the reference linker side by side. Property tests make histories of structure, the fuzzer of bytes.
#pragma once

#include "messages/module_info.hh"

#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

namespace interlink::support {

/// One export; names are few, so that libraries define and want the same ones. All fields are taken modulo what there
/// is to choose from.
struct export_fact {
  enum class form : std::uint8_t {
    function,
    other_function, ///< of another type
    hidden_function,
    alias,    ///< of a function that also has another name
    in_table, ///< a function in the module's own element segment
    data,
    absolute,
    tls,
    mutable_global,
    passed_on, ///< an imported function, under this name
    end,
  };

  form what{};
  std::uint8_t name{};
  std::uint32_t value{}; ///< of data

  friend bool operator==(const export_fact&, const export_fact&) = default;
};

struct import_fact {
  enum class form : std::uint8_t { call, other_call, address, data, end };

  form what{};
  std::uint8_t name{};
  bool is_weak{};

  friend bool operator==(const import_fact&, const import_fact&) = default;
};

struct library_fact {
  std::vector<export_fact> exports;
  std::vector<import_fact> imports;
  std::vector<std::uint8_t> needed; ///< numbers of libraries
  std::uint32_t data_bytes{};
  std::uint8_t data_alignment_log2{};
  std::uint32_t table_slots{};
  std::uint8_t table_alignment_log2{};
  std::uint32_t tls_bytes{};
  bool has_open_start{};

  friend bool operator==(const library_fact&, const library_fact&) = default;
};

struct request_fact {
  enum class form : std::uint8_t {
    open,    ///< prepare, commit and construct library `first`; flags in `second`
    prepare, ///< the same, and stop there
    commit,  ///< the `first`-th load in flight
    abandon,
    construct, ///< what is left of the constructors of the `first`-th module
    find,      ///< name `second` in the `first`-th module
    call,      ///< the `second`-th import of the `first`-th module
    close,     ///< the handle of the `first`-th module, and unload at once
    begin_close,
    unload, ///< what the oldest close began
    join,
    leave,   ///< the `first`-th group
    reserve, ///< `second` slots for the guest's own use
    settle,  ///< no group lags behind: what was freed may be reused
    end,
  };

  form what{};
  std::uint8_t first{};
  std::uint8_t second{};

  friend bool operator==(const request_fact&, const request_fact&) = default;
};

struct linking_history {
  std::vector<library_fact> libraries; ///< [0] is the main module
  std::vector<request_fact> requests;
  std::uint32_t arena_kibibytes{};
  std::uint32_t table_maximum{};

  friend bool operator==(const linking_history&, const linking_history&) = default;
};

/// What the numbers stand for.
std::string symbol_of(std::uint8_t number);
std::string file_of(std::size_t library);
module_info_ptr make_info(const library_fact& fact, bool is_main, std::size_t library_count);

std::ostream& operator<<(std::ostream& out, const library_fact& fact);
std::ostream& operator<<(std::ostream& out, const request_fact& fact);
std::ostream& operator<<(std::ostream& out, const linking_history& history);

/// What a history came to; a test looks whether its histories get anywhere.
struct history_report {
  std::string failure; ///< the first thing that was wrong, empty when all is well
  unsigned loads = 0;
  unsigned refused = 0; ///< loads that both linkers refused
  unsigned abandoned = 0;
  unsigned found = 0;
  unsigned bound_late = 0;
  unsigned unloaded = 0;
};

/// Carries the history out. After each request:
///   - outcome, bindings, scopes and closing modules are those of the reference linker;
///   - two groups that carry out the plans, one from the start and one made of the snapshot, have the same table, and
///     every binding leads there to the function or address that the reference linker names;
///   - one function of a module has one address, and one address one function;
///   - planning again, of copies whose hash tables are ordered otherwise, gives the same plan;
///   - ranges and slots that are taken or free never overlap, and none is lost;
///   - a refused or abandoned load leaves everything as it was.
history_report judge(const linking_history& history);

} // namespace interlink::support
