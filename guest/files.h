// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The flags of open, as WASI has them.
#pragma once

#include <wasi/api.h>

__wasi_oflags_t interlink_open_flags(long flags);
__wasi_fdflags_t interlink_fd_flags(long flags);

// All rights but those that the access mode leaves out.
__wasi_rights_t interlink_rights_of_mode(long flags);
