// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/abi/guest_values.hh"

#include <algorithm>

namespace interlink::abi {

namespace {

bool is_continuation(char byte)
{
  return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;
}

} // namespace

function_type errno_function(std::size_t parameter_count)
{
  return {std::vector<value_type>(parameter_count, wasm::i32), {wasm::i32}};
}

std::string fit_lines(std::string text, std::uint32_t length)
{
  static constexpr std::string_view cut_mark = "...";
  std::size_t left_out = 0;
  std::string end;
  std::size_t kept = text.size();
  while (kept + end.size() >= length) {
    const std::size_t line = kept == 0 ? std::string::npos : text.rfind('\n', kept - 1);
    if (line == std::string::npos) {
      return text;
    }
    const bool is_first_detail = line == 0 || text.rfind('\n', line - 1) == std::string::npos;
    if (is_first_detail && length > line + cut_mark.size() + end.size() + 2) {
      // Without any of it the reader would know nothing.
      kept = length - 1 - cut_mark.size() - end.size();
      while (kept > line + 1 && is_continuation(text[kept])) {
        --kept;
      }
      text.resize(kept);
      return text.append(cut_mark).append(end);
    }
    kept = line;
    end = "\n  and " + std::to_string(++left_out) + " more";
  }
  text.resize(kept);
  return text + end;
}

void write_text(const wasi::guest_memory& memory, std::uint32_t buffer, std::uint32_t length, std::string_view text)
{
  if (length == 0) {
    return;
  }
  std::size_t kept = std::min<std::size_t>(text.size(), length - 1);
  while (kept > 0 && kept < text.size() && is_continuation(text[kept])) {
    --kept;
  }
  std::string terminated(text.substr(0, kept));
  terminated.push_back('\0');
  static_cast<void>(memory.store_bytes(buffer, std::as_bytes(std::span(terminated))));
}

} // namespace interlink::abi
