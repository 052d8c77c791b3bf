// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/stale_calls.hh"

#include "linker/stale_closures.hh"

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "loader/closed_libraries.hh"
#include "process/process_core.hh"
#include "process/source_places.hh"
#include "wasm/binary_reader.hh"
#include "wasm/instruction_walker.hh"
#include "wasm/layout_reader.hh"

namespace interlink {

namespace {

bool is_of_an_indirect_call(const error& failure)
{
  const auto& trap = failure.detail().trap;
  return failure == errc::guest_trapped && trap && failure.detail().remedy.empty() &&
         (trap->message.contains("uninitialized element") || trap->message.contains("indirect call type mismatch"));
}

/// The type that the instruction at the place of the innermost frame calls.
std::optional<function_type> called_type(const process_core& process, const trap_record& trap)
{
  if (trap.frames.empty() || !trap.frames.front().module_offset) {
    return std::nullopt;
  }
  const auto bytes = read_module_file(process, trap.frames.front().module_hash);
  const std::uint64_t place = *trap.frames.front().module_offset;
  if (!bytes || place >= bytes->size()) {
    return std::nullopt;
  }
  const auto layout = read_layout(*bytes);
  const std::span<const std::byte> from_call = std::span<const std::byte>(*bytes).subspan(place);
  binary_reader in(from_call);
  const std::uint32_t opcode = in.u8();
  const std::uint32_t type = in.u32();
  const bool is_call = opcode == opcode::call_indirect || opcode == opcode::return_call_indirect;
  if (!layout || !in.ok() || !is_call || type >= layout->types.size()) {
    return std::nullopt;
  }
  return layout->types[type].signature;
}

/// Empty when nothing closed lately can have been meant.
std::string describe_closed(const process_core& process, const trap_record& trap, std::vector<std::string> closed)
{
  if (closed.empty()) {
    return {};
  }
  std::string text = "a pointer to a function of a library that is closed is stale; closed lately";
  if (const auto type = called_type(process, trap)) {
    closed = process.loader.closed->with_function_of(*type, closed);
    text += ", with functions of type " + to_string(extern_type(*type));
  }
  for (const std::string& path : closed) {
    text.append(&path == &closed.front() ? ": " : ", ").append(path);
  }
  return closed.empty() ? std::string() : text;
}

} // namespace

error with_stale_pointers(instance_group& group, const error& failure)
{
  if (!is_of_an_indirect_call(failure)) {
    return failure;
  }
  error_detail detail = failure.detail();
  detail.remedy = describe_closed(process_of(group), *failure.detail().trap, *group.applied().closed_lately);
  const std::string closures = describe_stale_closures(group.applied());
  detail.remedy.append(detail.remedy.empty() || closures.empty() ? "" : "; ").append(closures);
  return {failure.code(), std::move(detail)};
}

} // namespace interlink
