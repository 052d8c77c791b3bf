// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library is opened while another thread reads standard input, which stays silent until "opened" has been printed. Then
// the input must hold one byte, and the reader calls into the library.
#include "guest.h"

static binary *function;
static atomic_int reading, done;

static void *read_byte(void *unused) {
  (void)unused;
  char byte = 0;
  atomic_store(&reading, 1);
  REQUIRE(read(STDIN_FILENO, &byte, 1) == 1);
  atomic_store(&done, 1);
  REQUIRE(function(40, 2) == 42);
  return 0;
}

int main(void) {
  pthread_t reader = start(read_byte, 0);
  wait_for(&reading);
  usleep(2000);
  void *library = open_now("./libplain.so");
  function = (binary *)find(library, "plain_add");
  REQUIRE(atomic_load(&done) == 0);
  printf("opened\n");
  fflush(stdout);
  pthread_join(reader, 0);
  printf("ok the reading thread called the library that was opened meanwhile\n");
  return 0;
}
