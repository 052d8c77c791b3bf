// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/data_extent.hh"

#include <algorithm>
#include <map>
#include <vector>

#include "wasm/instruction_walker.hh"
#include "wasm/layout_reader.hh"

namespace interlink::cli {

namespace {

namespace code {
constexpr std::uint32_t local_get = 0x20;
constexpr std::uint32_t local_set = 0x21;
constexpr std::uint32_t local_tee = 0x22;
constexpr std::uint32_t global_get = 0x23;
constexpr std::uint32_t global_set = 0x24;
constexpr std::uint32_t i32_const = 0x41;
constexpr std::uint32_t i32_add = 0x6a;
} // namespace code

/// Evaluates what stands between the constants and the `memory.init`s of a start function: sums of constants, in which
/// the memory base (any imported global) counts as 0. All else is unknown, and forgets what was known of the operands.
class memory_init_follower {
public:
  explicit memory_init_follower(const module_layout& layout) : layout_(layout) {}

  /// One past the last byte that is initialised; nothing when one of the places is unknown.
  std::optional<std::uint64_t> follow(binary_reader body)
  {
    instruction_walker walker(body);
    instruction current;
    while (walker.next(current)) {
      step(current);
    }
    return body.ok() && is_known_ ? std::optional(end_) : std::nullopt;
  }

  std::uint32_t initialised_count() const { return count_; }

private:
  using value = std::optional<std::uint32_t>;

  value pop()
  {
    if (stack_.empty()) {
      return std::nullopt;
    }
    const value top = stack_.back();
    stack_.pop_back();
    return top;
  }

  void step(const instruction& current)
  {
    const auto index = static_cast<std::uint32_t>(current.first);
    switch (current.opcode) {
    case code::i32_const:
      stack_.emplace_back(index);
      break;
    case code::global_get:
      stack_.push_back(index < layout_.imported_globals ? value(0) : std::nullopt);
      break;
    case code::global_set:
      pop();
      break;
    case code::local_get:
      stack_.push_back(locals_[index]);
      break;
    case code::local_set:
      locals_[index] = pop();
      break;
    case code::local_tee:
      locals_[index] = stack_.empty() ? std::nullopt : stack_.back();
      break;
    case code::i32_add: {
      const value right = pop();
      const value left = pop();
      stack_.push_back(left && right ? value(*left + *right) : std::nullopt);
      break;
    }
    case opcode::memory_init:
      initialise();
      break;
    default:
      stack_.clear();
    }
  }

  void initialise()
  {
    const value size = pop();
    pop();
    const value at = pop();
    ++count_;
    is_known_ = is_known_ && at && size;
    if (at && size) {
      end_ = std::max(end_, std::uint64_t{*at} + *size);
    }
  }

  const module_layout& layout_;
  std::vector<value> stack_;
  std::map<std::uint32_t, value> locals_;
  std::uint64_t end_{};
  std::uint32_t count_{};
  bool is_known_ = true;
};

/// The constant part of `global.get`, `i32.const` and their sums, up to `end`; nothing for anything else.
std::optional<std::uint64_t> read_offset(binary_reader& in)
{
  std::uint64_t sum = 0;
  bool is_known = true;
  while (in.ok()) {
    const std::uint8_t byte = in.u8();
    if (byte == opcode::end) {
      return is_known ? std::optional(sum) : std::nullopt;
    }
    if (byte == code::i32_const) {
      sum += static_cast<std::uint32_t>(in.s32());
    } else if (byte == code::global_get) {
      in.u32();
    } else if (byte != code::i32_add) {
      return std::nullopt;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> active_data_end(std::span<const std::byte> bytes, const section_place& section)
{
  binary_reader in(bytes.subspan(section.content, section.end - section.content), section.content);
  std::uint64_t end = 0;
  const std::uint32_t count = in.u32();
  for (std::uint32_t i = 0; i < count && in.ok(); ++i) {
    const std::uint32_t flags = in.u32();
    std::optional<std::uint64_t> at = 0;
    if (flags == 2) {
      in.u32();
    }
    if (flags != 1) {
      at = read_offset(in);
    }
    const std::uint32_t size = in.u32();
    in.skip(size);
    if (!at) {
      return std::nullopt;
    }
    end = flags == 1 ? end : std::max(end, *at + size);
  }
  return in.ok() ? std::optional(end) : std::nullopt;
}

} // namespace

std::optional<std::uint64_t> find_data_end(std::span<const std::byte> bytes)
{
  const auto layout = read_layout(bytes);
  if (!layout) {
    return std::nullopt;
  }
  std::uint64_t end = 0;
  if (layout->active_data_segments != 0) {
    const auto active = active_data_end(bytes, *layout->find_section(section_id::data));
    if (!active) {
      return std::nullopt;
    }
    end = *active;
  }
  if (layout->passive_data_segments == 0) {
    return end;
  }
  if (!layout->start_function || *layout->start_function < layout->imported_functions) {
    return std::nullopt;
  }
  const code_body& body = layout->bodies[*layout->start_function - layout->imported_functions];
  memory_init_follower follower(*layout);
  const auto passive = follower.follow(binary_reader(bytes.subspan(body.begin, body.size), body.begin));
  if (!passive || follower.initialised_count() < layout->passive_data_segments) {
    return std::nullopt;
  }
  return std::max(end, *passive);
}

} // namespace interlink::cli
