// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/dylink_section.hh"

#include "messages/limits.hh"

#include <string>
#include <vector>

#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

// Subsections. Source: tool-conventions, DynamicLinking.md.
constexpr std::uint8_t memory_info = 1;
constexpr std::uint8_t needed_info = 2;
constexpr std::uint8_t export_info_list = 3;
constexpr std::uint8_t import_info_list = 4;
constexpr std::uint8_t runtime_path_info = 5;

std::uint32_t read_alignment(binary_reader& in, std::uint32_t limit, std::string_view what)
{
  const std::uint64_t start = in.offset();
  const std::uint32_t log2 = in.u32();
  if (in.ok() && log2 > limit) {
    in.fail(errc::limit_exceeded,
            std::string(what) + " alignment is 2^" + std::to_string(log2) + ", the limit is 2^" + std::to_string(limit),
            start);
  }
  return log2;
}

void read_memory_info(binary_reader& in, dylink_info& into)
{
  into.memory_size = in.u32();
  into.memory_alignment_log2 = read_alignment(in, limit::memory_alignment_log2, "memory");
  const std::uint64_t start = in.offset();
  into.table_size = in.u32();
  if (in.ok() && into.table_size > limit::table_elements) {
    in.fail(errc::limit_exceeded,
            "table part of " + std::to_string(into.table_size) + " slots, the limit is " +
                std::to_string(limit::table_elements),
            start);
  }
  into.table_alignment_log2 = read_alignment(in, limit::table_alignment_log2, "table");
}

std::vector<std::string> read_paths(binary_reader& in, std::size_t limit, std::string_view what)
{
  std::vector<std::string> paths;
  const std::uint32_t count = in.count(limit, 1, what);
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t start = in.offset();
    const std::string_view path = in.name(limit::library_name_bytes, what);
    if (in.ok() && path.contains('\0')) {
      in.fail(errc::malformed_module, std::string(what) + " contains a zero byte", start);
    }
    paths.emplace_back(path);
  }
  return paths;
}

void read_needed(binary_reader& in, dylink_info& into)
{
  const std::uint64_t start = in.offset();
  into.needed = read_paths(in, limit::needed, "needed library");
  for (const std::string& name : into.needed) {
    if (in.ok() && name.empty()) {
      in.fail(errc::malformed_module, "a needed library has an empty name", start);
    }
  }
}

void read_export_flags(binary_reader& in, dylink_section& into)
{
  const std::uint32_t count = in.count(limit::exports, 2, "export flags");
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view name = in.name(limit::symbol_name_bytes, "symbol name");
    into.export_flags[name] = in.u32();
  }
}

void read_import_flags(binary_reader& in, dylink_section& into)
{
  const std::uint32_t count = in.count(limit::imports, 3, "import flags");
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::string_view module_name = in.name(limit::name_bytes, "import module name");
    const std::string_view name = in.name(limit::symbol_name_bytes, "symbol name");
    into.import_flags[{module_name, name}] = in.u32();
  }
}

void read_subsection(binary_reader& in, std::uint8_t id, dylink_section& into)
{
  switch (id) {
  case memory_info:
    read_memory_info(in, into.info);
    break;
  case needed_info:
    read_needed(in, into.info);
    break;
  case export_info_list:
    read_export_flags(in, into);
    break;
  case import_info_list:
    read_import_flags(in, into);
    break;
  case runtime_path_info:
    for (std::string& path : read_paths(in, limit::runtime_paths, "runtime path")) {
      into.info.runtime_path.push_back(std::move(path));
    }
    break;
  default:
    in.skip(in.remaining());
  }
}

} // namespace

std::uint32_t dylink_section::flags_of_import(std::string_view module_name, std::string_view name) const
{
  auto found = import_flags.find({module_name, name});
  if (found == import_flags.end()) {
    found = import_flags.find({reserved::environment_module, name});
  }
  return found == import_flags.end() ? 0 : found->second;
}

dylink_section read_dylink_section(binary_reader& in)
{
  dylink_section section;
  while (in.ok() && !in.at_end()) {
    const std::uint8_t id = in.u8();
    const binary_reader::window whole = in.enter(in.u32(), "dylink.0 subsection");
    read_subsection(in, id, section);
    in.leave(whole, "dylink.0 subsection");
  }
  return section;
}

} // namespace interlink
