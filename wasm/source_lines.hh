// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From a place in a module's code to file and line, by the DWARF sections that compilers leave with -g. elfutils reads
// them: it wants an ELF file, so the sections are put into one, in memory.
// Source: https://yurydelendik.github.io/webassembly-dwarf (addresses count from the code section's payload).
#pragma once

#include "messages/error.hh"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

struct Dwarf;
struct Elf;

namespace interlink {

/// Context: one thread at a time. Lifetime: needs the module's bytes no longer than `read` does.
class source_lines {
public:
  /// Nothing when the module has no line tables, or none that can be read.
  static std::optional<source_lines> read(std::span<const std::byte> module);

  /// `offset` is of an instruction, in the module's bytes. Nothing when the tables do not tell.
  std::optional<source_place> find(std::uint64_t offset) const;

private:
  struct closer {
    void operator()(Elf* file) const;
    void operator()(Dwarf* information) const;
  };

  source_lines() = default;

  std::uint64_t code_begin_{}; ///< of the code section's payload
  std::vector<char> image_;
  std::unique_ptr<Elf, closer> file_;
  std::unique_ptr<Dwarf, closer> information_;
};

} // namespace interlink
