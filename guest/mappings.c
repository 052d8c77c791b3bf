// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What stands for mapped files: a private mapping is a copy of the file, made when it is asked for; for shared ones see
// shared_mappings.c.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shared_mappings.h"

enum { page_size = 65536 };

static bool is_shared(long flags) { return (flags & MAP_TYPE) == MAP_SHARED; }

// The library keeps the list of mappings, and frees what is `allocated` when all of one is unmapped.
long _mmap_js(long address, long size, long protection, long flags, long fd, long offset, int *allocated) {
  (void)address;
  struct stat stat;
  if (fstat((int)fd, &stat) != 0) {
    return -errno;
  }
  if (!S_ISREG(stat.st_mode)) {
    return -ENODEV;
  }
  if ((flags & MAP_FIXED) != 0) {
    return -ENOTSUP;
  }
  bool writes = (protection & PROT_WRITE) != 0;
  if (is_shared(flags)) {
    int mode = fcntl((int)fd, F_GETFL) & O_ACCMODE;
    *allocated = 0;
    return writes && mode != O_RDWR ? -EACCES
                                    : interlink_map_shared((int)fd, &stat, (size_t)size, offset, writes);
  }
  char *copy = aligned_alloc(page_size, ((size_t)size + page_size - 1) / page_size * page_size);
  if (copy == 0) {
    return -ENOMEM;
  }
  long error = interlink_read_mapped((int)fd, copy, (size_t)size, offset);
  if (error != 0) {
    free(copy);
    return error;
  }
  *allocated = 1;
  return (long)copy;
}

long _munmap_js(long address, long size, long protection, long flags, long fd, long offset) {
  (void)size, (void)protection, (void)fd, (void)offset;
  if (is_shared(flags)) {
    interlink_unmap_shared((const char *)address);
  }
  return 0;
}

long _msync_js(long address, long size, long flags, long fd) {
  (void)size, (void)flags, (void)fd;
  return interlink_sync_shared((const char *)address);
}

// Linear memory is neither swapped nor protected by the guest: what it may do already, it may.
long __syscall_mprotect(long address, long size, long protection) {
  (void)size;
  if (address % 4096 != 0 || (protection & ~(PROT_READ | PROT_WRITE | PROT_EXEC | PROT_GROWSDOWN | PROT_GROWSUP)) != 0) {
    return -EINVAL;
  }
  return 0;
}

// The whole of a file, for as long as the program lives: rules of time zones.
const unsigned char *__map_file(const char *path, size_t *size) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  struct stat stat;
  char *bytes = 0;
  if (fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode)) {
    *size = (size_t)stat.st_size;
    bytes = malloc(*size + 1);
  }
  if (bytes != 0 && interlink_read_mapped(fd, bytes, *size, 0) != 0) {
    free(bytes);
    bytes = 0;
  }
  if (fd >= 0) {
    close(fd);
  }
  return (const unsigned char *)bytes;
}
