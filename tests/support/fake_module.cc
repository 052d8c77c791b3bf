// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/fake_module.hh"

#include <set>
#include <string>

#include "wasm/code_facts.hh"
#include "wasm/instruction_walker.hh"
#include "wasm/layout_reader.hh"

namespace interlink::support {

namespace {

constexpr std::uint32_t op_block = 0x02;
constexpr std::uint32_t op_loop = 0x03;
constexpr std::uint32_t op_if = 0x04;
constexpr std::uint32_t op_else = 0x05;

/// unreachable .. call_indirect, drop, local and global access, 32-bit memory access and the load of a closure's
/// record, constants, and the arithmetic that guests and trampolines here use.
const std::set<std::uint32_t> known_opcodes{0x00, 0x01, 0x02, 0x03, 0x04, 0x05,     0x0b,     0x0c,     0x0d,    0x0f,
                                            0x10, 0x11, 0x12, 0x13, 0x1a, 0x20,     0x21,     0x22,     0x23,    0x24,
                                            0x28, 0x36, 0x41, 0x42, 0x45, 0x46,     0x47,     0x48,     0x49,    0x4f,
                                            0x6a, 0x6b, 0x6c, 0x88, 0xa7, 0xfe0010, 0xfe0011, 0xfe0017, 0xfe001e};

bool opens_block(std::uint32_t opcode)
{
  return opcode == op_block || opcode == op_loop || opcode == op_if;
}

std::uint32_t declared_locals(const module_layout& layout, std::size_t index)
{
  binary_reader in = body_reader(layout, index);
  std::uint32_t locals = 0;
  for (std::uint32_t group = in.u32(); group > 0; --group) {
    locals += in.u32();
    read_value_type(in, layout.types.size());
  }
  return locals;
}

result<fake_function> decode(const module_layout& layout, std::size_t index)
{
  fake_function decoded;
  decoded.locals = declared_locals(layout, index);
  binary_reader in = body_reader(layout, index);
  instruction_walker walker(in);
  std::vector<std::uint32_t> open;
  for (instruction at; walker.next(at);) {
    const auto place = static_cast<std::uint32_t>(decoded.operations.size());
    constexpr std::byte empty_block_type{0x40};
    if (!known_opcodes.contains(at.opcode) ||
        (opens_block(at.opcode) && layout.bytes[at.begin + 1] != empty_block_type)) {
      return fail(errc::unsupported_module, "the fake engine does not know instruction " + std::to_string(at.opcode));
    }
    decoded.operations.push_back({at.opcode, at.first, at.second, 0, 0});
    if (opens_block(at.opcode)) {
      open.push_back(place);
    } else if (at.opcode == op_else) {
      decoded.operations[open.back()].otherwise = place;
    } else if (at.opcode == opcode::end && !open.empty()) {
      fake_operation& opener = decoded.operations[open.back()];
      opener.end = place;
      if (opener.otherwise != 0) {
        decoded.operations[opener.otherwise].end = place;
      }
      open.pop_back();
    }
  }
  if (!in.ok()) {
    return fail(in.failure());
  }
  return decoded;
}

} // namespace

result<std::shared_ptr<const fake_module>> fake_module::make(std::span<const std::byte> bytes)
{
  std::shared_ptr<fake_module> made(new fake_module);
  made->bytes_.assign(bytes.begin(), bytes.end());
  auto layout = read_layout(made->bytes_);
  if (!layout) {
    return fail(std::move(layout.error()));
  }
  made->layout_ = std::move(*layout);
  for (std::size_t index = 0; index < made->layout_.bodies.size(); ++index) {
    auto decoded = decode(made->layout_, index);
    if (!decoded) {
      return fail(std::move(decoded.error()));
    }
    made->functions_.push_back(std::move(*decoded));
  }
  return made;
}

} // namespace interlink::support
