// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Modules of these tests are written as text, so that a test shows what it runs.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace interlink::engine {

/// The binary of a module in the text format. A mistake in the text fails the test and gives no bytes.
std::vector<std::byte> wat(std::string_view text);

} // namespace interlink::engine
