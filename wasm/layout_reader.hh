// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads a module's sections, each by its reader, in the format's order.
#pragma once

#include "messages/error.hh"

#include <cstddef>
#include <cstdint>
#include <span>

#include "wasm/module_layout.hh"

namespace interlink {

/// Order in which a section id must appear; custom sections may stand anywhere.
std::uint8_t section_rank(std::uint8_t id) noexcept;

/// Decodes all standard sections.
/// Errors: malformed_module with the offset; limit_exceeded; unsupported_module for encodings that Interlink does not
/// know. Context: any thread.
result<module_layout> read_layout(std::span<const std::byte> bytes);

} // namespace interlink
