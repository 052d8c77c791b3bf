// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The two indexes of a module's exports that symbol search lives on. They are made once, when the module is read,
// because a turn of the coordinator must not cost time in proportion to all exports of what it looks at.
#pragma once

#include "messages/module_info.hh"

namespace interlink {

/// Fills `export_index` and `canonical_export` from `exports`. The first export of a name wins.
/// Context: before `info` is shared.
void index_exports(module_info& info);

} // namespace interlink
