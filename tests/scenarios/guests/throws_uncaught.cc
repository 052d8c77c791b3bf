// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Throws what nobody catches: straight, through a function with a destructor, out of a thread, and after a catch.
#include "guest.h"

namespace {

volatile int cleaned;

struct cleans {
  ~cleans() { ++cleaned; }
};

__attribute__((noinline)) void throws(int value)
{
  throw value; // in: straight, thread, after_catch
}

__attribute__((noinline)) void through_destructor()
{
  cleans up;
  throws(2);
} // in: destructor

void* thread_body(void*)
{
  throws(3); // in: thread
  return nullptr;
}

__attribute__((noinline)) void after_catch()
{
  try {
    throws(4);
  } catch (int) {
  }
  throws(5); // in: after_catch
}

void throws_in_handler()
{
  throws(6);
}

} // namespace

extern "C" __attribute__((visibility("default"))) void say(const char*) {}

int main(int, char** arguments)
{
  const char* way = arguments[1];
  if (strcmp(way, "straight") == 0) {
    throws(1); // in: straight
  } else if (strcmp(way, "destructor") == 0) {
    through_destructor(); // in: destructor
  } else if (strcmp(way, "thread") == 0) {
    pthread_join(start(thread_body, nullptr), nullptr);
  } else if (strcmp(way, "handler") == 0) {
    void* library = open_now("./libhandlers_a.so");
    using registers = int(void (*)());
    REQUIRE(reinterpret_cast<registers*>(find(library, "handlers_call_at_close"))(throws_in_handler) == 0);
    dlclose(library);
  } else {
    after_catch(); // in: after_catch
  }
  return 1;
}
