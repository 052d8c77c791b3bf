// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// longjmp across modules: from a library to main, from main to a library, and in another thread.
#include <setjmp.h>

#include "guest.h"

void jumps_to(jmp_buf place, int value);
int jumps_catch(void (*callback)(jmp_buf, int), int value);

static void jump_back(jmp_buf place, int value) { longjmp(place, value); }

static int land(void (*jump)(jmp_buf, int), int value) {
  jmp_buf place;
  int landed = setjmp(place);
  if (landed == 0) {
    jump(place, value);
    return -1;
  }
  return landed;
}

static void *check(void *unused) {
  (void)unused;
  REQUIRE(land(jumps_to, 3) == 3);
  REQUIRE(land(jump_back, 4) == 4);
  REQUIRE(jumps_catch(jump_back, 5) == 5);
  REQUIRE(jumps_catch(jumps_to, 6) == 6);
  return 0;
}

int main(void) {
  check(0);
  pthread_join(start(check, 0), 0);
  void *late = dlopen("./liblate.so", RTLD_LAZY);
  REQUIRE(late != 0 && dlopen("./liblate_jump.so", RTLD_NOW | RTLD_GLOBAL) != 0);
  REQUIRE(land((void (*)(jmp_buf, int))find(late, "jumps_late"), 7) == 7);
  printf("ok longjmp crosses modules\n");
  return 0;
}
