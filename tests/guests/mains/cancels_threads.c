// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// pthread_cancel ends each kind of wait: the thread's clean-up handlers run, and its result is PTHREAD_CANCELED.
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static pthread_t sleeper;
static int pipe_ends[2], sockets[2], listener, epoll;
static atomic_int cleaned, begun;

static void on_condition(void) {
  pthread_mutex_lock(&mutex);
  pthread_cond_wait(&condition, &mutex);
}

static void on_timed_condition(void) {
  const struct timespec late = {.tv_sec = 2000000000};
  pthread_mutex_lock(&mutex);
  pthread_cond_timedwait(&condition, &mutex, &late);
}

static void on_semaphore(void) { sem_wait(&semaphore); }
static void on_sleep(void) { sleep(3600); }
static void on_pause(void) { pause(); }
static void on_join(void) { pthread_join(sleeper, 0); }
static void on_read(void) { read(pipe_ends[0], &(char){0}, 1); }
static void on_poll(void) { poll(&(struct pollfd){.fd = pipe_ends[0], .events = POLLIN}, 1, -1); }
static void on_receive(void) { recv(sockets[0], &(char){0}, 1, 0); }
static void on_accept(void) { accept(listener, 0, 0); }
static void on_epoll(void) { epoll_wait(epoll, &(struct epoll_event){0}, 1, -1); }

static void on_select(void) {
  fd_set set;
  FD_ZERO(&set);
  FD_SET(pipe_ends[0], &set);
  select(pipe_ends[0] + 1, &set, 0, 0, 0);
}

static void on_write(void) {
  static char bytes[1 << 16];
  while (write(sockets[1], bytes, sizeof bytes) > 0) {
  }
}

static void on_test(void) {
  for (;;) {
    pthread_testcancel();
  }
}

static const struct {
  const char *name;
  void (*wait)(void);
} waits[] = {
    {"pthread_cond_wait", on_condition}, {"pthread_cond_timedwait", on_timed_condition}, {"sem_wait", on_semaphore},
    {"sleep", on_sleep},   {"pause", on_pause},   {"pthread_join", on_join}, {"read", on_read},
    {"poll", on_poll},     {"select", on_select}, {"recv", on_receive},      {"accept", on_accept},
    {"epoll_wait", on_epoll}, {"write", on_write}, {"pthread_testcancel", on_test},
};

static void clean_up(void *holds_mutex) {
  atomic_fetch_add(&cleaned, 1);
  if (holds_mutex != 0) {
    pthread_mutex_unlock(&mutex);
  }
}

static void *run(void *index) {
  void (*wait)(void) = waits[(size_t)index].wait;
  pthread_cleanup_push(clean_up, wait == on_condition || wait == on_timed_condition ? &mutex : 0);
  atomic_store(&begun, 1);
  wait();
  pthread_cleanup_pop(0);
  return 0;
}

static void *sleep_for_ever(void *unused) {
  for (;;) {
    sleep(3600);
  }
  return unused;
}

static void *keep_off(void *unused) {
  int before = 0;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
  atomic_store(&begun, 1);
  usleep(50000);
  return (void *)7;
}

int main(void) {
  const struct sockaddr_un place = {.sun_family = AF_UNIX, .sun_path = "/listener"};
  REQUIRE(pipe(pipe_ends) == 0 && socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) == 0 && sem_init(&semaphore, 0, 0) == 0);
  listener = socket(AF_UNIX, SOCK_STREAM, 0);
  REQUIRE(bind(listener, (const struct sockaddr *)&place, sizeof place) == 0 && listen(listener, 1) == 0);
  epoll = epoll_create1(0);
  sleeper = start(sleep_for_ever, 0);
  for (size_t i = 0; i < sizeof waits / sizeof *waits; ++i) {
    void *result = 0;
    atomic_store(&begun, 0);
    atomic_store(&cleaned, 0);
    const pthread_t thread = start(run, (void *)i);
    wait_for(&begun);
    usleep(2000);
    REQUIRE(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0);
    if (result != PTHREAD_CANCELED || atomic_load(&cleaned) != 1) {
      printf("failed: %s\n", waits[i].name);
      return 1;
    }
  }
  void *result = 0;
  atomic_store(&begun, 0);
  const pthread_t kept = start(keep_off, 0);
  wait_for(&begun);
  REQUIRE(pthread_cancel(kept) == 0 && pthread_join(kept, &result) == 0 && result == (void *)7);
  printf("ok cancelled\n");
  exit(0);
}
