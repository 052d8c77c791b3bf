// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Processors and scheduling: how many there are is the host's word; where a thread runs is for the host's system to say.
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

__attribute__((import_module("wasix_32v1"), import_name("thread_parallelism"))) int interlink_parallelism(int *);

int emscripten_num_logical_cores(void) {
  int cores = 1;
  return interlink_parallelism(&cores) == 0 && cores > 0 ? cores : 1;
}

static bool is_this_process(pid_t process) { return process == 0 || process == getpid(); }

static int fill_affinity(size_t size, cpu_set_t *out) {
  int cores = emscripten_num_logical_cores();
  if (size * 8 < (size_t)cores) {
    return EINVAL;
  }
  memset(out, 0, size);
  for (int i = 0; i < cores; ++i) {
    CPU_SET_S((size_t)i, size, out);
  }
  return 0;
}

// All processors may be asked for; fewer cannot be had.
static int check_affinity(size_t size, const cpu_set_t *set) {
  for (int i = 0, cores = emscripten_num_logical_cores(); i < cores; ++i) {
    if ((size_t)i >= size * 8 || !CPU_ISSET_S((size_t)i, size, set)) {
      return EPERM;
    }
  }
  return 0;
}

static int answer(int error) {
  if (error != 0) {
    errno = error;
    return -1;
  }
  return 0;
}

int sched_getaffinity(pid_t process, size_t size, cpu_set_t *out) {
  return answer(is_this_process(process) ? fill_affinity(size, out) : ESRCH);
}
int sched_setaffinity(pid_t process, size_t size, const cpu_set_t *set) {
  return answer(is_this_process(process) ? check_affinity(size, set) : ESRCH);
}
int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *out) {
  (void)thread;
  return fill_affinity(size, out);
}
int pthread_setaffinity_np(pthread_t thread, size_t size, const cpu_set_t *set) {
  (void)thread;
  return check_affinity(size, set);
}

int sched_getscheduler(pid_t process) { return is_this_process(process) ? SCHED_OTHER : answer(ESRCH); }
int sched_getparam(pid_t process, struct sched_param *out) {
  *out = (struct sched_param){.sched_priority = 0};
  return answer(is_this_process(process) ? 0 : ESRCH);
}
int sched_setparam(pid_t process, const struct sched_param *parameters) {
  return answer(!is_this_process(process) ? ESRCH : parameters->sched_priority != 0 ? EINVAL : 0);
}
int sched_setscheduler(pid_t process, int policy, const struct sched_param *parameters) {
  return answer(!is_this_process(process) ? ESRCH
                : policy != SCHED_OTHER   ? EPERM
                : parameters->sched_priority != 0 ? EINVAL
                                                  : 0);
}
int sched_getcpu(void) { return answer(ENOSYS); }

int sched_get_priority_max(int policy) { return policy == SCHED_FIFO || policy == SCHED_RR ? 99 : 0; }
int sched_get_priority_min(int policy) { return policy == SCHED_FIFO || policy == SCHED_RR ? 1 : 0; }
