// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The host functions behind the runtime table: what instrumented code calls (wasm/reserved_names.hh has the slots).
#pragma once

#include "groups/group_store.hh"

namespace interlink::abi {

/// Catch up, wait32, wait64, notify, resolve_lazy.
const runtime_functions& runtime_calls();

} // namespace interlink::abi
