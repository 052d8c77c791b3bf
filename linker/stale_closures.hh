// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a call may have meant that found a slot null, or of another type.
#pragma once

#include "linker/snapshot.hh"

#include <string>

namespace interlink {

/// For a person: closures freed lately, and those that are set aside and not prepared. Empty
/// when there are none. Context: pure.
std::string describe_stale_closures(const snapshot& now);

} // namespace interlink
