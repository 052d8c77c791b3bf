// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Process, signal and terminal calls of WASIX, and their layouts.
#pragma once

#include <string.h>

#include "wasix.h"

struct optional_pid {
  uint8_t is_some;
  uint32_t pid;
};

struct join_status {
  uint8_t kind;
  uint8_t padding;
  uint16_t exit_code;
  uint8_t signal;
  uint8_t end;
};
_Static_assert(sizeof(struct join_status) == 6, "join_status");

struct operation {
  uint8_t kind;
  int fd;
  int source;
  const char *path;
  uint32_t path_size;
  uint32_t lookup;
  uint16_t open_flags;
  uint64_t rights;
  uint64_t inheriting;
  uint16_t flags;
  uint16_t extended_flags;
};
_Static_assert(sizeof(struct operation) == 56, "proc_spawn_fd_op");

struct disposition {
  uint8_t signal;
  uint8_t is_ignored;
};

struct terminal {
  uint32_t columns, rows, width, height;
  uint8_t input, output, error, echo, lines, feeds;
};
_Static_assert(sizeof(struct terminal) == 24, "tty");

enum { op_close = 0, op_dup2 = 1, op_open = 2, op_chdir = 3, op_fchdir = 4 };
enum { joined_nothing = 0, joined_exited = 1, joined_signalled = 2 };
enum { sig_kill = 9, sig_usr1 = 10, sig_usr2 = 12, sig_alrm = 14, sig_term = 15, sig_chld = 17 };

WASIX(proc_id)(uint32_t *pid);
WASIX(proc_parent)(uint32_t pid, uint32_t *parent);
WASIX(proc_join)(struct optional_pid *pid, int flags, struct join_status *status);
WASIX(proc_signal)(uint32_t pid, int signal);
WASIX(proc_raise_interval)(int signal, uint64_t interval, int repeats);
WASIX(proc_spawn2)(const char *name, uint32_t name_size, const char *arguments, uint32_t arguments_size,
                   const char *environment, uint32_t environment_size, const struct operation *operations,
                   uint32_t operation_count, const struct disposition *dispositions, uint32_t disposition_count,
                   int searches, const char *path, uint32_t path_size, uint32_t *pid);
WASIX(proc_exec3)(const char *name, uint32_t name_size, const char *arguments, uint32_t arguments_size,
                  const char *environment, uint32_t environment_size, int searches, const char *path,
                  uint32_t path_size);
__attribute__((import_module("wasix_32v1"), import_name("proc_exec"))) void
wasix_proc_exec(const char *name, uint32_t name_size, const char *arguments, uint32_t arguments_size);
__attribute__((import_module("wasix_32v1"), import_name("proc_exec2"))) void
wasix_proc_exec2(const char *name, uint32_t name_size, const char *arguments, uint32_t arguments_size,
                 const char *environment, uint32_t environment_size);
WASIX(proc_signals_sizes_get)(uint32_t *count);
WASIX(proc_signals_get)(struct disposition *dispositions);
WASIX(thread_signal)(uint32_t thread, int signal);
WASIX(thread_id)(uint32_t *id);
WASIX(thread_sleep)(uint64_t nanoseconds);
WASIX(futex_wait)(uint32_t *word, uint32_t expected, const void *timeout, uint8_t *woken);
WASIX(tty_get)(struct terminal *state);
WASIX(tty_set)(const struct terminal *state);

// `arguments` has a line for each, the name first.
static inline int spawn(const char *name, const char *arguments, const struct operation *operations, uint32_t count,
                        uint32_t *pid) {
  return wasix_proc_spawn2(name, (uint32_t)strlen(name), arguments, (uint32_t)strlen(arguments), 0, 0, operations,
                           count, 0, 0, 0, 0, 0, pid);
}

static inline struct join_status join(uint32_t pid) {
  struct optional_pid wanted = {1, pid};
  struct join_status status = {9};
  const int code = wasix_proc_join(&wanted, 0, &status);
  status.padding = (uint8_t)code;
  return status;
}
