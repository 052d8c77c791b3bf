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

/// As tools show places in files.
std::string hexadecimal(std::uint64_t number)
{
  std::array<char, 2 * sizeof(number)> digits{};
  return "0x" + std::string(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr);
}

void append_field(std::string& text, std::string_view label, const std::string& value)
{
  if (!value.empty()) {
    text.append("; ").append(label).append(" ").append(value);
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
  return text;
}

const error_detail& error::detail() const noexcept
{
  return detail_ ? *detail_ : empty_detail;
}

std::string error::message() const
{
  const error_detail& d = detail();
  std::string text = d.message.empty() ? make_error_code(code_).message() : d.message;
  append_field(text, "module", d.module_name);
  append_field(text, "symbol", d.symbol_name);
  append_field(text, "expected", d.expected);
  append_field(text, "found", d.found);
  if (d.offset) {
    append_field(text, "at offset", hexadecimal(*d.offset));
  }
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
  if (!d.remedy.empty()) {
    const bool has_list = listed > 0 || !d.paths_tried.empty();
    text.append(has_list ? "\n  " : "; ").append(d.remedy);
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
