// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The beginning of every public header.
#pragma once

#include <interlink/version.hh>

// All names are in `interlink`; symbols are in `interlink::v0`, and those of the next incompatible version will not be.
// The library's own sources have other things of the same names in `interlink`, so the namespace is not inline there.
#ifdef INTERLINK_IS_BUILT
#define INTERLINK_NAMESPACE interlink::v0
#else
#define INTERLINK_NAMESPACE interlink::inline v0
#endif
