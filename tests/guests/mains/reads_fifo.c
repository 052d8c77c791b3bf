// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads a FIFO in a preopened directory, given by name, while another thread works; the writer on the other side writes
// "through the fifo" after it saw "working".
#include <fcntl.h>

#include "guest.h"

static const char *name;

static void *read_fifo(void *unused) {
  (void)unused;
  char text[64] = "";
  int fifo = open(name, O_RDONLY);
  REQUIRE(fifo >= 0);
  size_t used = 0;
  for (ssize_t size = 0; (size = read(fifo, text + used, sizeof text - 1 - used)) > 0;) {
    used += (size_t)size;
  }
  REQUIRE(strcmp(text, "through the fifo") == 0);
  REQUIRE(close(fifo) == 0);
  return 0;
}

int main(int argc, char **argv) {
  REQUIRE(argc == 2);
  name = argv[1];
  pthread_t reader = start(read_fifo, 0);
  REQUIRE(((binary *)find(open_now("./libplain.so"), "plain_add"))(40, 2) == 42);
  printf("working\n");
  fflush(stdout);
  pthread_join(reader, 0);
  printf("ok read a fifo\n");
  return 0;
}
