// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/source_places.hh"

#include "groups/group_store.hh"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loader/content_hash.hh"
#include "wasm/source_lines.hh"

namespace interlink {

namespace {

/// The loaded file with these bytes, or nothing. A static program's artifact does not keep its file.
std::optional<found_module> file_of(const process_core& process, const std::string& module_hash)
{
  if (process.program().is_dynamic) {
    const snapshot_ptr loaded = process.coordination().current();
    for (const loaded_module_ptr& module : *loaded->modules) {
      const auto* code = dynamic_cast<const compiled_code*>(module->plan().artifact.get());
      if (code != nullptr && code->file && code->places && code->places->hash == module_hash) {
        return found_module{module->plan().name, {}, code->file};
      }
    }
  }
  return process.program().file;
}

std::optional<source_lines> read_lines(const process_core& process, const std::string& module_hash)
{
  const auto bytes = read_module_file(process, module_hash);
  return bytes ? source_lines::read(*bytes) : std::nullopt;
}

} // namespace

std::optional<std::vector<std::byte>> read_module_file(const process_core& process, const std::string& module_hash)
{
  const std::optional<found_module> file = file_of(process, module_hash);
  auto bytes = file ? library_files::read(*file) : fail(errc::file_unreadable, "");
  if (!bytes || to_text(hash_of(*bytes)) != module_hash) {
    return std::nullopt;
  }
  return std::move(*bytes);
}

error with_sources(const process_core& process, const error& failure)
{
  if (!failure.detail().trap) {
    return failure;
  }
  error_detail detail = failure.detail();
  std::map<std::string, std::optional<source_lines>> lines;
  for (guest_frame& frame : detail.trap->frames) {
    if (frame.module_hash.empty() || !frame.module_offset) {
      continue;
    }
    auto known = lines.find(frame.module_hash);
    if (known == lines.end()) {
      known = lines.emplace(frame.module_hash, read_lines(process, frame.module_hash)).first;
    }
    if (known->second) {
      frame.source = known->second->find(*frame.module_offset);
    }
  }
  return {failure.code(), std::move(detail)};
}

} // namespace interlink
