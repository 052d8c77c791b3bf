// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Asks the embedder's policy.
#pragma once

#include "groups/instance_group.hh"
#include "messages/error.hh"

#include <string_view>

#include "loader/closure_reader.hh"

namespace interlink {

/// An open of what is open.
result<void> audit_reopen(const loader_services& loader, const instance_group& group, std::string_view name,
                          const loaded_module& open, std::string_view requester);

/// A library, or the program, and all that it needs: all opens of modules that are not open, then all host imports. The
/// program itself was the embedder's choice. `name` and `requester` are the root's.
result<void> audit_closure(const loader_services& loader, const instance_group& group, const needed_closure& closure,
                           std::string_view name, std::string_view requester);

} // namespace interlink
