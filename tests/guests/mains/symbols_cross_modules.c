// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Data, functions and thread-local variables across modules, in two threads: thread-local ones have a value for each, and
// the first instance's initial values hold addresses that are right.
#include "guest.h"

_Thread_local int main_tls = 1000;

static void *tls, *user;

static int *address(void *library, const char *name) { return ((int *(*)(void))find(library, name))(); }
static int call(void *library, const char *name) { return ((nullary *)find(library, name))(); }

static void check_fresh(void) {
  REQUIRE(call(user, "tls_user_read") == 7);
  REQUIRE(call(tls, "tls_next") == 8 && call(user, "tls_user_read") == 8);
  REQUIRE(((unary *)find(user, "tls_user_add"))(10) == 18 && call(tls, "tls_next") == 19);
  REQUIRE(call(tls, "tls_next_private") == 4);
  REQUIRE(call(tls, "tls_read_pointer") == 5 && call(user, "tls_user_pointed") == 5);
  REQUIRE(((unary *)find(tls, "tls_add_main"))(1) == 1001 && main_tls == 1001);
  REQUIRE(address(tls, "tls_address") == address(user, "tls_user_address"));
  REQUIRE(address(tls, "tls_address") == (int *)find(tls, "tls_counter"));
  REQUIRE(address(tls, "tls_address_of_main") == &main_tls);
}

static void *check_elsewhere(void *address_here) {
  check_fresh();
  REQUIRE(address(tls, "tls_address") != (int *)address_here);
  return 0;
}

int main(void) {
  tls = open_now("./libtls.so");
  user = open_now("./libtls_user.so");
  check_fresh();
  pthread_join(start(check_elsewhere, address(tls, "tls_address")), 0);
  REQUIRE(call(tls, "tls_next") == 20);
  void *plain = open_now("./libplain.so");
  int *value = (int *)find(plain, "plain_value");
  REQUIRE(*value == 42 && *(int **)find(plain, "plain_value_pointer") == value);
  REQUIRE(strcmp(*(char **)find(plain, "plain_text"), "plain") == 0);
  printf("ok symbols cross modules\n");
  return 0;
}
