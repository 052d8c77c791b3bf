// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The packaged library's private streams: the layout of Emscripten 3.1.6, fixed with the package.
#pragma once

#include <stddef.h>
#include <stdio.h>

struct stream {
  unsigned flags;
  unsigned char *read_position, *read_end;
  int (*close)(FILE *);
  unsigned char *write_end, *write_position;
  unsigned char *unused;
  unsigned char *write_base;
  size_t (*read)(FILE *, unsigned char *, size_t);
  size_t (*write)(FILE *, const unsigned char *, size_t);
  off_t (*seek)(FILE *, off_t, int);
  unsigned char *buffer;
  size_t buffer_size;
  FILE *previous, *next;
  int fd;
  int pipe;
  long lock_count;
  int mode;
  volatile int lock;
};

_Static_assert(offsetof(struct stream, next) == 56, "layout of the packaged C library");
_Static_assert(offsetof(struct stream, lock) == 76, "layout of the packaged C library");

FILE **__ofl_lock(void);
void __ofl_unlock(void);

// Null in a program that does not use the stream.
extern FILE *volatile __stdin_used;
extern FILE *volatile __stdout_used;
extern FILE *volatile __stderr_used;
