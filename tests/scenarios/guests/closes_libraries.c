// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What dlclose does, one part for each behaviour: argv[1] says which. Threads compute meanwhile, without a call.
#include "parts.h"

#include <sys/stat.h>

static int notes[4096];
static atomic_int note_count;
static void *to_close;  // When 9 comes or goes.

void note(int number) {
  int place = atomic_fetch_add(&note_count, 1);
  REQUIRE(place < 4096);
  notes[place] = number;
  if ((number == 9 || number == -9) && to_close != 0) {
    void *library = to_close;
    to_close = 0;
    REQUIRE(dlclose(library) == 0);
  }
}

static int noted(const int *expected, int count) {
  int same = atomic_load(&note_count) == count;
  for (int i = 0; same && i < count; ++i) {
    same = notes[i] == expected[i];
  }
  if (!same) {
    for (int i = 0; i < atomic_load(&note_count); ++i) {
      printf(" %d", notes[i]);
    }
    printf("\n");
  }
  return same;
}

#define NOTED(...) \
  REQUIRE(noted((const int[]){__VA_ARGS__}, (int)(sizeof((const int[]){__VA_ARGS__}) / sizeof(int))))

static int is_open(const char *path) {
  void *library = dlopen(path, RTLD_NOW | RTLD_NOLOAD);
  return library != 0 && dlclose(library) == 0;
}

static int call(void *library, const char *name) { return ((nullary *)find(library, name))(); }

static void gone(const char *path) {
  REQUIRE(!is_open(path));
  REQUIRE(dlerror() != 0);
}

static void fresh(void) {
  for (int round = 0; round < 3; ++round) {
    void *library = open_now("./libclosed_1.so");
    REQUIRE(call(library, "closed_count") == 1 && call(library, "closed_count") == 2);
    REQUIRE(call(library, "closed_own") == 8 && call(library, "closed_own") == 9);
    REQUIRE(dlclose(library) == 0);
    gone("./libclosed_1.so");
  }
  NOTED(1, -1, 1, -1, 1, -1);
}

static void counted(void) {
  void *library = open_now("./libclosed_1.so");
  REQUIRE(open_now("./libclosed_1.so") == library);
  REQUIRE(dlopen("./libclosed_1.so", RTLD_NOW | RTLD_NOLOAD) == library);
  REQUIRE(dlclose(library) == 0 && dlclose(library) == 0);
  REQUIRE(call(library, "closed_count") == 1);
  NOTED(1);
  REQUIRE(dlclose(library) == 0);
  NOTED(1, -1);
  REQUIRE(dlclose(library) != 0 && dlerror() != 0 && dlerror() == 0);
  REQUIRE(dlsym(library, "closed_count") == 0 && dlerror() != 0);
  REQUIRE(dlclose((void *)12345) != 0 && dlclose(0) != 0);
  void *self = dlopen(0, RTLD_NOW);
  REQUIRE(dlclose(self) == 0 && dlclose(self) == 0 && dlclose(self) == 0);
  REQUIRE(dlsym(self, "note") != 0);
}

// Users go before what they need, and what another still needs stays.
static void needed(void) {
  void *user = open_now("./libclosed_2.so");  // Needs 1.
  void *other = open_now("./libclosed_3.so");  // Needs 1.
  NOTED(1, 2, 3);
  REQUIRE(dlclose(user) == 0);
  NOTED(1, 2, 3, 1000, -2);
  REQUIRE(call(other, "closed_of_3") == 3 && call(other, "closed_of_1") == 1);
  void *base = open_now("./libclosed_1.so");
  REQUIRE(dlclose(other) == 0);
  NOTED(1, 2, 3, 1000, -2, 1000, -3);
  REQUIRE(call(base, "closed_count") == 1);
  REQUIRE(dlclose(base) == 0);
  NOTED(1, 2, 3, 1000, -2, 1000, -3, -1);
}

static void diamond(void) {
  void *top = open_now("./libclosed_4.so");  // Needs 2 and 3, which need 1.
  NOTED(1, 2, 3, 4);
  REQUIRE(dlclose(top) == 0);
  REQUIRE(atomic_load(&note_count) == 11 && notes[10] == -1 && notes[5] == -4);
}

static void cycle(void) {
  void *one = open_now("./libclosed_5.so");  // Needs 6, which needs 5.
  void *other = open_now("./libclosed_6.so");
  REQUIRE(dlclose(one) == 0);
  REQUIRE(atomic_load(&note_count) == 2 && is_open("./libclosed_5.so"));
  REQUIRE(call(other, "closed_of_5") == 5);
  REQUIRE(dlclose(other) == 0);
  gone("./libclosed_5.so");
  gone("./libclosed_6.so");
}

static void kept(void) {
  void *library = dlopen("./libclosed_1.so", RTLD_NOW | RTLD_NODELETE);
  REQUIRE(library != 0 && dlclose(library) == 0);
  REQUIRE(is_open("./libclosed_1.so") && call(library, "closed_count") == 1);
  NOTED(1);
  // It goes with the process: at exit the destructor runs.
}

// Another file under the name, once the first is closed, is another library.
static void replaced(void) {
  void *library = open_now("./liba.so");
  REQUIRE(call(library, "closed_number") == 1);
  REQUIRE(rename("./libb.so", "./liba.so") == 0);
  void *again = open_now("./liba.so");
  REQUIRE(again == library && call(again, "closed_number") == 1);
  REQUIRE(dlclose(again) == 0 && dlclose(library) == 0);
  library = open_now("./liba.so");
  REQUIRE(call(library, "closed_number") == 9 && call(library, "closed_count") == 1);
  REQUIRE(dlclose(library) == 0);
  NOTED(1, -1, 9, -9);
}

static atomic_int stopping;

// Computes without a call until it is told to end: it applies no operation meanwhile.
static void *compute(void *argument) {
  unsigned *result = argument;
  while (!atomic_load_explicit(&stopping, memory_order_relaxed)) {
    *result = *result * 1664525 + 1013904223;
  }
  return 0;
}

static unsigned sums[4];
static pthread_t computing[4];

static void begin_computing(int count) {
  for (int i = 0; i < count; ++i) {
    computing[i] = start(compute, &sums[i]);
  }
}

static void end_computing(int count) {
  atomic_store(&stopping, 1);
  for (int i = 0; i < count; ++i) {
    pthread_join(computing[i], 0);
  }
}

enum { cycles = 300 };

// Memory and table do not grow with the number of closes, once a laggard has gone by.
static void gives_back(void) {
  size_t pages = 0;
  void *first = 0;
  for (int round = 0; round < cycles; ++round) {
    void *library = open_now("./libclosed_2.so");
    REQUIRE(call(library, "closed_count") == 1 && call(library, "closed_own") == 8);
    void *function = find(library, "closed_number");
    REQUIRE(dlclose(library) == 0);
    if (round == 10) {
      pages = __builtin_wasm_memory_size(0);
      first = function;
    }
    REQUIRE(round < 10 || (__builtin_wasm_memory_size(0) == pages && (uintptr_t)function < (uintptr_t)first + 2048));
  }
}

static void beside_laggards(void) {
  begin_computing(2);
  for (int round = 0; round < 50; ++round) {
    void *library = open_now("./libclosed_2.so");
    REQUIRE(call(library, "closed_count") == 1 && call(library, "closed_own") == 8);
    REQUIRE(dlclose(library) == 0);
  }
  gives_back();
  end_computing(2);
}

static void *opens_and_closes(void *unused) {
  (void)unused;
  for (int round = 0; round < 40; ++round) {
    void *library = open_now("./libclosed_2.so");
    REQUIRE(call(library, "closed_number") == 2 && call(library, "closed_own") >= 8);
    REQUIRE(dlclose(library) == 0);
  }
  return 0;
}

static void eight_threads(void) {
  begin_computing(1);
  pthread_t threads[8];
  for (int i = 0; i < 8; ++i) {
    threads[i] = start(opens_and_closes, 0);
  }
  for (int i = 0; i < 8; ++i) {
    pthread_join(threads[i], 0);
  }
  end_computing(1);
  gone("./libclosed_2.so");
  int open = 0;
  for (int i = 0; i < atomic_load(&note_count); ++i) {
    open += notes[i] == 2 ? 1 : notes[i] == -2 ? -1 : 0;
    REQUIRE(open == 0 || open == 1);
    REQUIRE(notes[i] != -1000);
  }
  REQUIRE(open == 0);
}

// A laggard that has not seen the close calls what the slot holds by now.
static _Atomic(nullary *) handed;
static atomic_int answer;

static void *computes_then_calls(void *unused) {
  (void)unused;
  nullary *function = 0;
  unsigned sum = 0;
  while ((function = atomic_load_explicit(&handed, memory_order_acquire)) == 0) {
    sum += 3;
  }
  sums[0] = sum;
  atomic_store(&answer, function());
  return 0;
}

static void slot_again(void) {
  pthread_t laggard = start(computes_then_calls, 0);
  void *one = open_now("./libclosed_1.so");
  void *old = find(one, "closed_number");
  REQUIRE(dlclose(one) == 0);
  void *now = 0;
  for (int round = 0; round < 1000 && now != old; ++round) {  // Until the slot has gone round.
    void *other = open_now(round % 2 == 0 ? "./libclosed_9.so" : "./libclosed_2.so");
    now = find(other, "closed_number");
    if (now == old) {
      atomic_store_explicit(&handed, (nullary *)now, memory_order_release);
      pthread_join(laggard, 0);
      REQUIRE(atomic_load(&answer) == (round % 2 == 0 ? 9 : 2));
      return;
    }
    REQUIRE(dlclose(other) == 0);
  }
  void *other = open_now("./libclosed_9.so");
  atomic_store_explicit(&handed, (nullary *)find(other, "closed_number"), memory_order_release);
  pthread_join(laggard, 0);
  REQUIRE(atomic_load(&answer) == 9);
}

static void in_constructor(void) {
  begin_computing(1);
  to_close = open_now("./libclosed_2.so");
  void *library = open_now("./libclosed_9.so");
  gone("./libclosed_2.so");
  NOTED(1, 2, 9, 1000, -2, -1);
  REQUIRE(dlclose(library) == 0);
  end_computing(1);
}

static void in_destructor(void) {
  begin_computing(1);
  to_close = 0;
  void *library = open_now("./libclosed_9.so");
  to_close = open_now("./libclosed_2.so");
  REQUIRE(dlclose(library) == 0);
  NOTED(9, 1, 2, -9, 1000, -2, -1);
  gone("./libclosed_2.so");
  end_computing(1);
}

static void stale(void) {
  void *one = open_now("./libclosed_1.so");
  nullary *function = (nullary *)find(one, "closed_number");
  REQUIRE(dlclose(one) == 0);
  printf("calls a stale pointer\n");
  fflush(stdout);
  function();
}

int main(int argc, char **argv) {
  static const struct part parts[] = {{"fresh", fresh},
                                      {"counted", counted},
                                      {"needed", needed},
                                      {"diamond", diamond},
                                      {"cycle", cycle},
                                      {"kept", kept},
                                      {"replaced", replaced},
                                      {"gives_back", gives_back},
                                      {"beside_laggards", beside_laggards},
                                      {"eight_threads", eight_threads},
                                      {"slot_again", slot_again},
                                      {"in_constructor", in_constructor},
                                      {"in_destructor", in_destructor},
                                      {"stale", stale}};
  return RUN_PART(parts);
}
