// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One thread writes a megabyte to standard output, which nobody reads until "ready" has come on standard error. Meanwhile
// another thread works. All bytes arrive.
#include "guest.h"

enum { chunk = 65536, chunks = 16 };

static atomic_int writing;

static void *write_all(void *unused) {
  (void)unused;
  static char bytes[chunk];
  memset(bytes, 'x', sizeof bytes);
  atomic_store(&writing, 1);
  for (int i = 0; i < chunks; ++i) {
    for (size_t done = 0; done < sizeof bytes;) {
      ssize_t size = write(STDOUT_FILENO, bytes + done, sizeof bytes - done);
      REQUIRE(size > 0);
      done += (size_t)size;
    }
  }
  return 0;
}

int main(void) {
  pthread_t writer = start(write_all, 0);
  wait_for(&writing);
  REQUIRE(((binary *)find(open_now("./libplain.so"), "plain_add"))(40, 2) == 42);
  fprintf(stderr, "ready\n");
  pthread_join(writer, 0);
  fprintf(stderr, "ok wrote %d bytes\n", chunk * chunks);
  return 0;
}
