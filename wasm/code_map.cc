// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/code_map.hh"

#include "wasm/binary_reader.hh"
#include "wasm/wasm_writer.hh"

namespace interlink {

code_map::code_map(std::uint64_t original_begin, std::uint64_t rewritten_begin, std::span<const code_edit> edits)
    : original_begin_(original_begin), rewritten_begin_(rewritten_begin)
{
  wasm_writer out;
  std::uint64_t copied = original_begin;
  for (const code_edit& edit : edits) {
    out.u64(edit.place - copied);
    out.u64(edit.removed);
    out.u64(edit.inserted);
    copied = edit.place + edit.removed;
  }
  edits_ = out.take();
  edits_.shrink_to_fit();
}

std::uint64_t code_map::original_of(std::uint64_t rewritten) const
{
  std::uint64_t original = original_begin_;
  std::uint64_t begin = rewritten_begin_; // of what was copied from `original` on
  binary_reader in(edits_);
  while (!in.at_end()) {
    const std::uint64_t copied = in.u64();
    const std::uint64_t removed = in.u64();
    const std::uint64_t inserted = in.u64();
    if (rewritten < begin + copied) {
      break;
    }
    original += copied;
    begin += copied;
    if (rewritten < begin + inserted) {
      return original;
    }
    original += removed;
    begin += inserted;
  }
  return original + (rewritten - begin);
}

} // namespace interlink
