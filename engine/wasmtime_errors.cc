// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/wasmtime_errors.hh"

#include <charconv>
#include <cstdint>
#include <optional>
#include <utility>

namespace interlink::engine::wasmtime {

namespace {

std::string text_of(const wasm_name_t* name)
{
  return name == nullptr ? std::string() : std::string(name->data, name->size);
}

/// Takes the text out of a name that the engine filled in, without the NUL at the end of a trap's message.
std::string take_text(wasm_name_t& name)
{
  std::string text(name.data, name.size);
  wasm_byte_vec_delete(&name);
  while (!text.empty() && text.back() == '\0') {
    text.pop_back();
  }
  return text;
}

guest_frame frame_of(const wasm_frame_t& frame)
{
  guest_frame made;
  made.module_name = text_of(wasmtime_frame_module_name(&frame));
  made.function_name = text_of(wasmtime_frame_func_name(&frame));
  made.function_index = wasm_frame_func_index(&frame);
  if (const auto offset = wasm_frame_module_offset(&frame); offset != SIZE_MAX) {
    made.module_offset = offset; // of code that the engine adds to a function, like its check of the stack, none
  }
  return made;
}

std::vector<guest_frame> take_frames(wasm_frame_vec_t& frames)
{
  std::vector<guest_frame> made;
  made.reserve(frames.size);
  for (std::size_t i = 0; i < frames.size; ++i) {
    made.push_back(frame_of(*frames.data[i]));
  }
  wasm_frame_vec_delete(&frames);
  return made;
}

std::string_view trimmed(std::string_view line)
{
  auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) {
    return {};
  }
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

/// Several causes are numbered: `0: text`. The order says as much.
std::string_view without_number(std::string_view line)
{
  auto digits = line.find_first_not_of("0123456789");
  if (digits != 0 && digits != std::string_view::npos && line.substr(digits).starts_with(": ")) {
    return trimmed(line.substr(digits + 2));
  }
  return line;
}

std::optional<std::uint64_t> offset_in(std::string_view text)
{
  constexpr std::string_view marker = "at offset ";
  auto found = text.rfind(marker);
  if (found == std::string_view::npos) {
    return std::nullopt;
  }
  auto digits = text.substr(found + marker.size());
  int base = 10;
  if (digits.starts_with("0x")) {
    digits.remove_prefix(2);
    base = 16;
  }
  std::uint64_t offset = 0;
  auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), offset, base);
  return parsed.ec == std::errc() ? std::optional(offset) : std::nullopt;
}

/// The offset is told in a field of its own.
std::string without_offset(std::string_view text)
{
  const auto found = text.rfind(" (at offset ");
  const auto end = found == std::string_view::npos ? found : text.find(')', found);
  return end == std::string_view::npos ? std::string(text)
                                       : std::string(text.substr(0, found)) + std::string(text.substr(end + 1));
}

bool contains(std::string_view text, std::string_view part)
{
  return text.find(part) != std::string_view::npos;
}

/// The engine's words for an instruction or type of a proposal that is switched off.
bool names_a_missing_feature(std::string_view text)
{
  return contains(text, "feature required") || contains(text, "support is not enabled") ||
         contains(text, "must be enabled") || contains(text, "proposal not enabled") ||
         contains(text, "proposal is not enabled");
}

} // namespace

std::string rendered(const wasmtime_error_t& failure)
{
  wasm_name_t text{};
  wasmtime_error_message(&failure, &text);
  return take_text(text);
}

std::string rendered(const wasm_trap_t& trap)
{
  wasm_name_t text{};
  wasm_trap_message(&trap, &text);
  return take_text(text);
}

std::string one_paragraph(std::string_view rendering)
{
  std::string paragraph;
  bool in_backtrace = false;
  bool starts_a_cause = false;
  while (!rendering.empty()) {
    auto end = rendering.find('\n');
    auto line = trimmed(rendering.substr(0, end));
    rendering.remove_prefix(end == std::string_view::npos ? rendering.size() : end + 1);
    if (line == "Caused by:") {
      in_backtrace = false;
      starts_a_cause = true;
      continue;
    }
    in_backtrace = in_backtrace || line.starts_with("error while executing at wasm backtrace");
    if (line.empty() || in_backtrace) {
      continue;
    }
    auto text = starts_a_cause ? without_number(line) : line;
    if (!paragraph.empty()) {
      paragraph += starts_a_cause ? ": " : " ";
    }
    paragraph += text;
  }
  return paragraph;
}

std::vector<guest_frame> frames_of(const wasmtime_error_t& failure)
{
  wasm_frame_vec_t frames{};
  wasmtime_error_wasm_trace(&failure, &frames);
  return take_frames(frames);
}

std::vector<guest_frame> frames_of(const wasm_trap_t& trap)
{
  wasm_frame_vec_t frames{};
  wasm_trap_trace(&trap, &frames);
  return take_frames(frames);
}

error trap_error(const wasm_trap_t& trap, std::vector<guest_frame> frames)
{
  error_detail detail;
  detail.message = one_paragraph(rendered(trap));
  detail.trap = trap_record{detail.message, std::move(frames)};
  return {errc::guest_trapped, std::move(detail)};
}

error validation_error(const wasmtime_error_t& failure)
{
  const std::string text = one_paragraph(rendered(failure));
  const std::string engines_words = "the engine says: " + without_offset(text);
  error_detail detail;
  detail.offset = offset_in(text);
  detail.remedy = "build it again, or see what wasm-validate says of it; " + engines_words; // the last that is shown
  if (contains(text, "legacy_exceptions") || contains(text, "legacy exceptions")) {
    detail.message = "the module uses the legacy exception encoding, which the engine does not have";
    detail.remedy = "build it with clang 22 and -mllvm -wasm-use-legacy-eh=false, or convert it with wasm-opt "
                    "--translate-to-exnref; " +
                    engines_words;
    return {errc::unsupported_module, std::move(detail)};
  }
  if (names_a_missing_feature(text)) {
    detail.message = "the module uses a proposal of WebAssembly that is switched off";
    detail.remedy = "build it without that; " + engines_words;
    return {errc::unsupported_module, std::move(detail)};
  }
  detail.message = "the module is not valid";
  return {errc::malformed_module, std::move(detail)};
}

error refusal(errc code, std::string_view what, const wasmtime_error_t& failure)
{
  std::string text(what);
  if (!text.empty()) {
    text += ": ";
  }
  return {code, text + one_paragraph(rendered(failure))};
}

} // namespace interlink::engine::wasmtime
