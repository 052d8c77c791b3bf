// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/addr2line_command.hh"

#include "cli/messages.hh"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "loader/library_files.hh"
#include "wasm/demangle.hh"
#include "wasm/instrumentation.hh"
#include "wasm/layout_reader.hh"
#include "wasm/source_lines.hh"

namespace interlink::cli {

namespace {

/// Hexadecimal, with 0x or without.
std::optional<std::uint64_t> parse_offset(std::string_view text)
{
  if (text.starts_with("0x") || text.starts_with("0X")) {
    text.remove_prefix(2);
  }
  std::uint64_t offset = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), offset, 16);
  return problem == std::errc{} && end == text.data() + text.size() ? std::optional(offset) : std::nullopt;
}

result<std::vector<std::byte>> read_file(const std::string& path)
{
  auto file = library_files::open_host_file(path);
  return file ? library_files::read(*file) : fail(std::move(file.error()));
}

/// `??` outside of all functions.
std::string function_at(const module_layout& layout, std::uint64_t offset)
{
  const auto body = std::ranges::find_if(
      layout.bodies, [&](const code_body& each) { return offset >= each.begin && offset - each.begin < each.size; });
  if (body == layout.bodies.end()) {
    return "??";
  }
  const auto index = static_cast<std::uint32_t>(layout.imported_functions + (body - layout.bodies.begin()));
  std::string name = demangled(function_name(layout, index));
  return name.empty() ? fmt::format("<function {}>", index) : name;
}

std::string source_at(const std::optional<source_lines>& lines, std::uint64_t offset)
{
  const auto place = lines ? lines->find(offset) : std::nullopt;
  return place ? to_string(*place) : "??:0";
}

} // namespace

int show_places(const addr2line_options& options)
{
  const auto bytes = read_file(options.file);
  const auto layout = bytes ? read_layout(*bytes) : fail(bytes.error());
  if (!layout) {
    const std::string context = bytes ? options.file + ": " : "";
    print_line("interlink addr2line: " + context + layout.error().message());
    return exit_cannot_inspect;
  }
  const std::optional<source_lines> lines = source_lines::read(*bytes);
  for (const std::string& text : options.offsets) {
    const auto offset = parse_offset(text);
    if (!offset) {
      print_line("interlink addr2line: " + text + " is no hexadecimal offset");
      return exit_wrong_usage;
    }
    print_result(function_at(*layout, *offset) + " at " + source_at(lines, *offset) + "\n");
  }
  return 0;
}

} // namespace interlink::cli
