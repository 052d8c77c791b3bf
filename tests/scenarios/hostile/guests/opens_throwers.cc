// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opens the library of the first argument, whose constructor or start function throws, while another thread calls
// through a pointer. With "catch" it catches what comes out of dlopen, and goes on.
#include "guest.h"

extern "C" int called()
{
  return 1;
}

static atomic_int is_done, calls;
static nullary* volatile pointer = called;

static void* calls_on(void*)
{
  while (atomic_load(&is_done) == 0) {
    atomic_fetch_add(&calls, pointer());
  }
  return nullptr;
}

int main(int argc, char** argv)
{
  const char* name = argc > 1 ? argv[1] : "";
  pthread_t other = start(calls_on, nullptr);
  while (atomic_load(&calls) == 0) {
  }
  if (argc > 2) {
    try {
      dlopen(name, RTLD_NOW);
      REQUIRE(!"thrown");
    } catch (int thrown) {
      REQUIRE(thrown == 5);
    }
    // It was committed and counts as constructed: it is there, and its constructor does not run again.
    REQUIRE(((nullary*)find(open_now(name), "thrown_value"))() == 6);
    REQUIRE(((binary*)find(open_now("./libplain.so"), "plain_add"))(40, 2) == 42);
  } else {
    dlopen(name, RTLD_NOW);
    REQUIRE(!"gone on");
  }
  atomic_store(&is_done, 1);
  pthread_join(other, nullptr);
  printf("ok caught\n");
  return 0;
}
