// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules that the embedder has as bytes.
#pragma once

#include "messages/error.hh"

#include <cstddef>
#include <span>
#include <string>

#include "loader/library_files.hh"

namespace interlink::v0 {

/// A file in memory that has these bytes, as if it had been found by `name`. Errors: file_unreadable.
interlink::result<found_module> make_memory_file(std::span<const std::byte> bytes, const std::string& name);

} // namespace interlink::v0
