// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Allocates until its memory is at the maximum. Then a library that fits in the linker's arena opens, one that does not is
// refused, and a thread is refused with EAGAIN; all go on when memory is given back.
#include <errno.h>

#include "guest.h"

int constructions; // of libcounts_*.so

enum { most = 5000 };

static void *blocks[most];
static atomic_int ran;

static void *runs(void *unused) {
  (void)unused;
  atomic_fetch_add(&ran, 1);
  return 0;
}

int main(void) {
  int count = 0;
  for (size_t size = 1 << 20; size >= 64; size /= 2) {
    void *block = 0;
    while (count < most && (block = malloc(size)) != 0) {
      blocks[count++] = block;
    }
  }
  REQUIRE(count > 10 && count < most);
  unsigned long pages = __builtin_wasm_memory_size(0);
  REQUIRE(__builtin_wasm_memory_grow(0, 1) == (unsigned long)-1);
  REQUIRE(((binary *)find(open_now("./libplain.so"), "plain_add"))(40, 2) == 42);
  REQUIRE(dlopen("./libbig_1.so", RTLD_NOW) == 0);
  static char refusal[600];
  strncpy(refusal, dlerror(), sizeof refusal - 1);
  pthread_t thread = 0;
  int error = pthread_create(&thread, 0, runs, 0);
  REQUIRE(error == EAGAIN && atomic_load(&ran) == 0 && __builtin_wasm_memory_size(0) == pages);
  while (count > 0) {
    free(blocks[--count]);
  }
  printf("%s\n", refusal);
  pthread_join(start(runs, 0), 0);
  REQUIRE(atomic_load(&ran) == 1 && ((unary *)find(open_now("./libcounts_1.so"), "counts_1"))(2) == 3);
  printf("ok with a full memory\n");
  return 0;
}
