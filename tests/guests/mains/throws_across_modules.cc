// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// C++ exceptions across modules: main throws and a library catches; a library throws and main catches, also through
// frames of both, in another thread, and when the throwing call is the first call of a function that is bound lazily.
#include "guest.h"

extern "C" {
void throws_int(int value);
int throws_through(int (*function)(int), int value);
int catches_int(void (*callback)(int), int value);
extern int catches_unwound;
}

namespace {

void throw_here(int value)
{
  throw value;
}

int throw_through_library(int value)
{
  throws_int(value + 1);
  return 0;
}

int caught(void (*function)(int), int value)
{
  try {
    function(value);
  } catch (int thrown) {
    return thrown;
  }
  return -1;
}

void through_both(int value)
{
  throws_through(throw_through_library, value);
}

void* check(void*)
{
  REQUIRE(caught(throw_here, 1) == 1);
  REQUIRE(caught(throws_int, 2) == 2);
  REQUIRE(catches_int(throw_here, 3) == 3);
  REQUIRE(catches_int(throws_int, 4) == 4);
  REQUIRE(caught(through_both, 5) == 6);
  return nullptr;
}

} // namespace

int main()
{
  check(nullptr);
  REQUIRE(catches_unwound == 2);
  pthread_join(start(check, nullptr), nullptr);
  void* late = dlopen("./liblate.so", RTLD_LAZY);
  REQUIRE(late != nullptr);
  REQUIRE(dlopen("./liblate_throw.so", RTLD_NOW | RTLD_GLOBAL) != nullptr);
  auto* throws_late = reinterpret_cast<void (*)(int)>(find(late, "throws_late"));
  REQUIRE(caught(throws_late, 7) == 7);
  printf("ok exceptions cross modules\n");
  return 0;
}
