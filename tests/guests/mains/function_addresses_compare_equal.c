// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One function has one address: in the library that defines it, in two others, in main, by dlsym, and in another thread.
#include "guest.h"

int main_function(int value) { return value + 1; }

static void *plain, *first, *second;

static void *call(void *library, const char *name) { return ((void *(*)(void))find(library, name))(); }

static void compare(void) {
  void *add = find(plain, "plain_add");
  REQUIRE(add == call(plain, "plain_address_of_add"));
  REQUIRE(add == call(first, "first_plain_add") && add == call(second, "second_plain_add"));
  REQUIRE(*(void **)find(plain, "plain_pointer") == add);
  void *value = find(plain, "plain_value");
  REQUIRE(value == call(plain, "plain_address_of_value"));
  REQUIRE(value == call(first, "first_plain_value") && value == call(second, "second_plain_value"));
  void *of_main = (void *)main_function;
  REQUIRE(of_main == call(first, "first_main_function") && of_main == call(second, "second_main_function"));
  REQUIRE(of_main == *(void **)find(first, "first_table"));
  REQUIRE(of_main == find(RTLD_DEFAULT, "main_function") && of_main == find(dlopen(0, RTLD_NOW), "main_function"));
}

static void *compare_elsewhere(void *unused) {
  (void)unused;
  compare();
  return 0;
}

int main(void) {
  plain = open_now("./libplain.so");
  first = open_now("./libfirst.so");
  second = open_now("./libsecond.so");
  compare();
  pthread_join(start(compare_elsewhere, 0), 0);
  printf("ok one function has one address\n");
  return 0;
}
