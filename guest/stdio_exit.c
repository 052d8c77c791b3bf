// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Flushing at exit, in place of the packaged library's part: that one waits for the lock of each stream, and another thread
// may hold one for ever, in a read. This one waits a moment, and then goes on without the lock, as glibc does.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "streams.h"

static int attempts_left = 20;  // Milliseconds, for all streams together.

static void flush(FILE *file) {
  if (file == 0) {
    return;
  }
  struct stream *stream = (struct stream *)file;
  static int never;
  bool is_locked = ftrylockfile(file) == 0;
  while (!is_locked && attempts_left-- > 0) {
    __builtin_wasm_memory_atomic_wait32(&never, 0, 1000000);
    is_locked = ftrylockfile(file) == 0;
  }
  if (stream->write_position != stream->write_base) {
    stream->write(file, 0, 0);
  }
  if (stream->read_position != stream->read_end) {
    stream->seek(file, stream->read_position - stream->read_end, SEEK_CUR);
  }
}

void __stdio_exit(void) {
  for (FILE *file = *__ofl_lock(); file != 0; file = ((struct stream *)file)->next) {
    flush(file);
  }
  flush(__stdin_used);
  flush(__stdout_used);
  flush(__stderr_used);
}

void __stdio_exit_needed(void) __attribute__((weak, alias("__stdio_exit")));
