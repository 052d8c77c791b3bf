// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared mappings of files. Results are those of system calls: a negative errno value is a failure.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

// The address of the part of the file, the same for all who map it. ENOTSUP when a part of it is mapped already, and not all.
long interlink_map_shared(int fd, const struct stat *stat, size_t size, off_t offset, bool writes);

// Writes the mapping around the address to its file.
long interlink_sync_shared(const char *address);

void interlink_unmap_shared(const char *address);

// The bytes of a file; zeros beyond its end.
long interlink_read_mapped(int fd, char *out, size_t size, off_t offset);
