// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors. An `error` is an `errc` (what kind) and an immutable `error_detail` (for a person: which module, which
// symbol, what was expected and found, what to do). It is cheap to copy and safe to hand to several threads.
// `result<T>` is `std::expected<T, error>`; our functions do not throw.
#pragma once

#include "messages/ids.hh"

#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace interlink {

/// What kind of failure. Numbered by phase in blocks of 100; values are never reused.
enum class errc {
  // 1xx: reading bytes
  malformed_module = 100,   ///< bytes that are not a well-formed wasm binary; the detail has the offset
  unsupported_module = 101, ///< well formed, but of a kind Interlink refuses; the detail says why and what to do
  limit_exceeded = 102,     ///< a count or size above the bound in messages/limits.hh
  not_a_library = 103,      ///< opened as a library, but it has no dylink.0 section

  // 2xx: finding files
  library_not_found = 200, ///< no candidate path exists; the detail lists all that were tried
  file_unreadable = 201,   ///< the file exists and cannot be read

  // 3xx: resolving symbols
  symbol_not_found = 300,     ///< one or more symbols nobody defines; the detail lists all of them
  symbol_type_mismatch = 301, ///< found, with another kind or signature
  unknown_import = 302,       ///< an import from a module that neither the guest ABI nor the embedder provides
  invalid_handle = 303,       ///< a handle that dlopen did not return, or that was closed

  // 4xx: layout
  memory_exhausted = 400, ///< linear memory cannot hold the module's data within its maximum
  table_exhausted = 401,  ///< the function table is at its maximum
  needs_memory = 402,     ///< internal outcome of a turn: the arena cannot serve; the detail has the bytes

  // 5xx: engine
  engine_refused = 500,     ///< the engine refused to compile, instantiate or grow; its text is in the detail
  initialiser_failed = 501, ///< a start function, TLS initialiser or relocation trapped before the load was committed

  // 6xx: applying operations
  group_lost = 600, ///< the group could not apply a committed operation; calls to it fail

  // 7xx: actors and lifecycle
  stopping = 700,         ///< the process is stopping or has ended
  cancelled = 701,        ///< the caller gave up
  deadline_passed = 702,  ///< a wait lasted longer than its deadline
  mailbox_full = 703,     ///< an embedder's post met a full mailbox
  spawn_failed = 704,     ///< a guest thread could not be made
  not_dynamic = 705,      ///< a linker call in a program without dylink.0
  invalid_argument = 706, ///< the caller's argument is out of its domain

  // 8xx: the guest failed while running
  guest_trapped = 800, ///< a trap; the detail carries the trap record
  guest_exited = 801,  ///< proc_exit unwinds the guest; the detail carries the code
  thread_exited = 802, ///< thread_exit unwinds one guest thread
  guest_threw = 803,   ///< a wasm exception that nobody caught
};

const std::error_category& interlink_category() noexcept;
std::error_code make_error_code(errc code) noexcept;

/// A place in a source file, as a module's debugging information has it. Lines and columns count from 1; 0 is unknown.
struct source_place {
  std::string file;
  std::uint32_t line{};
  std::uint32_t column{};
};

/// One frame of a guest backtrace. Empty strings are unknown.
struct guest_frame {
  std::string module_name;   ///< the program or library, as messages name it
  std::string function_name; ///< demangled
  std::uint32_t function_index{};
  std::optional<std::uint64_t> module_offset; ///< of the instruction, in the module's file as wasm-objdump shows it
  std::string module_hash{};                  ///< of the file's bytes (XXH3, 128 bits, hexadecimal)
  std::optional<source_place> source{};       ///< only when it was asked for
};

/// `file:line:column`, without a column that is not known.
std::string to_string(const source_place& place);

/// One line: offset, module, function, and the source if it is known.
std::string to_string(const guest_frame& frame);

/// What a trap leaves behind. Never reworded on its way up.
struct trap_record {
  std::string message;                      ///< the engine's or the host function's text
  std::vector<guest_frame> frames;          ///< innermost first; the engine keeps the innermost 20
  std::optional<std::uint32_t> exception{}; ///< of an exception that carries one i32: of C++, where its object is
};

/// A backtrace for a person: one numbered line for each frame, with a newline in front of each.
std::string to_string(const trap_record& trap);

/// One symbol that nobody defines.
struct missing_symbol {
  std::string module_name; ///< who needs it
  std::string import_module;
  std::string symbol_name;
  std::string expected_type;
};

struct error_detail;

/// A failure. 24 bytes; the detail is shared and immutable. Context: immutable.
class error {
public:
  error(errc code) : code_(code) {} // NOLINT(google-explicit-constructor): a bare code is an error

  error(errc code, std::string message);
  error(errc code, error_detail detail);

  errc code() const noexcept { return code_; }

  /// Empty detail when none was given; never null.
  const error_detail& detail() const noexcept;

  /// One paragraph for a person: what failed, where, expected and found, what to do, and the cause.
  std::string message() const;

  /// The same error with `prefix` and ": " in front of its message; code and other fields stay.
  error with_context(std::string_view prefix) const;

  friend bool operator==(const error& a, errc b) noexcept { return a.code_ == b; }

private:
  errc code_;
  std::shared_ptr<const error_detail> detail_;
};

/// Only the fields that apply are set.
struct error_detail {
  std::string message;
  std::string module_name;
  std::string symbol_name;
  std::string expected;
  std::string found;
  std::string remedy;
  std::optional<std::uint64_t> offset;  ///< in the module's bytes
  std::vector<std::string> paths_tried; ///< candidate, ": ", reason
  std::vector<missing_symbol> missing;  ///< all of them
  std::uint64_t needed_bytes{};         ///< for `errc::needs_memory`
  std::uint32_t exit_code{};            ///< for `errc::guest_exited` and `errc::thread_exited`
  std::optional<trap_record> trap;      ///< for `errc::guest_trapped` and `errc::guest_threw`
};

template <class T>
using result = std::expected<T, error>;

/// `return fail(errc::x, "text")` from any function that returns a result.
[[nodiscard]] inline std::unexpected<error> fail(errc code, std::string message)
{
  return std::unexpected<error>(error(code, std::move(message)));
}

[[nodiscard]] inline std::unexpected<error> fail(error failure)
{
  return std::unexpected<error>(std::move(failure));
}

} // namespace interlink

template <>
struct std::is_error_code_enum<interlink::errc> : std::true_type {};
