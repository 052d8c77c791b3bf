// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Other programs: started from the guest's files, awaited, signalled. There is no fork; a program is started by
// posix_spawn, or takes this one's place by exec.
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <wasi/api.h>

#include "files.h"
#include "paths.h"
#include "streams.h"
#include "threads.h"
#include "wasix.h"

struct optional_pid {
  uint8_t is_some;
  uint32_t pid;
};

struct join_status {
  uint8_t kind;
  uint8_t unused;
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

enum { host_close = 0, host_dup2 = 1, host_open = 2, host_chdir = 3, host_fchdir = 4 };
enum { joined_nothing = 0, joined_exited = 1, joined_signalled = 2 };
enum { without_waiting = 1 };
enum { host_signal_max = 31 };

// An action of posix_spawn_file_actions_*, the last one first: the packaged library's, fixed with the package.
struct file_action {
  struct file_action *next, *previous;
  int kind, fd, source, open_flags;
  mode_t mode;
  char path[];
};
enum { action_close = 1, action_dup2 = 2, action_open = 3, action_chdir = 4, action_fchdir = 5 };

WASIX(proc_id)(uint32_t *pid);
WASIX(proc_parent)(uint32_t pid, uint32_t *parent);
WASIX(proc_join)(struct optional_pid *pid, int flags, struct join_status *status);
WASIX(proc_signal)(uint32_t pid, int signal);
WASIX(proc_spawn2)(const char *name, uint32_t name_size, const char *arguments, uint32_t arguments_size,
                   const char *environment, uint32_t environment_size, const struct operation *operations,
                   uint32_t operation_count, const struct disposition *dispositions, uint32_t disposition_count,
                   int searches, const char *path, uint32_t path_size, uint32_t *pid);
WASIX(proc_exec3)(const char *name, uint32_t name_size, const char *arguments, uint32_t arguments_size,
                  const char *environment, uint32_t environment_size, int searches, const char *path, uint32_t path_size);

long __syscall_getpid(void) {
  uint32_t pid = 0;
  return wasix_proc_id(&pid) == 0 ? (long)pid : 1;
}

long __syscall_getppid(void) {
  uint32_t parent = 0;
  return wasix_proc_parent((uint32_t)__syscall_getpid(), &parent) == 0 ? (long)parent : 0;
}

long __syscall_getpgid(long id) { return id == 0 || id == __syscall_getpid() ? __syscall_getpid() : -ESRCH; }
long __syscall_getsid(long id) { return __syscall_getpgid(id); }

// Strings, each behind a zero, in one block that the caller frees. Returns an errno value.
static int join_strings(char *const *strings, char **out, uint32_t *size) {
  size_t total = 0;
  for (char *const *each = strings; each != 0 && *each != 0; ++each) {
    total += strlen(*each) + 1;
  }
  char *text = malloc(total + 1), *end = text;
  if (text == 0) {
    return ENOMEM;
  }
  for (char *const *each = strings; each != 0 && *each != 0; ++each) {
    end = stpcpy(end, *each) + 1;
  }
  *end = 0;
  *out = text;
  *size = (uint32_t)total;
  return 0;
}

// A program, its arguments and its environment, as the host takes them.
struct start {
  const char *name;
  char *arguments, *environment;
  uint32_t arguments_size, environment_size;
};

static int make_start(struct start *out, const char *name, char *const *arguments, char *const *environment) {
  *out = (struct start){.name = name};
  int error = join_strings(arguments, &out->arguments, &out->arguments_size);
  return error != 0 ? error : join_strings(environment, &out->environment, &out->environment_size);
}

static void free_start(struct start *start) {
  free(start->arguments);
  free(start->environment);
}

static struct operation operation_of(const struct file_action *action) {
  struct operation out = {.fd = action->fd};
  switch (action->kind) {
    case action_close: out.kind = host_close; return out;
    case action_dup2:
      out.kind = host_dup2;
      out.source = action->source;
      return out;
    case action_fchdir: out.kind = host_fchdir; return out;
    case action_chdir: out.kind = host_chdir; break;
    default:
      out.kind = host_open;
      out.open_flags = interlink_open_flags(action->open_flags);
      out.lookup = (action->open_flags & O_NOFOLLOW) != 0 ? 0 : __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW;
      out.rights = out.inheriting = interlink_rights_of_mode(action->open_flags);
      out.flags = interlink_fd_flags(action->open_flags);
      break;
  }
  out.path = action->path;
  out.path_size = (uint32_t)strlen(action->path);
  return out;
}

// In the order in which they were added. Returns an errno value.
static int make_operations(const posix_spawn_file_actions_t *actions, struct operation **out, uint32_t *count) {
  const struct file_action *last = actions != 0 ? actions->__actions : 0;
  uint32_t number = 0;
  for (const struct file_action *each = last; each != 0; each = each->next) {
    ++number;
  }
  *out = 0;
  *count = number;
  if (number == 0) {
    return 0;
  }
  *out = calloc(number, sizeof **out);
  if (*out == 0) {
    return ENOMEM;
  }
  for (const struct file_action *each = last; each != 0; each = each->next) {
    (*out)[--number] = operation_of(each);
  }
  return 0;
}

static uint32_t make_dispositions(const posix_spawnattr_t *attributes, struct disposition *out) {
  uint32_t count = 0;
  for (int signal = 1; signal <= host_signal_max; ++signal) {
    struct sigaction action;
    bool is_reset = attributes != 0 && (attributes->__flags & POSIX_SPAWN_SETSIGDEF) != 0 &&
                    sigismember(&attributes->__def, signal) == 1;
    if (is_reset) {
      out[count++] = (struct disposition){(uint8_t)signal, 0};
    } else if (sigaction(signal, 0, &action) == 0 && action.sa_handler == SIG_IGN) {
      out[count++] = (struct disposition){(uint8_t)signal, 1};
    }
  }
  return count;
}

static int spawn(pid_t *pid, const char *name, bool searches, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *attributes, char *const *arguments, char *const *environment) {
  // Groups and sessions would need a terminal that knows them; classes of scheduling are the host's.
  const int refused = POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSCHEDPARAM | POSIX_SPAWN_SETSCHEDULER | POSIX_SPAWN_SETSID;
  if (attributes != 0 && (attributes->__flags & refused) != 0) {
    return ENOTSUP;
  }
  struct start start;
  struct operation *operations = 0;
  struct disposition dispositions[host_signal_max];
  uint32_t count = 0, made = 0;
  const char *path = searches && strchr(name, '/') == 0 ? getenv("PATH") : 0;
  path = path == 0 && searches && strchr(name, '/') == 0 ? "/usr/local/bin:/bin:/usr/bin" : path;
  int error = make_start(&start, name, arguments, environment);
  if (error == 0) {
    error = make_operations(actions, &operations, &count);
  }
  if (error == 0) {
    uint32_t ignored = make_dispositions(attributes, dispositions);
    error = wasix_proc_spawn2(start.name, (uint32_t)strlen(name), start.arguments, start.arguments_size, start.environment,
                              start.environment_size, operations, count, dispositions, ignored, path != 0, path,
                              path != 0 ? (uint32_t)strlen(path) : 0, &made);
  }
  free(operations);
  free_start(&start);
  if (error == 0 && pid != 0) {
    *pid = (pid_t)made;
  }
  return interlink_errno_of(error);
}

int posix_spawn(pid_t *restrict pid, const char *restrict path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *restrict attributes, char *const *restrict arguments,
                char *const *restrict environment) {
  return spawn(pid, path, false, actions, attributes, arguments, environment);
}

int posix_spawnp(pid_t *restrict pid, const char *restrict file, const posix_spawn_file_actions_t *actions,
                 const posix_spawnattr_t *restrict attributes, char *const *restrict arguments,
                 char *const *restrict environment) {
  return spawn(pid, file, true, actions, attributes, arguments, environment);
}

// Returns only when it fails.
int execve(const char *path, char *const *arguments, char *const *environment) {
  struct start start;
  int error = make_start(&start, path, arguments, environment);
  if (error == 0) {
    error = wasix_proc_exec3(path, (uint32_t)strlen(path), start.arguments, start.arguments_size, start.environment,
                             start.environment_size, 0, 0, 0);
  }
  free_start(&start);
  return interlink_answer(error);
}

static int status_of(const struct join_status *end) {
  return end->kind == joined_signalled ? end->signal & 0x7f : (end->exit_code & 0xff) << 8;
}

// Returns the process, 0 when none has ended yet, or a negative errno value.
static long await(pid_t pid, int flags, struct join_status *end) {
  struct optional_pid wanted = {pid > 0, pid > 0 ? (uint32_t)pid : 0};
  if (pid < -1) {
    return -ECHILD;  // Nobody is in another group.
  }
  interlink_enter_wait();
  int error = wasix_proc_join(&wanted, (flags & WNOHANG) != 0 ? without_waiting : 0, end);
  interlink_leave_wait();
  if (error != 0) {
    return -interlink_errno_of(error);
  }
  if (end->kind != joined_nothing) {
    return (long)wanted.pid;
  }
  // The host tells no difference between a child that runs and one that is none.
  uint32_t parent = 0;
  bool is_child = pid <= 0 || (wasix_proc_parent((uint32_t)pid, &parent) == 0 && (long)parent == __syscall_getpid());
  return is_child ? 0 : -ECHILD;
}

long __syscall_wait4(long pid, long status, long flags, long usage) {
  struct join_status end = {0};
  if ((flags & ~(WNOHANG | WUNTRACED | WCONTINUED)) != 0) {
    return -EINVAL;
  }
  long ended = await((pid_t)pid, (int)flags, &end);
  if (ended > 0 && status != 0) {
    *(int *)status = status_of(&end);
  }
  if (ended > 0 && usage != 0) {
    memset((void *)usage, 0, sizeof(struct rusage));
  }
  return ended;
}

pid_t wait4(pid_t pid, int *status, int flags, struct rusage *usage) {
  return interlink_result(__syscall_wait4(pid, (long)status, flags, (long)usage));
}

pid_t wait3(int *status, int flags, struct rusage *usage) { return wait4(-1, status, flags, usage); }

int waitid(idtype_t type, id_t id, siginfo_t *info, int flags) {
  struct join_status end = {0};
  if ((flags & WEXITED) == 0 || (flags & WNOWAIT) != 0 || (type != P_ALL && type != P_PID)) {
    return interlink_result(-EINVAL);
  }
  long ended = await(type == P_ALL ? -1 : (pid_t)id, flags, &end);
  if (ended < 0) {
    return interlink_result(ended);
  }
  if (info != 0) {
    memset(info, 0, sizeof *info);
  }
  if (info != 0 && ended > 0) {
    info->si_signo = SIGCHLD;
    info->si_pid = (pid_t)ended;
    info->si_code = end.kind == joined_signalled ? CLD_KILLED : CLD_EXITED;
    info->si_status = end.kind == joined_signalled ? end.signal : end.exit_code;
  }
  return 0;
}

int kill(pid_t pid, int signal) {
  pid_t self = getpid();
  if (signal < 0 || signal >= _NSIG) {
    return interlink_result(-EINVAL);
  }
  if (pid == self || pid == 0 || pid == -self) {
    return raise(signal);
  }
  if (pid < 0) {
    return interlink_result(pid == -1 ? -EPERM : -ESRCH);
  }
  return interlink_answer(wasix_proc_signal((uint32_t)pid, signal));
}

int killpg(pid_t group, int signal) { return group < 0 ? interlink_result(-EINVAL) : kill(group == 0 ? 0 : -group, signal); }

extern char **environ;
static const char shell[] = "/bin/sh";

// A shell is a program among the guest's files, if it has one.
static int start_shell(pid_t *pid, const char *command, const posix_spawn_file_actions_t *actions) {
  char *arguments[] = {"sh", "-c", (char *)command, 0};
  return spawn(pid, shell, false, actions, 0, arguments, environ);
}

int system(const char *command) {
  pid_t pid = 0;
  int status = 0;
  if (command == 0) {
    return access(shell, F_OK) == 0;
  }
  if (start_shell(&pid, command, 0) != 0) {
    return 127 << 8;
  }
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) {
      return -1;
    }
  }
  return status;
}

FILE *popen(const char *command, const char *mode) {
  posix_spawn_file_actions_t actions;
  int ends[2];
  pid_t pid = 0;
  bool reads = *mode == 'r';
  if (!reads && *mode != 'w') {
    errno = EINVAL;
    return 0;
  }
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return 0;
  }
  int ours = ends[!reads], its = ends[reads];
  FILE *stream = fdopen(ours, mode);
  int error = stream == 0 ? errno : posix_spawn_file_actions_init(&actions);
  if (error == 0) {
    error = posix_spawn_file_actions_adddup2(&actions, its, reads);
    if (error == 0) {
      error = start_shell(&pid, command, &actions);
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  close(its);
  if (error == 0) {
    ((struct stream *)stream)->pipe = pid;
    if (strchr(mode, 'e') == 0) {
      fcntl(ours, F_SETFD, 0);
    }
    return stream;
  }
  if (stream != 0) {
    fclose(stream);
  } else {
    close(ours);
  }
  errno = error;
  return 0;
}

int pclose(FILE *stream) {
  pid_t pid = ((struct stream *)stream)->pipe;
  int status = 0;
  fclose(stream);
  while (waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) {
      return -1;
    }
  }
  return status;
}
