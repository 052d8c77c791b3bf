// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Preloaded into the command: a host that lets a process have INTERLINK_TEST_THREADS threads besides its first, as
// `ulimit -u` does for a user, or a cgroup. The limit is of the threads that are alive.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

struct body {
  void *(*run)(void *);
  void *argument;
};

static atomic_int alive;

static void thread_ends(void *body) {
  free(body);
  atomic_fetch_sub(&alive, 1);
}

static void *run_counted(void *given) {
  struct body *body = given;
  void *result;
  pthread_cleanup_push(thread_ends, body);
  result = body->run(body->argument);
  pthread_cleanup_pop(1);
  return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
  create_function *create = (create_function *)dlsym(RTLD_NEXT, "pthread_create");
  const char *most = getenv("INTERLINK_TEST_THREADS");
  if (atomic_fetch_add(&alive, 1) >= (most == NULL ? 0 : atoi(most))) {
    atomic_fetch_sub(&alive, 1);
    return EAGAIN;
  }
  struct body *body = malloc(sizeof *body);
  if (body == NULL) {
    atomic_fetch_sub(&alive, 1);
    return EAGAIN;
  }
  body->run = run;
  body->argument = argument;
  const int failure = create(thread, attributes, run_counted, body);
  if (failure != 0) {
    atomic_fetch_sub(&alive, 1);
    free(body);
  }
  return failure;
}
