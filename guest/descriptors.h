// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers and flags of descriptors. Results are those of system calls: a negative errno value is a failure.
#pragma once

#include <stdbool.h>

// Gives a new descriptor O_NONBLOCK and O_CLOEXEC as asked. Returns it, or closes it and returns the failure.
long interlink_finish_descriptor(int fd, int flags);

// A copy with the lowest free number that is not below this one.
long interlink_duplicate(int fd, int lowest, bool closes_on_exec);

// FD_CLOEXEC or 0.
long interlink_descriptor_flags(int fd);
long interlink_set_descriptor_flags(int fd, int flags);
