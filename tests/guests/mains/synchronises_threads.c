// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Mutexes of each kind, read-write locks, conditions and semaphores with time limits, barriers and joins.
#define _GNU_SOURCE
#include "guest.h"

#include <errno.h>
#include <semaphore.h>

static struct timespec soon(void) {
  struct timespec time;
  clock_gettime(CLOCK_REALTIME, &time);
  time.tv_nsec += 20000000;
  if (time.tv_nsec >= 1000000000) {
    time.tv_sec += 1;
    time.tv_nsec -= 1000000000;
  }
  return time;
}

static pthread_mutex_t mutex_of(int type, int robustness) {
  pthread_mutexattr_t attributes;
  pthread_mutex_t mutex;
  REQUIRE(pthread_mutexattr_init(&attributes) == 0 && pthread_mutexattr_settype(&attributes, type) == 0);
  REQUIRE(pthread_mutexattr_setrobust(&attributes, robustness) == 0 && pthread_mutex_init(&mutex, &attributes) == 0);
  return mutex;
}

static void *in_thread(void *(*routine)(void *), void *argument) {
  void *result = 0;
  REQUIRE(pthread_join(start(routine, argument), &result) == 0);
  return result;
}

static void *lock_and_leave(void *mutex) { return (void *)(intptr_t)pthread_mutex_lock(mutex); }
static void *try_lock(void *mutex) { return (void *)(intptr_t)pthread_mutex_trylock(mutex); }

static void *lock_in_time(void *mutex) {
  const struct timespec until = soon();
  return (void *)(intptr_t)pthread_mutex_timedlock(mutex, &until);
}

static void mutexes(void) {
  static pthread_mutex_t recursive, checked, robust;
  recursive = mutex_of(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
  checked = mutex_of(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
  robust = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
  REQUIRE(pthread_mutex_lock(&recursive) == 0 && pthread_mutex_lock(&recursive) == 0);
  REQUIRE(pthread_mutex_unlock(&recursive) == 0 && (intptr_t)in_thread(try_lock, &recursive) == EBUSY);
  REQUIRE((intptr_t)in_thread(lock_in_time, &recursive) == ETIMEDOUT && pthread_mutex_unlock(&recursive) == 0);
  REQUIRE(pthread_mutex_unlock(&checked) == EPERM && pthread_mutex_lock(&checked) == 0);
  REQUIRE(pthread_mutex_lock(&checked) == EDEADLK && pthread_mutex_unlock(&checked) == 0);
  REQUIRE(in_thread(lock_and_leave, &robust) == 0 && pthread_mutex_lock(&robust) == EOWNERDEAD);
  REQUIRE(pthread_mutex_consistent(&robust) == 0 && pthread_mutex_unlock(&robust) == 0);
  REQUIRE(in_thread(lock_and_leave, &robust) == 0 && pthread_mutex_trylock(&robust) == EOWNERDEAD);
  REQUIRE(pthread_mutex_unlock(&robust) == 0 && pthread_mutex_lock(&robust) == ENOTRECOVERABLE);
  // A priority that is inherited needs priorities.
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  REQUIRE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_NONE) == 0);
  REQUIRE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == ENOTSUP);
}

static void time_limits(void) {
  static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
  static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
  static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
  static sem_t semaphore;
  struct timespec until = soon();
  const struct timespec bad = {.tv_nsec = 1000000000};
  REQUIRE(sem_init(&semaphore, 0, 0) == 0 && sem_timedwait(&semaphore, &until) == -1 && errno == ETIMEDOUT);
  REQUIRE(sem_trywait(&semaphore) == -1 && errno == EAGAIN && sem_post(&semaphore) == 0 && sem_wait(&semaphore) == 0);
  REQUIRE(pthread_mutex_lock(&mutex) == 0);
  until = soon();
  REQUIRE(pthread_cond_timedwait(&condition, &mutex, &until) == ETIMEDOUT);
  REQUIRE(pthread_cond_timedwait(&condition, &mutex, &bad) == EINVAL && pthread_mutex_unlock(&mutex) == 0);
  REQUIRE(pthread_rwlock_rdlock(&lock) == 0 && pthread_rwlock_trywrlock(&lock) == EBUSY);
  until = soon();
  REQUIRE(pthread_rwlock_timedwrlock(&lock, &until) == ETIMEDOUT && pthread_rwlock_unlock(&lock) == 0);
}

static pthread_barrier_t barrier;
static atomic_int serial, released;

static void *meet(void *unused) {
  atomic_fetch_add(&serial, pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
  return unused;
}

static void *leave_later(void *unused) {
  wait_for(&released);
  return unused;
}

static void joins(void) {
  pthread_t threads[3];
  REQUIRE(pthread_barrier_init(&barrier, 0, 3) == 0);
  for (int i = 0; i < 3; ++i) {
    threads[i] = start(meet, 0);
  }
  for (int i = 0; i < 3; ++i) {
    REQUIRE(pthread_join(threads[i], 0) == 0);
  }
  REQUIRE(atomic_load(&serial) == 1 && pthread_join(pthread_self(), 0) == EDEADLK);
  const pthread_t late = start(leave_later, &barrier);
  const struct timespec until = soon();
  void *result = 0;
  REQUIRE(pthread_tryjoin_np(late, &result) == EBUSY && pthread_timedjoin_np(late, &result, &until) == ETIMEDOUT);
  atomic_store(&released, 1);
  REQUIRE(pthread_join(late, &result) == 0 && result == &barrier);
}

// The engine must not take the second read for the first.
static volatile int flag;

static void *raise_flag(void *unused) {
  usleep(2000);
  flag = 1;
  return unused;
}

static void volatile_flags(void) {
  const pthread_t thread = start(raise_flag, 0);
  const int before = flag;
  while (flag == before) {
  }
  REQUIRE(pthread_join(thread, 0) == 0);
}

int main(void) {
  volatile_flags();
  mutexes();
  time_limits();
  joins();
  printf("ok synchronised\n");
  return 0;
}
