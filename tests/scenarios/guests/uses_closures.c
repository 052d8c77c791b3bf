// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Closures in every thread: those that wait, that compute, that start later; of every type; prepared anew, freed, called too
// early or too late; and functions that are called and looked at by their types. The argument says which part.
#include <interlink/closure.h>
#include <wasm_simd128.h>

#include "guest.h"

enum { invalid = 28, overflow = 61, memory_violation = 78 };
#define OUTSIDE ((void *)0xfffffff0u)

typedef int64_t mixed(int32_t, int64_t, float, double, v128_t);

static const uint8_t one_i32[] = {CLOSURE_I32};
static const uint8_t mixed_types[] = {CLOSURE_I32, CLOSURE_I64, CLOSURE_F32, CLOSURE_F64, CLOSURE_V128};

// Argument plus datum.
static void adds(const uint8_t *arguments, uint8_t *results, void *datum) {
  int32_t value;
  memcpy(&value, arguments, 4);
  value += (int32_t)(intptr_t)datum;
  memcpy(results, &value, 4);
}

static void multiplies(const uint8_t *arguments, uint8_t *results, void *datum) {
  int32_t value;
  memcpy(&value, arguments, 4);
  value *= (int32_t)(intptr_t)datum;
  memcpy(results, &value, 4);
}

// Weighs what it is given, so that a value in a wrong place shows.
static void weighs(const uint8_t *arguments, uint8_t *results, void *datum) {
  int32_t a;
  int64_t b;
  float c;
  double d;
  int32_t lanes[4];
  memcpy(&a, arguments, 4);
  memcpy(&b, arguments + 4, 8);
  memcpy(&c, arguments + 12, 4);
  memcpy(&d, arguments + 16, 8);
  memcpy(lanes, arguments + 24, 16);
  int64_t sum = a + 10 * b + 100 * (int64_t)c + 1000 * (int64_t)d + 10000 * lanes[3] + (int32_t)(intptr_t)datum;
  memcpy(results, &sum, 8);
}

static unary *make_unary(closure_backing *backing, int datum) {
  void *closure = 0;
  REQUIRE(closure_allocate(&closure) == 0 && closure != 0);
  REQUIRE(closure_prepare(backing, closure, one_i32, 1, one_i32, 1, (void *)(intptr_t)datum) == 0);
  return (unary *)closure;
}

// ---- In every thread ----

static _Atomic(unary *) shared;
static atomic_int go, seen, stop;

static void *waits_for_closure(void *unused) {
  (void)unused;
  wait_for(&go);
  REQUIRE(atomic_load(&shared)(5) == 105);
  atomic_fetch_add(&seen, 1);
  return 0;
}

// Makes no host call before it finds the pointer.
static void *computes(void *unused) {
  (void)unused;
  unary *found;
  while ((found = atomic_load(&shared)) == 0) {
  }
  REQUIRE(found(6) == 106);
  atomic_fetch_add(&seen, 1);
  return 0;
}

static void *calls_at_once(void *unused) {
  (void)unused;
  REQUIRE(atomic_load(&shared)(7) == 107);
  return 0;
}

static void *makes_its_own(void *unused) {
  (void)unused;
  return (void *)make_unary(multiplies, 3);
}

static void in_every_thread(void) {
  pthread_t early[4];
  for (int i = 0; i < 4; ++i) {
    early[i] = start(i % 2 == 0 ? waits_for_closure : computes, 0);
  }
  usleep(2000);
  atomic_store(&shared, make_unary(adds, 100));
  atomic_store(&go, 1);
  for (int i = 0; i < 4; ++i) {
    pthread_join(early[i], 0);
  }
  REQUIRE(atomic_load(&seen) == 4);
  pthread_join(start(calls_at_once, 0), 0);
  void *theirs = 0;
  pthread_join(start(makes_its_own, 0), &theirs);
  REQUIRE(((unary *)theirs)(14) == 42);
  REQUIRE(closure_free(theirs) == 0);
}

// ---- Prepared anew while others call ----

static void *calls_both_ways(void *unused) {
  (void)unused;
  while (atomic_load(&stop) == 0) {
    const int found = atomic_load(&shared)(5);
    REQUIRE(found == 105 || found == 35);
  }
  return 0;
}

static void prepared_anew(void) {
  pthread_t callers[2] = {start(calls_both_ways, 0), start(calls_both_ways, 0)};
  void *closure = (void *)atomic_load(&shared);
  for (int i = 0; i < 2000; ++i) {
    REQUIRE(closure_prepare(i % 2 ? adds : multiplies, closure, one_i32, 1, one_i32, 1, (void *)(i % 2 ? 100 : 7)) == 0);
    // One whose record is another's a moment later.
    unary *other = make_unary(adds, i);
    REQUIRE(other(1) == i + 1);
    REQUIRE(closure_free((void *)other) == 0);
  }
  REQUIRE(atomic_load(&shared)(5) == 105);
  atomic_store(&stop, 1);
  pthread_join(callers[0], 0);
  pthread_join(callers[1], 0);
  // Of another type.
  static const uint8_t result_type[] = {CLOSURE_I64};
  REQUIRE(closure_prepare(weighs, closure, mixed_types, 5, result_type, 1, (void *)7) == 0);
  const v128_t lanes = wasm_i32x4_make(0, 0, 0, 5);
  REQUIRE(((mixed *)closure)(1, 2, 3, 4, lanes) == 54328);
  REQUIRE(closure_prepare(adds, closure, one_i32, 1, one_i32, 1, (void *)100) == 0);
}

// ---- Calls of functions of any type ----

static int64_t weigh(int32_t a, int64_t b, float c, double d, v128_t e) {
  return a + 10 * b + 100 * (int64_t)c + 1000 * (int64_t)d + 10000 * wasm_i32x4_extract_lane(e, 3);
}

static void nothing(void) {}

static void dynamic_calls(void) {
  uint8_t values[41] = {0}, results[9] = {0};
  const int32_t a = 1, lane = 5;
  const int64_t b = 2;
  const float c = 3;
  const double d = 4;
  memcpy(values, &a, 4);
  memcpy(values + 4, &b, 8);
  memcpy(values + 12, &c, 4);
  memcpy(values + 16, &d, 8);
  memcpy(values + 36, &lane, 4);
  int64_t found = 0;
  REQUIRE(call_dynamic((void *)weigh, values, 40, results, 8, 1) == 0);
  memcpy(&found, results, 8);
  REQUIRE(found == 54321);
  REQUIRE(call_dynamic((void *)weigh, values, 39, results, 8, 1) == invalid);
  REQUIRE(call_dynamic((void *)weigh, values, 41, results, 8, 1) == invalid);
  REQUIRE(call_dynamic((void *)weigh, values, 40, results, 9, 1) == invalid);
  // What is missing is 0, what is too much is left out.
  REQUIRE(call_dynamic((void *)weigh, values, 17, results, 9, 0) == 0);
  memcpy(&found, results, 8);
  REQUIRE(found == 321);
  results[0] = 77;
  REQUIRE(call_dynamic((void *)weigh, values, 41, results, 7, 0) == 0 && results[0] == 77);
  REQUIRE(call_dynamic((void *)nothing, 0, 0, 0, 0, 1) == 0);
  REQUIRE(call_dynamic((void *)weigh, OUTSIDE, 40, results, 8, 1) == memory_violation);
  REQUIRE(call_dynamic((void *)weigh, values, 40, OUTSIDE, 100, 0) == memory_violation);
  REQUIRE(call_dynamic(0, values, 40, results, 8, 0) == invalid);
  REQUIRE(call_dynamic(OUTSIDE, values, 40, results, 8, 0) == invalid);
  int32_t three = 3, sum = 0;
  REQUIRE(call_dynamic((void *)atomic_load(&shared), &three, 4, &sum, 4, 1) == 0 && sum == 103);
}

static void reflection(void) {
  uint8_t arguments[6], results[2];
  struct closure_signature type;
  memset(arguments, 9, sizeof arguments);
  memset(results, 9, sizeof results);
  REQUIRE(reflect_signature((void *)weigh, arguments, 4, results, 2, &type) == overflow);
  REQUIRE(type.is_cacheable == 1 && type.arguments == 5 && type.results == 1);
  REQUIRE(arguments[0] == 9 && results[0] == 9);
  REQUIRE(reflect_signature((void *)weigh, arguments, 6, results, 0, &type) == overflow && arguments[0] == 9);
  REQUIRE(reflect_signature((void *)weigh, arguments, 6, results, 2, &type) == 0);
  REQUIRE(memcmp(arguments, mixed_types, 5) == 0 && arguments[5] == 9 && results[0] == CLOSURE_I64 && results[1] == 9);
  REQUIRE(reflect_signature((void *)nothing, 0, 0, 0, 0, &type) == 0 && type.arguments == 0 && type.results == 0);
  REQUIRE(reflect_signature((void *)atomic_load(&shared), arguments, 6, results, 2, &type) == 0);
  REQUIRE(type.is_cacheable == 0 && type.arguments == 1 && type.results == 1 && arguments[0] == CLOSURE_I32);
  void *closure = 0;
  REQUIRE(closure_allocate(&closure) == 0);
  void *const none[] = {0, closure, OUTSIDE};
  for (int i = 0; i < 3; ++i) {
    memset(&type, 9, sizeof type);
    REQUIRE(reflect_signature(none[i], arguments, 6, results, 2, &type) == invalid);
    REQUIRE(type.is_cacheable == 0 && type.arguments == 0 && type.results == 0);
  }
  REQUIRE(call_dynamic(closure, 0, 0, 0, 0, 0) == invalid);
  REQUIRE(closure_free(closure) == 0);
  REQUIRE(reflect_signature((void *)weigh, OUTSIDE, 100, results, 2, &type) == memory_violation);
  REQUIRE(reflect_signature((void *)weigh, arguments, 6, OUTSIDE, 100, &type) == memory_violation);
  REQUIRE(reflect_signature((void *)weigh, arguments, 6, results, 2, (struct closure_signature *)0xfffffffeu) ==
          memory_violation);
}

static void bad_arguments(void) {
  void *closure = 0;
  REQUIRE(closure_allocate((void **)OUTSIDE + 3) == memory_violation);
  REQUIRE(closure_free(0) == 0 && closure_free(OUTSIDE) == 0 && closure_free((void *)nothing) == 0);
  REQUIRE(closure_allocate(&closure) == 0);
  const uint8_t unknown[] = {CLOSURE_V128 + 1};
  REQUIRE(closure_prepare(adds, closure, unknown, 1, one_i32, 1, 0) == invalid);
  REQUIRE(closure_prepare(adds, closure, one_i32, 1, unknown, 1, 0) == invalid);
  REQUIRE(closure_prepare(adds, closure, OUTSIDE, 100, one_i32, 1, 0) == memory_violation);
  REQUIRE(closure_prepare(adds, closure, one_i32, 1, OUTSIDE, 0xffffffff, 0) == memory_violation);
  static const uint8_t many[2000] = {0};
  REQUIRE(closure_prepare(adds, closure, many, 2000, one_i32, 1, 0) == invalid);
  REQUIRE(closure_prepare(adds, closure, one_i32, 1, many, 2000, 0) == invalid);
  REQUIRE(closure_prepare(adds, closure, many, 1000, many, 1000, 0) == 0);
  REQUIRE(closure_prepare(0, closure, one_i32, 1, one_i32, 1, 0) == invalid);
  REQUIRE(closure_prepare((closure_backing *)nothing, closure, one_i32, 1, one_i32, 1, 0) == invalid);
  REQUIRE(closure_prepare((closure_backing *)OUTSIDE, closure, one_i32, 1, one_i32, 1, 0) == invalid);
  REQUIRE(closure_prepare(adds, 0, one_i32, 1, one_i32, 1, 0) == invalid);
  REQUIRE(closure_prepare(adds, (void *)nothing, one_i32, 1, one_i32, 1, 0) == invalid);
  REQUIRE(closure_prepare(adds, OUTSIDE, one_i32, 1, one_i32, 1, 0) == invalid);
  REQUIRE(closure_free(closure) == 0 && closure_free(closure) == 0);
  REQUIRE(closure_prepare(adds, closure, one_i32, 1, one_i32, 1, 0) == invalid);
}

// ---- Many at once, and many after each other ----

static int rounds;

static void *cycles(void *unused) {
  (void)unused;
  for (int i = 0; i < rounds; ++i) {
    unary *closure = make_unary(adds, i);
    REQUIRE(closure(1) == i + 1);
    REQUIRE(closure_free((void *)closure) == 0);
  }
  return 0;
}

static void many(void) {
  static unary *closures[200];
  for (int i = 0; i < 200; ++i) {
    closures[i] = make_unary(i % 2 ? adds : multiplies, i);
  }
  for (int i = 0; i < 200; ++i) {
    REQUIRE(closures[i](3) == (i % 2 ? 3 + i : 3 * i));
    REQUIRE(closure_free((void *)closures[i]) == 0);
  }
}

// The main thread waits, or takes part.
static void in_threads(int count, int takes_part) {
  pthread_t threads[8];
  for (int i = 0; i < count; ++i) {
    threads[i] = start(cycles, 0);
  }
  if (takes_part) {
    cycles(0);
  }
  for (int i = 0; i < count; ++i) {
    pthread_join(threads[i], 0);
  }
}

static void leaves(const uint8_t *arguments, uint8_t *results, void *datum) {
  (void)arguments;
  (void)results;
  exit((int)(intptr_t)datum);
}

static void calls_no_closure(int is_freed) {
  void *closure = 0;
  REQUIRE(closure_allocate(&closure) == 0);
  if (is_freed) {
    REQUIRE(closure_prepare(adds, closure, one_i32, 1, one_i32, 1, 0) == 0 && ((unary *)closure)(1) == 1);
    REQUIRE(closure_free(closure) == 0);
  }
  printf("calls slot %u\n", (unsigned)(uintptr_t)closure);
  fflush(stdout);
  ((unary *)closure)(1);
}

static void *calls_shared(void *unused) {
  (void)unused;
  atomic_load(&shared)(0);
  return 0;
}

static void calls_unprepared_of_type_nothing(void) {
  void *closure = 0;
  REQUIRE(closure_allocate(&closure) == 0);
  ((void (*)(void))closure)();
}

int main(int count, char **arguments) {
  const char *part = count > 1 ? arguments[1] : "all";
  if (strcmp(part, "freed") == 0) {
    calls_no_closure(1);
  } else if (strcmp(part, "unprepared") == 0) {
    calls_no_closure(0);
  } else if (strcmp(part, "unprepared-void") == 0) {
    calls_unprepared_of_type_nothing();
  } else if (strcmp(part, "exits") == 0) {
    atomic_store(&shared, make_unary(leaves, 7));
    pthread_join(start(calls_shared, 0), 0);
  } else if (strcmp(part, "exits-dynamically") == 0) {
    int code = 8;
    call_dynamic((void *)exit, &code, 4, 0, 0, 0);
  } else if (strcmp(part, "cycles") == 0) {
    rounds = atoi(arguments[2]);
    in_threads(atoi(arguments[3]), count > 4);
  } else {
    in_every_thread();
    prepared_anew();
    dynamic_calls();
    reflection();
    bad_arguments();
    many();
    rounds = 300;
    in_threads(4, 1);
  }
  printf("ok closures\n");
  return 0;
}
