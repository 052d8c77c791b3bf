// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The consumer's own: an engine of another kind.
#pragma once

namespace engine {

inline constexpr int cylinders = 4;

} // namespace engine
