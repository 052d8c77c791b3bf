// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shared mappings of files, among the threads of one program: each part of a file is in memory once, and whoever maps it
// gets that memory. It is written to the file by msync, with its last munmap, and as the program exits. Other programs, and
// read and write, see it then.
#include "shared_mappings.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { page_size = 65536 };

struct shared {
  struct shared *next;
  dev_t device;
  ino_t inode;
  off_t offset;
  size_t size;
  char *memory;
  int fd;  // Our own, for the program may close its one.
  int users;
  bool is_written;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct shared *all;

long interlink_read_mapped(int fd, char *out, size_t size, off_t offset) {
  while (size != 0) {
    ssize_t got = pread(fd, out, size, offset);
    if (got < 0) {
      return -errno;
    }
    if (got == 0) {
      break;
    }
    out += got;
    size -= (size_t)got;
    offset += got;
  }
  memset(out, 0, size);
  return 0;
}

// What lies beyond the file's end is nobody's.
static long write_back(const struct shared *one) {
  struct stat stat;
  if (fstat(one->fd, &stat) != 0) {
    return -errno;
  }
  off_t in_file = stat.st_size - one->offset;
  size_t left = in_file <= 0 ? 0 : in_file < (off_t)one->size ? (size_t)in_file : one->size;
  for (size_t done = 0; done < left;) {
    ssize_t put = pwrite(one->fd, one->memory + done, left - done, one->offset + (off_t)done);
    if (put < 0) {
      return -errno;
    }
    done += (size_t)put;
  }
  return 0;
}

static struct shared *find_part(const struct stat *stat, size_t size, off_t offset, bool *overlaps) {
  for (struct shared *one = all; one != 0; one = one->next) {
    if (one->device != stat->st_dev || one->inode != stat->st_ino) {
      continue;
    }
    off_t end = offset + (off_t)size, its_end = one->offset + (off_t)one->size;
    if (offset >= one->offset && end <= its_end) {
      return one;
    }
    *overlaps |= offset < its_end && one->offset < end;
  }
  return 0;
}

static struct shared *find_memory(const char *address) {
  struct shared *one = all;
  while (one != 0 && (address < one->memory || address >= one->memory + one->size)) {
    one = one->next;
  }
  return one;
}

static struct shared *make(int fd, const struct stat *stat, size_t size, off_t offset, long *error) {
  struct shared *one = calloc(1, sizeof *one);
  size_t room = (size + page_size - 1) / page_size * page_size;
  char *memory = one != 0 && room >= size ? aligned_alloc(page_size, room) : 0;
  int own = memory != 0 ? dup(fd) : -1;
  *error = memory == 0 ? -ENOMEM : own < 0 ? -errno : interlink_read_mapped(own, memory, size, offset);
  if (*error != 0) {
    free(memory);
    free(one);
    if (own >= 0) {
      close(own);
    }
    return 0;
  }
  *one = (struct shared){.next = all, .device = stat->st_dev, .inode = stat->st_ino, .offset = offset, .size = size,
                         .memory = memory, .fd = own};
  all = one;
  return one;
}

long interlink_map_shared(int fd, const struct stat *stat, size_t size, off_t offset, bool writes) {
  bool overlaps = false;
  long result = 0;
  pthread_mutex_lock(&lock);
  struct shared *one = find_part(stat, size, offset, &overlaps);
  if (one == 0 && overlaps) {
    result = -ENOTSUP;  // Parts of two mappings would have to be one memory.
  } else if (one == 0) {
    one = make(fd, stat, size, offset, &result);
  }
  if (one != 0) {
    one->users += 1;
    one->is_written |= writes;
    result = (long)(one->memory + (offset - one->offset));
  }
  pthread_mutex_unlock(&lock);
  return result;
}

long interlink_sync_shared(const char *address) {
  pthread_mutex_lock(&lock);
  struct shared *one = find_memory(address);
  long result = one != 0 && one->is_written ? write_back(one) : 0;
  pthread_mutex_unlock(&lock);
  return result;
}

void interlink_unmap_shared(const char *address) {
  pthread_mutex_lock(&lock);
  struct shared **place = &all, *one = find_memory(address);
  if (one != 0 && --one->users == 0) {
    if (one->is_written) {
      write_back(one);
    }
    while (*place != one) {
      place = &(*place)->next;
    }
    *place = one->next;
    close(one->fd);
    free(one->memory);
    free(one);
  }
  pthread_mutex_unlock(&lock);
}

__attribute__((destructor)) static void write_all_back(void) {
  pthread_mutex_lock(&lock);
  for (struct shared *one = all; one != 0; one = one->next) {
    if (one->is_written) {
      write_back(one);
    }
  }
  pthread_mutex_unlock(&lock);
}
