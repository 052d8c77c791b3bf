// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The name of a module's bytes. Collision-resistant, for libraries are the guest's to write: two files with one
// hash would share their code.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace interlink {

/// SHA-256. Context: immutable.
struct content_hash {
  std::array<std::byte, 32> bytes{};
  friend auto operator<=>(const content_hash&, const content_hash&) = default;
};

content_hash hash_of(std::span<const std::byte> bytes);

/// Of all that the file holds, without keeping it. Nothing when it cannot be read, or has more than
/// `limit::module_bytes`. Not by a map: who shortens a mapped file ends the host.
std::optional<content_hash> hash_of_file(int file);

/// 64 hexadecimal digits.
std::string to_text(const content_hash& hash);

} // namespace interlink
