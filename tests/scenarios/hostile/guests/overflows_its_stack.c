// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Recurses until the host ends it. The first argument says where and with what:
//   main, thread          nothing but calls
//   constructor           a constructor recurses
//   linear                large frames in a thread: its stack in linear memory is left
//   linear-main           the same in main
//   linear-library        the same in a function of a library
//   array                 an array of a size that the program computes, larger than any stack and than all below it
//   WHAT DEPTH            goes so deep and acts there: opens a library, fails to, starts a thread, catches up with what
//                         another thread has opened
#include "guest.h"

static atomic_int depth, sink;
static volatile int most = 0x7fffffff; // compilers refuse what is endless on the face of it

__attribute__((noinline)) static int recurse(int level) {
  atomic_store(&depth, level);
  int below = level < most ? recurse(level + 1) : 0;
  atomic_fetch_add(&sink, below); // not the last act: no loop can be made of it
  return below + level;
}

static int leaf(void) { return 1; }
static nullary *volatile pointer = leaf;

static void *opens(void *done) {
  for (int number = 1; number <= 6; ++number) {
    char name[32];
    snprintf(name, sizeof name, "./libstart_calls_%d.so", number);
    open_now(name);
  }
  atomic_store((atomic_int *)done, 1);
  return 0;
}

static void *nothing(void *unused) { return unused; }

static const char *what;

static int act(void) {
  if (strcmp(what, "open") == 0) {
    return ((nullary *)find(open_now("./libstart_calls_1.so"), "start_calls_here"))();
  }
  if (strcmp(what, "refuse") == 0) {
    REQUIRE(dlopen("./libnowhere.so", RTLD_NOW) == 0);
  } else if (strcmp(what, "spawn") == 0) {
    pthread_join(start(nothing, 0), 0);
  } else if (strcmp(what, "catch-up") == 0) {
    // Not a call of the host: what the thread does next is a call through a pointer.
    static atomic_int done;
    start(opens, &done);
    while (atomic_load(&done) == 0) {
    }
  }
  return pointer();
}

__attribute__((noinline)) static int act_at(int level) {
  if (level == 0) {
    return act();
  }
  int below = act_at(level - 1);
  atomic_fetch_add(&sink, below);
  return below;
}

// No call of the host in it: nothing but the compiled code itself can notice.
__attribute__((noinline)) static int recurse_with_frames(int level, char *above) {
  char frame[10000];
  memset(frame, level, sizeof frame);
  frame[level % 10000] = *above;
  int below = level < 100000 ? recurse_with_frames(level + 1, frame) : 0;
  atomic_fetch_add(&sink, frame[(level * 7) % 10000] + below);
  return below;
}

__attribute__((noinline)) static int fill(char *array, int bytes) {
  memset(array, bytes, bytes);
  return array[bytes / 2];
}

__attribute__((noinline)) static int fill_array(int bytes) {
  char array[bytes];
  return fill(array, bytes) + array[0];
}

static void *in_thread(void *how) {
  char first = 0;
  if (strcmp(how, "linear") == 0) {
    recurse_with_frames(0, &first);
  }
  if (strcmp(how, "linear-library") == 0) {
    ((int (*)(int))find(open_now("./libdeep_frames.so"), "recurse_with_frames_in_library"))(0);
  }
  if (strcmp(how, "array") == 0) {
    atomic_fetch_add(&sink, fill_array(most / 2));
  }
  recurse(0);
  return 0;
}

int main(int argc, char **argv) {
  const char *how = argc > 1 ? argv[1] : "main";
  if (strcmp(how, "linear-main") == 0) {
    in_thread("linear");
  } else if (strcmp(how, "thread") == 0 || strcmp(how, "array") == 0 || strncmp(how, "linear", 6) == 0) {
    pthread_join(start(in_thread, (void *)how), 0);
  } else if (argc > 2) {
    what = how;
    act_at(atoi(argv[2]));
    printf("ok at depth %s\n", argv[2]);
    return 0;
  } else if (strcmp(how, "constructor") == 0) {
    open_now("./libdeep_constructor.so");
  } else {
    recurse(0);
  }
  return 0;
}
