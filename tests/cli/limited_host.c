// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Preloaded into the command: a host with limits. INTERLINK_TEST_THREADS is how many threads may be alive besides the
// first, as `ulimit -u` and a cgroup have it; INTERLINK_TEST_REFUSED_THREAD is the one that is refused, counted from 1,
// as when another program has taken the room for a moment; INTERLINK_TEST_FILES, _FILE_BYTES and _ADDRESSES are
// `ulimit -n`, `-f` and `-v`, in pieces and bytes. With INTERLINK_TEST_SILENT_RESOLVER no name is ever found.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

typedef int resolve_function(const char *, const char *, const struct addrinfo *, struct addrinfo **);
typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

struct body {
  void *(*run)(void *);
  void *argument;
};

static atomic_int alive;
static atomic_int asked;

static void limit(int what, const char *variable) {
  const char *most = getenv(variable);
  if (most != NULL) {
    struct rlimit limits;
    getrlimit(what, &limits);
    limits.rlim_cur = strtoull(most, NULL, 10);
    setrlimit(what, &limits);
  }
}

__attribute__((constructor)) static void limit_all(void) {
  limit(RLIMIT_NOFILE, "INTERLINK_TEST_FILES");
  limit(RLIMIT_FSIZE, "INTERLINK_TEST_FILE_BYTES");
  limit(RLIMIT_AS, "INTERLINK_TEST_ADDRESSES");
}

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
  const char *refused = getenv("INTERLINK_TEST_REFUSED_THREAD");
  const int number = atomic_fetch_add(&asked, 1) + 1;
  if (atomic_fetch_add(&alive, 1) >= (most == NULL ? INT_MAX : atoi(most)) ||
      (refused != NULL && number == atoi(refused))) {
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

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
  resolve_function *resolve = (resolve_function *)dlsym(RTLD_NEXT, "getaddrinfo");
  while (getenv("INTERLINK_TEST_SILENT_RESOLVER") != NULL) {
    pause();
  }
  return resolve(name, service, hints, found);
}
