// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors. An `error` says what kind of failure it is (`errc`), and tells a person which module and symbol, what was
// expected and found, and what to do. Included by <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>

#include <cstdint>
#include <exception>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace INTERLINK_NAMESPACE {

/// What kind of failure. Numbered by phase in blocks of 100; values are never used again for something else. The
/// second column of the catalogue in docs/embedding.md says what to do about each.
enum class errc {
  // Reading bytes.
  malformed_module = 100,   ///< bytes that are not a well-formed wasm binary
  unsupported_module = 101, ///< well formed, but of a kind that is refused
  limit_exceeded = 102,     ///< a count or size above a bound, the embedder's or the library's
  not_a_library = 103,      ///< opened as a library, but it has no dylink.0 section

  // Finding files.
  library_not_found = 200, ///< no candidate path exists; the detail lists all that were tried
  file_unreadable = 201,   ///< the file exists and cannot be read

  // Resolving symbols.
  symbol_not_found = 300,     ///< one or more symbols that nobody defines; the message lists all of them
  symbol_type_mismatch = 301, ///< found, with another kind or signature; the detail has both
  unknown_import = 302,       ///< an import from a module that neither the guest ABI nor the embedder provides
  invalid_handle = 303,       ///< a library handle that was closed, or never given

  // Memory and tables.
  memory_exhausted = 400, ///< linear memory cannot hold what was asked for within its maximum
  table_exhausted = 401,  ///< the function table is at its maximum

  // The engine.
  engine_refused = 500,     ///< it refused to compile, instantiate or grow; its text is in the message
  initialiser_failed = 501, ///< an initialiser of a library trapped before the library was loaded

  // Groups.
  group_lost = 600, ///< the group could not carry out a load that others have; calls to it fail

  // Life and limits.
  stopping = 700,         ///< the process is stopping, or it or the group has ended
  cancelled = 701,        ///< the embedder gave up; the same condition as std::errc::operation_canceled
  deadline_passed = 702,  ///< something lasted longer than its deadline
  mailbox_full = 703,     ///< the group has 1,024 calls waiting
  spawn_failed = 704,     ///< a thread could not be made
  not_dynamic = 705,      ///< a library was to be opened in a program that is not dynamically linked
  invalid_argument = 706, ///< an argument is out of its domain, or belongs to another process
  refused = 707,          ///< the embedder's policy said no

  // The guest, while it ran.
  guest_trapped = 800, ///< a trap; the detail has a backtrace
  guest_exited = 801,  ///< it called exit; the detail has the code
  thread_exited = 802, ///< it ended its thread
  guest_threw = 803,   ///< an exception that nobody caught left it

  // The embedder's own code.
  function_threw = 900, ///< a function given to async_invoke threw something; the message has its text
};

/// Of all these codes. Its name is "interlink".
const std::error_category& error_category() noexcept;
std::error_code make_error_code(errc code) noexcept;

/// One frame of a guest's stack. Empty strings are unknown.
struct backtrace_frame {
  std::string module;                  ///< the program or library, as messages name it
  std::string function;                ///< demangled
  std::optional<std::uint64_t> offset; ///< of the instruction, in the module's file as wasm-objdump shows it
  std::string file;                    ///< of the source, with line tables (-g); only when it was asked for
  std::uint32_t line{};                ///< from 1; 0 is unknown
};

/// What a program may want to decide by. Only what applies is set.
struct error_detail {
  std::string module;
  std::string symbol;
  std::string expected;
  std::string found;
  std::string remedy;
  std::vector<std::string> paths_tried;   ///< candidate, ": ", reason
  std::uint32_t exit_code{};              ///< for guest_exited
  std::vector<backtrace_frame> backtrace; ///< innermost first, at most 20
};

/// A failure: cheap to copy, immutable. Context: any thread.
class error {
public:
  error(errc code, std::string message) : error(code, std::move(message), {}) {}

  /// `origin` is the library's own.
  error(errc code, std::string message, error_detail detail, std::shared_ptr<const void> origin = nullptr)
      : code_(code), text_(std::make_shared<const text>(std::move(message), std::move(detail), std::move(origin)))
  {
  }

  errc code() const noexcept { return code_; }

  std::error_code error_code() const noexcept { return make_error_code(code_); }

  /// One paragraph for a person: what failed, where, expected and found, what to do, the cause, and for a trap the
  /// guest's backtrace.
  const std::string& message() const noexcept { return text_->message; }

  const error_detail& detail() const noexcept { return text_->detail; }

  /// What the library made it of; null when the embedder made it.
  const std::shared_ptr<const void>& origin() const noexcept { return text_->origin; }

  friend bool operator==(const error& a, errc b) noexcept { return a.code_ == b; }

private:
  struct text {
    text(std::string m, error_detail d, std::shared_ptr<const void> o)
        : message(std::move(m)), detail(std::move(d)), origin(std::move(o))
    {
    }

    std::string message;
    error_detail detail;
    std::shared_ptr<const void> origin;
  };

  errc code_;
  std::shared_ptr<const text> text_;
};

/// What `co_await` throws: `code()` is the error's code, `what()` its message.
class failure : public std::system_error {
public:
  explicit failure(error why) : std::system_error(why.error_code()), why_(std::move(why)) {}

  const char* what() const noexcept override { return why_.message().c_str(); }

  const error& why() const noexcept { return why_; }

private:
  error why_;
};

/// What functions that complete at once answer.
template <class T>
using result = std::expected<T, error>;

/// `return fail(errc::x, "text")` from any function that returns a result.
[[nodiscard]] inline std::unexpected<error> fail(errc code, std::string message)
{
  return std::unexpected<error>(error(code, std::move(message)));
}

[[nodiscard]] inline std::unexpected<error> fail(error why)
{
  return std::unexpected<error>(std::move(why));
}

/// The error in an exception that an operation completed with; of another exception, function_threw with its text.
/// Pre: not null.
error to_error(const std::exception_ptr& exception);

} // namespace INTERLINK_NAMESPACE

template <>
struct std::is_error_code_enum<interlink::v0::errc> : std::true_type {};
