// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/error.hh"

#include "messages/limits.hh"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <utility>

namespace interlink {

namespace {

class category final : public std::error_category {
public:
  const char* name() const noexcept override { return "interlink"; }

  std::string message(int value) const override
  {
    switch (static_cast<errc>(value)) {
    case errc::malformed_module:
      return "malformed module";
    case errc::unsupported_module:
      return "unsupported module";
    case errc::limit_exceeded:
      return "limit exceeded";
    case errc::not_a_library:
      return "not a dynamic library";
    case errc::library_not_found:
      return "library not found";
    case errc::file_unreadable:
      return "file cannot be read";
    case errc::symbol_not_found:
      return "symbol not found";
    case errc::symbol_type_mismatch:
      return "symbol has another type";
    case errc::unknown_import:
      return "unknown import";
    case errc::invalid_handle:
      return "invalid library handle";
    case errc::memory_exhausted:
      return "linear memory exhausted";
    case errc::table_exhausted:
      return "function table exhausted";
    case errc::needs_memory:
      return "the linker arena needs memory";
    case errc::engine_refused:
      return "refused by the engine";
    case errc::initialiser_failed:
      return "an initialiser of the module failed";
    case errc::group_lost:
      return "instance group lost";
    case errc::stopping:
      return "the process is stopping";
    case errc::cancelled:
      return "cancelled";
    case errc::deadline_passed:
      return "deadline passed";
    case errc::mailbox_full:
      return "mailbox full";
    case errc::spawn_failed:
      return "thread could not be started";
    case errc::not_dynamic:
      return "the program is not dynamically linked";
    case errc::invalid_argument:
      return "invalid argument";
    case errc::guest_trapped:
      return "guest trapped";
    case errc::guest_exited:
      return "guest exited";
    case errc::thread_exited:
      return "guest thread exited";
    case errc::guest_threw:
      return "uncaught exception in the guest";
    }
    return "unknown error";
  }
};

const error_detail empty_detail{};

/// What to do about a failure whose detail has nothing better. Empty for what needs nothing done, as an end or a trap,
/// and where each message says it itself.
std::string_view general_remedy(errc code)
{
  switch (code) {
  case errc::malformed_module:
    return "build it again, or see what wasm-validate says of it";
  case errc::unsupported_module:
    return "build it as docs/guests.md says";
  case errc::limit_exceeded:
    return "keep within the limit: it is fixed";
  case errc::not_a_library:
    return "link it with wasm-ld -shared";
  case errc::file_unreadable:
    return "name a regular file that may be read";
  case errc::symbol_not_found:
    return "interlink nm shows what a module defines";
  case errc::symbol_type_mismatch:
    return "make both sides agree on the type";
  case errc::unknown_import:
    return "host functions are those of WASI preview 1, wasi-threads and WASIX, and the embedder's";
  case errc::invalid_handle:
    return "use a handle that dlopen returned and no dlclose has taken back";
  case errc::memory_exhausted:
    return "allow more memory: --max-memory of interlink run, and of wasm-ld when the program was linked";
  case errc::table_exhausted:
    return "close libraries that are not in use";
  case errc::needs_memory:
    return {};
  case errc::engine_refused:
    return "make what it refuses smaller, or allow more memory (ulimit -v, a cgroup's memory.max)";
  case errc::initialiser_failed:
    return "an initialiser must not trap, wait or call the host";
  case errc::group_lost:
    return "the thread serves no calls any more: make another, with more memory for the host";
  case errc::deadline_passed:
    return "allow a longer wait (process_options::longest_open_wait)";
  case errc::mailbox_full:
    return "await some of the calls first, or spread them over several groups";
  case errc::not_dynamic:
    return "link it with -pie, as docs/guests.md says";
  case errc::library_not_found:
  case errc::stopping:
  case errc::cancelled:
  case errc::spawn_failed:
  case errc::invalid_argument:
  case errc::guest_trapped:
  case errc::guest_exited:
  case errc::thread_exited:
  case errc::guest_threw:
    break;
  }
  return {};
}

/// As tools show places in files.
std::string hexadecimal(std::uint64_t number)
{
  std::array<char, 2 * sizeof(number)> digits{};
  return "0x" + std::string(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr);
}

void append_field(std::string& text, std::string_view label, std::string_view value)
{
  if (!value.empty()) {
    text.append("; ").append(label).append(value);
  }
}

} // namespace

const std::error_category& interlink_category() noexcept
{
  static const category instance;
  return instance;
}

std::error_code make_error_code(errc code) noexcept
{
  return {static_cast<int>(code), interlink_category()};
}

error::error(errc code, std::string message) : code_(code)
{
  error_detail detail;
  detail.message = std::move(message);
  detail_ = std::make_shared<const error_detail>(std::move(detail));
}

error::error(errc code, error_detail detail)
    : code_(code), detail_(std::make_shared<const error_detail>(std::move(detail)))
{
}

std::string to_string(const source_place& place)
{
  std::string text = place.file + ":" + std::to_string(place.line);
  if (place.column != 0) {
    text.append(":").append(std::to_string(place.column));
  }
  return text;
}

std::string to_string(const guest_frame& frame)
{
  std::string text = frame.module_offset ? hexadecimal(*frame.module_offset) : "<unknown place>";
  text.append(" ").append(frame.module_name.empty() ? "<module>" : frame.module_name).append("!");
  if (frame.function_name.empty()) {
    text.append("<function ").append(std::to_string(frame.function_index)).append(">");
  } else {
    text.append(frame.function_name);
  }
  if (frame.source) {
    text.append(" at ").append(to_string(*frame.source));
  }
  return text;
}

std::string to_string(const trap_record& trap)
{
  std::string text;
  for (std::size_t i = 0; i < trap.frames.size(); ++i) {
    const std::string number = std::to_string(i);
    text.append("\n  ").append(number.size() < 3 ? 3 - number.size() : 0, ' ').append(number).append(": ");
    text.append(to_string(trap.frames[i]));
  }
  constexpr std::size_t most_frames = 20; // that the engine keeps
  if (trap.frames.size() >= most_frames) {
    text.append("\n       the frames outside of these are not known");
  }
  return text;
}

const error_detail& error::detail() const noexcept
{
  return detail_ ? *detail_ : empty_detail;
}

std::string error::message() const
{
  const error_detail& d = detail();
  const std::string whole = d.message.empty() ? make_error_code(code_).message() : d.message;
  const std::size_t first_line = std::min(whole.find('\n'), whole.size()); // a list of its own may follow
  std::string text = whole.substr(0, first_line);
  append_field(text, "module ", d.module_name);
  append_field(text, "symbol ", d.symbol_name);
  append_field(text, "expected ", d.expected);
  append_field(text, "found ", d.found);
  if (d.offset) {
    append_field(text, "at offset ", hexadecimal(*d.offset));
  }
  const std::string_view remedy = d.remedy.empty() ? general_remedy(code_) : d.remedy;
  append_field(text, "", remedy);
  text.append(whole, first_line);
  const std::size_t listed = std::min(d.missing.size(), limit::missing_symbols_listed);
  for (std::size_t i = 0; i < listed; ++i) {
    const missing_symbol& symbol = d.missing[i];
    text.append("\n  ").append(symbol.symbol_name);
    if (!symbol.expected_type.empty()) {
      text.append(" ").append(symbol.expected_type);
    }
    text.append(" (").append(symbol.import_module).append("), needed by ").append(symbol.module_name);
  }
  if (listed < d.missing.size()) {
    text.append("\n  and ").append(std::to_string(d.missing.size() - listed)).append(" more");
  }
  for (const std::string& path : d.paths_tried) {
    text.append("\n  tried ").append(path);
  }
  return text;
}

error error::with_context(std::string_view prefix) const
{
  error_detail detail = this->detail();
  std::string text(prefix);
  text.append(": ").append(detail.message.empty() ? make_error_code(code_).message() : detail.message);
  detail.message = std::move(text);
  return {code_, std::move(detail)};
}

} // namespace interlink
