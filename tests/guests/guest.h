// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the test programs share. A program exercises one behaviour: it prints a line that begins with "ok" and ends with 0,
// or prints what failed and ends with 1.
#pragma once

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REQUIRE(condition)                                                   \
  do {                                                                       \
    if (!(condition)) {                                                      \
      printf("failed: %s, at %s:%d\n", #condition, __FILE_NAME__, __LINE__); \
      exit(1);                                                               \
    }                                                                        \
  } while (0)

static inline void *open_now(const char *path) {
  void *library = dlopen(path, RTLD_NOW);
  if (library == 0) {
    printf("failed: dlopen %s: %s\n", path, dlerror());
    exit(1);
  }
  return library;
}

static inline void *find(void *library, const char *name) {
  void *address = dlsym(library, name);
  if (address == 0) {
    printf("failed: dlsym %s: %s\n", name, dlerror());
    exit(1);
  }
  return address;
}

typedef int nullary(void);
typedef int unary(int);
typedef int binary(int, int);

static inline pthread_t start(void *(*routine)(void *), void *argument) {
  pthread_t thread = 0;
  REQUIRE(pthread_create(&thread, 0, routine, argument) == 0);
  return thread;
}

static inline void wait_for(atomic_int *flag) {
  while (atomic_load(flag) == 0) {
    usleep(200);
  }
}
