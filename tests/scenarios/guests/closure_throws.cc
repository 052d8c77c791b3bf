// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exceptions and longjmp pass a closure, and a dynamic call.
#include <interlink/closure.h>

#include "guest.h"

namespace {

const uint8_t one_i32[] = {CLOSURE_I32};
using taker = void(int);

struct counts {
  ~counts() { ++unwound; }

  static int unwound;
};

int counts::unwound = 0;

void throws(const uint8_t* arguments, uint8_t*, void*)
{
  const counts here;
  int value = 0;
  memcpy(&value, arguments, 4);
  throw value;
}

void throw_it(int value)
{
  throw value;
}

template <class Call>
int caught(Call call)
{
  const counts here;
  try {
    call();
  } catch (int value) {
    return value;
  }
  return -1;
}

taker* make(closure_backing* backing, void* datum)
{
  void* closure = nullptr;
  REQUIRE(closure_allocate(&closure) == 0);
  REQUIRE(closure_prepare(backing, closure, one_i32, 1, nullptr, 0, datum) == 0);
  return reinterpret_cast<taker*>(closure);
}

void check(taker* thrower)
{
  counts::unwound = 0;
  for (int round = 0; round < 1000; ++round) { // the stack is given back each time
    REQUIRE(caught([&] { thrower(round); }) == round);
  }
  REQUIRE(counts::unwound == 2000);
  int value = 43;
  REQUIRE(caught([&] { call_dynamic(reinterpret_cast<void*>(throw_it), &value, 4, nullptr, 0, 1); }) == 43);
  REQUIRE(caught([&] { call_dynamic(reinterpret_cast<void*>(thrower), &value, 4, nullptr, 0, 1); }) == 43);
}

taker* shared = nullptr;

void* check_in_thread(void*)
{
  check(shared);
  return nullptr;
}

} // namespace

int main()
{
  shared = make(throws, nullptr);
  check(shared);
  pthread_join(start(check_in_thread, nullptr), nullptr);
  printf("ok exceptions pass closures\n");
  return 0;
}
