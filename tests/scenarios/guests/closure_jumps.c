// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// longjmp passes a closure.
#include <interlink/closure.h>
#include <setjmp.h>

#include "guest.h"

typedef void jumper(int);

static void jumps(const uint8_t *arguments, uint8_t *results, void *datum) {
  (void)results;
  int value;
  memcpy(&value, arguments, 4);
  longjmp(*(jmp_buf *)datum, value);
}

static int lands(void) {
  static const uint8_t one_i32[] = {CLOSURE_I32};
  jmp_buf place;
  void *closure = 0;
  REQUIRE(closure_allocate(&closure) == 0);
  REQUIRE(closure_prepare(jumps, closure, one_i32, 1, 0, 0, &place) == 0);
  volatile int rounds = 0;
  const int landed = setjmp(place);
  if (landed < 1000) {
    ++rounds;
    ((jumper *)closure)(landed + 1);
    return -1;
  }
  REQUIRE(closure_free(closure) == 0);
  return rounds;
}

static void *lands_in_thread(void *unused) {
  (void)unused;
  return (void *)(intptr_t)lands();
}

int main(void) {
  void *there = 0;
  REQUIRE(lands() == 1000);
  pthread_join(start(lands_in_thread, 0), &there);
  REQUIRE((intptr_t)there == 1000);
  printf("ok longjmp passes closures\n");
  return 0;
}
