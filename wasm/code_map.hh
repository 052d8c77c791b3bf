// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where each place in the rewritten code came from: the instrumenter makes bytes that nobody has seen, and a user knows
// the file. A few bytes for each place where the code was changed, none for what was copied.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace interlink {

/// One change: at `place` of the original, `removed` bytes gave way to `inserted` ones.
struct code_edit {
  std::uint64_t place{}; ///< in the module's bytes
  std::uint64_t removed{};
  std::uint64_t inserted{};
};

/// Offsets count from the first byte of a module, as those of wasm-objdump do. Context: immutable.
class code_map {
public:
  /// Nothing was changed: every place is its own origin.
  code_map() = default;

  /// `original_begin` and `rewritten_begin` are the places of the code sections' payloads; the edits are in the order
  /// of their places, and inside that payload.
  code_map(std::uint64_t original_begin, std::uint64_t rewritten_begin, std::span<const code_edit> edits);

  /// What it consists of, so that it can be written down; `edits` may be any bytes.
  struct parts {
    std::uint64_t original_begin{};
    std::uint64_t rewritten_begin{};
    std::vector<std::byte> edits;
  };

  explicit code_map(parts given)
      : original_begin_(given.original_begin), rewritten_begin_(given.rewritten_begin), edits_(std::move(given.edits))
  {
  }

  parts take_apart() const { return {original_begin_, rewritten_begin_, edits_}; }

  /// Of code that was copied: its place in the original. Of code that was inserted: the place of the instruction that
  /// it guards or stands for. Time: linear in the number of edits.
  std::uint64_t original_of(std::uint64_t rewritten) const;

  /// Memory that the edits take.
  std::size_t size_bytes() const { return edits_.size(); }

private:
  std::uint64_t original_begin_{};
  std::uint64_t rewritten_begin_{};
  std::vector<std::byte> edits_; ///< for each: bytes copied since the last one, removed, inserted; in LEB128
};

} // namespace interlink
