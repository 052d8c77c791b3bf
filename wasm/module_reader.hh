// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// From the bytes of a module to the facts that linking needs. Reads every section's framing, all declarations, the
// custom sections `dylink.0` and `name`, and walks the code for the few facts that only code tells. It does not
// validate types: the engine does that, before anything of the module runs.
#pragma once

#include "messages/error.hh"
#include "messages/module_info.hh"

#include <cstddef>
#include <span>

namespace interlink {

/// Facts of the module in `bytes`. Time is linear in the bytes.
/// Errors: malformed_module, with the offset, for any damage to the structure; unsupported_module for the old `dylink`
/// section, components, shared tables, stack switching, compact imports and unknown instructions; limit_exceeded.
/// A malformed `name` section is ignored, as the specification wants.
/// Context: any thread.
result<module_info> read_module(std::span<const std::byte> bytes);

} // namespace interlink
