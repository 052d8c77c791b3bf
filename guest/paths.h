// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From POSIX paths to what WASI wants: a preopened directory and a path relative to it.
#pragma once

#include <stddef.h>
#include <wasi/api.h>

enum { path_max = 4096 };

struct location {
  __wasi_fd_t directory;
  size_t size;  // Of the path, without its terminating zero.
  char path[path_max];
};

// Finds the preopened directory with the longest name that the path begins with. A relative path is taken from `directory`,
// or from the current directory when that is AT_FDCWD. Returns 0 or a negative errno value, as system calls do.
// A path that ".." leads out of a preopened directory is taken by its spelling instead, as in any file system where that
// directory is mounted.
long interlink_locate(long directory, const char *path, struct location *found);

// Whether a descriptor is a preopened directory, which the program did not open.
int interlink_is_preopen(int fd);
