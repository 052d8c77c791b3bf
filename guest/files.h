// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The flags of open, as WASI has them, and permissions.
#pragma once

#include <stdint.h>
#include <wasi/api.h>

#include "paths.h"

__wasi_oflags_t interlink_open_flags(long flags);
__wasi_fdflags_t interlink_fd_flags(long flags);

// All rights but those that the access mode leaves out.
__wasi_rights_t interlink_rights_of_mode(long flags);

// The permissions of a new file: those that are asked for less those that umask takes.
uint32_t interlink_masked(long mode);

// Gives a directory or file permissions. Returns an errno value.
int interlink_set_permissions_at(const struct location *place, uint32_t mode);
