// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The libraries and closures that a call through a null slot, or one of another function's, may have been meant for.
#pragma once

#include "groups/instance_group.hh"
#include "messages/error.hh"

namespace interlink {

/// The same failure; a trap of an indirect call names the libraries closed lately that had functions of the type that
/// was called, and closures that are freed or not prepared. Reads the file of the module that called, for the type.
/// Context: the group's thread, outside of guest code.
error with_stale_pointers(instance_group& group, const error& failure);

} // namespace interlink
