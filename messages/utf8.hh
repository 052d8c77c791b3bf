// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The one test of text that comes from guests, files and modules.
#pragma once

#include <string_view>

namespace interlink {

/// True when `text` is well-formed UTF-8: shortest forms, no surrogates, nothing above U+10FFFF. Context: any thread.
bool is_utf8(std::string_view text) noexcept;

} // namespace interlink
