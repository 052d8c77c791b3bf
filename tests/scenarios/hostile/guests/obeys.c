// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Does what standard input says, a line at a time, and prints one line for each:
//   open NAME           opens a library in the main thread
//   thread open NAME    the same in a thread of its own
//   call SYMBOL         calls int SYMBOL(void) of the library opened last
//   many COUNT DIR NAME opens DIR/./.../NAME so often, each time under another spelling, and calls `which` of what it got
//   end
#include "guest.h"

static void *last;
static char argument[300];

static const char *try_to_open(const char *name) {
  void *opened = dlopen(name, RTLD_NOW);
  if (opened == 0) {
    return dlerror();
  }
  last = opened;
  return 0;
}

static void *open_in_thread(void *result) {
  *(const char **)result = 0;
  const char *refusal = try_to_open(argument);
  // The text lies in the thread's own storage.
  *(const char **)result = refusal == 0 ? 0 : strdup(refusal);
  return 0;
}

static void report(int line, const char *refusal) {
  printf("%d: %s%s\n", line, refusal == 0 ? "opened" : "refused ", refusal == 0 ? "" : refusal);
}

static void open_many(int line) {
  char directory[100], file[100], name[600];
  int count = 0, opened = 0, refused = 0, others = 0;
  REQUIRE(sscanf(argument, "%d %99s %99s", &count, directory, file) == 3);
  for (int i = 0; i < count; ++i) {
    int at = snprintf(name, sizeof name, "%s/", directory);
    for (int bit = 0; bit < 16; ++bit) {
      at += snprintf(name + at, sizeof name - (size_t)at, (i >> bit & 1) != 0 ? "./" : "/");
    }
    snprintf(name + at, sizeof name - (size_t)at, "%s", file);
    if (try_to_open(name) != 0) {
      ++refused;
    } else {
      ++opened;
      others += ((nullary *)find(last, "which"))() != 1;
    }
  }
  printf("%d: opened %d refused %d others %d\n", line, opened, refused, others);
}

int main(void) {
  char text[400];
  setvbuf(stdout, 0, _IOLBF, 0);
  for (int line = 1; fgets(text, sizeof text, stdin) != 0; ++line) {
    text[strcspn(text, "\n")] = 0;
    if (sscanf(text, "open %299s", argument) == 1) {
      report(line, try_to_open(argument));
    } else if (sscanf(text, "thread open %299s", argument) == 1) {
      const char *refusal = 0;
      pthread_join(start(open_in_thread, &refusal), 0);
      report(line, refusal);
    } else if (sscanf(text, "call %299s", argument) == 1) {
      printf("%d: result %d\n", line, ((nullary *)find(last, argument))());
    } else if (sscanf(text, "many %299[^\n]", argument) == 1) {
      open_many(line);
    } else {
      REQUIRE(strcmp(text, "end") == 0);
      printf("ok the end\n");
      return 0;
    }
  }
  return 1;
}
