// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Traps in the way that its argument names. A line that the backtrace must name says so: `in: WAY`.
#include "guest.h"

typedef void way_to_trap(void);

static volatile int zero;

// Keeps a call from becoming a jump, which would leave no frame.
#define CALLED(expression) \
  do {                     \
    expression;            \
    __asm__ volatile("");  \
  } while (0)

__attribute__((noinline)) static void unreachable(void) {
  __builtin_trap(); // in: unreachable, sort, thread
}

__attribute__((noinline)) static void divide(void) {
  zero = 7 / zero; // in: divide, call_back
}

__attribute__((noinline)) static void out_of_bounds(void) {
  *(volatile int *)0xfffffff0u = 1; // in: out_of_bounds
}

__attribute__((noinline)) static void null_call(void) {
  way_to_trap *volatile nothing = 0;
  CALLED(nothing()); // in: null_call
}

__attribute__((noinline)) static void other_type(void) {
  int (*volatile other)(int, int, int) = (int (*)(int, int, int))unreachable;
  zero = other(1, 2, 3); // in: other_type
}

__attribute__((noinline)) static int recursion(int depth) {
  return recursion(depth + 1) + zero; // in: recursion
}

static void recurse(void) { zero = recursion(0); }

__attribute__((noinline)) static int deep(int depth) {
  return depth == 0 ? 7 / zero : deep(depth - 1) + zero; // in: deep
}

// Deeper than a backtrace.
static void dive(void) { zero = deep(30); }

// The host makes this trap: the wait is a call to it.
__attribute__((noinline)) static void misaligned_wait(void) {
  zero = __builtin_wasm_memory_atomic_wait32((int *)6, 1, 1000); // in: misaligned_wait
}

static int compare(const void *left, const void *right) {
  CALLED(unreachable()); // in: sort
  return *(const int *)left - *(const int *)right;
}

static void sort(void) {
  int numbers[3] = {3, 1, 2};
  CALLED(qsort(numbers, 3, sizeof(int), compare)); // in: sort
}

static void *thread_body(void *argument) {
  CALLED(unreachable()); // in: thread
  return argument;
}

static void thread(void) { pthread_join(start(thread_body, 0), 0); }

static void library(void) {
  CALLED(((way_to_trap *)find(open_now("./libtraps.so"), "traps_in_library"))()); // in: library
}

static void call_back(void) {
  void (*calls)(way_to_trap *) = (void (*)(way_to_trap *))find(open_now("./libtraps.so"), "calls_back");
  CALLED(calls(divide)); // in: call_back
}

static void constructor(void) {
  open_now("./libtraps_in_constructor.so");
}

// Opens a library first, so that the thread's code is behind and the check in front of the call catches up.
static void *behind_body(void *flag) {
  wait_for(flag);
  way_to_trap *volatile by_pointer = unreachable;
  CALLED(by_pointer()); // in: behind
  return 0;
}

static void behind(void) {
  atomic_int flag = 0;
  pthread_t waiter = start(behind_body, &flag);
  open_now("./libplain.so");
  atomic_store(&flag, 1);
  pthread_join(waiter, 0);
}

// Opens both before the thread calls: it catches up with the first, and inside of that with the second.
_Atomic int starting, go_on;

static atomic_int is_running;

static void *nested_body(void *flag) {
  atomic_store(&is_running, 1);
  while (atomic_load((atomic_int *)flag) == 0) { // without a call, whose return catches up
  }
  way_to_trap *volatile by_pointer = unreachable;
  CALLED(by_pointer()); // in: catch_up, nested
  return 0;
}

static void catch_up(void) {
  atomic_int flag = 0;
  pthread_t waiter = start(nested_body, &flag);
  wait_for(&is_running);
  open_now("./libtraps_in_second_start.so");
  atomic_store(&flag, 1);
  pthread_join(waiter, 0);
}

static void nested(void) {
  atomic_int flag = 0;
  pthread_t waiter = start(nested_body, &flag);
  wait_for(&is_running);
  open_now("./libcalls_in_second_start.so");
  atomic_store(&flag, 1);
  wait_for(&starting);
  open_now("./libtraps_in_second_start.so");
  atomic_store(&go_on, 1);
  pthread_join(waiter, 0);
}

__attribute__((noinline)) static void call_lazily(void) {
  CALLED(((way_to_trap *)find(dlopen("./libtraps_lazily.so", RTLD_LAZY), "calls_lazily"))()); // in: unbound, thunk
}

static void thunk(void) {
  dlopen("./libtraps.so", RTLD_NOW | RTLD_GLOBAL);
  CALLED(call_lazily());
}

int main(int count, char **arguments) {
  static const struct {
    const char *name;
    way_to_trap *way;
  } ways[] = {{"unreachable", unreachable}, {"divide", divide}, {"out_of_bounds", out_of_bounds},
              {"null_call", null_call},     {"sort", sort},     {"other_type", other_type},
              {"recursion", recurse},       {"thread", thread}, {"misaligned_wait", misaligned_wait},
              {"library", library},         {"behind", behind}, {"constructor", constructor},
              {"call_back", call_back},     {"deep", dive},     {"catch_up", catch_up},
              {"nested", nested},           {"thunk", thunk},   {"unbound", call_lazily}};

  for (unsigned i = 0; count > 1 && i < sizeof(ways) / sizeof(ways[0]); ++i) {
    if (strcmp(arguments[1], ways[i].name) == 0) {
      CALLED(ways[i].way()); // in: unreachable, divide, out_of_bounds
    }
  }
  return 1;
}
