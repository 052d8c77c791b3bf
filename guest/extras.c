// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Small functions that the packaged library declares and lacks, each as its manual page has it.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ipc.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>
#include <wchar.h>
#include <wordexp.h>

void *reallocarray(void *block, size_t count, size_t size) {
  size_t bytes = 0;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return 0;
  }
  return realloc(block, bytes);
}

// No guest runs with more rights than who started it.
char *secure_getenv(const char *name) { return getenv(name); }

// Bytes from the host's source of random numbers.
int getentropy(void *buffer, size_t size) {
  if (size > 256) {
    errno = EIO;
    return -1;
  }
  errno = __wasi_random_get(buffer, size);
  return errno == 0 ? 0 : -1;
}

ssize_t getrandom(void *buffer, size_t size, unsigned flags) {
  if ((flags & ~(unsigned)(GRND_NONBLOCK | GRND_RANDOM)) != 0) {
    errno = EINVAL;
    return -1;
  }
  int error = __wasi_random_get(buffer, size);
  if (error != 0) {
    errno = error;
    return -1;
  }
  return (ssize_t)size;
}

enum { quick_handlers_max = 32 };
static void (*quick_handlers[quick_handlers_max])(void);
static atomic_int quick_handler_count;

int at_quick_exit(void (*handler)(void)) {
  int place = atomic_fetch_add(&quick_handler_count, 1);
  if (place >= quick_handlers_max) {
    atomic_store(&quick_handler_count, quick_handlers_max);
    return -1;
  }
  quick_handlers[place] = handler;
  return 0;
}

_Noreturn void quick_exit(int code) {
  for (int i = atomic_load(&quick_handler_count); i-- > 0;) {
    quick_handlers[i]();
  }
  _Exit(code);
}

static __wasi_timestamp_t cpu_time(__wasi_clockid_t clock) {
  __wasi_timestamp_t time = 0;
  return __wasi_clock_time_get(clock, 1, &time) == 0 ? time : 0;
}

// All time counts as the user's.
clock_t times(struct tms *out) {
  __wasi_timestamp_t tick = 1000000000 / (__wasi_timestamp_t)sysconf(_SC_CLK_TCK);
  if (out != 0) {
    *out = (struct tms){.tms_utime = (clock_t)(cpu_time(__WASI_CLOCKID_PROCESS_CPUTIME_ID) / tick)};
  }
  return (clock_t)(cpu_time(__WASI_CLOCKID_MONOTONIC) / tick);
}

long __syscall_getrusage(long who, long pointer) {
  if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN && who != RUSAGE_THREAD) {
    return -EINVAL;
  }
  struct rusage *out = (struct rusage *)pointer;
  memset(out, 0, sizeof *out);
  if (who != RUSAGE_CHILDREN) {
    __wasi_timestamp_t used =
        cpu_time(who == RUSAGE_THREAD ? __WASI_CLOCKID_THREAD_CPUTIME_ID : __WASI_CLOCKID_PROCESS_CPUTIME_ID);
    out->ru_utime.tv_sec = (time_t)(used / 1000000000);
    out->ru_utime.tv_usec = (suseconds_t)(used / 1000 % 1000000);
    out->ru_maxrss = (long)(__builtin_wasm_memory_size(0) * 64);
  }
  return 0;
}

int dysize(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 366 : 365; }
int getdtablesize(void) { return (int)sysconf(_SC_OPEN_MAX); }

// One process: nobody else can hold the lock.
int flock(int fd, int operation) {
  if ((operation & ~LOCK_NB) != LOCK_SH && (operation & ~LOCK_NB) != LOCK_EX && (operation & ~LOCK_NB) != LOCK_UN) {
    errno = EINVAL;
    return -1;
  }
  return fcntl(fd, F_GETFD) < 0 ? -1 : 0;
}

static ssize_t read_from(int fd, void *buffer, size_t size, off_t *offset) {
  ssize_t got = offset != 0 ? pread(fd, buffer, size, *offset) : read(fd, buffer, size);
  if (got > 0 && offset != 0) {
    *offset += got;
  }
  return got;
}

ssize_t copy_file_range(int from, off_t *from_offset, int to, off_t *to_offset, size_t size, unsigned flags) {
  char buffer[8192];
  if (flags != 0) {
    errno = EINVAL;
    return -1;
  }
  ssize_t got = read_from(from, buffer, size < sizeof buffer ? size : sizeof buffer, from_offset);
  for (ssize_t done = 0; done < got;) {
    ssize_t put = to_offset != 0 ? pwrite(to, buffer + done, (size_t)(got - done), *to_offset)
                                 : write(to, buffer + done, (size_t)(got - done));
    if (put < 0) {
      return done != 0 ? done : -1;
    }
    done += put;
    if (to_offset != 0) {
      *to_offset += put;
    }
  }
  return got;
}

// The narrow result, widened: both libraries' formats are ASCII and the locale's bytes.
size_t wcsftime(wchar_t *restrict out, size_t size, const wchar_t *restrict format, const struct tm *restrict time) {
  char narrow_format[1024], narrow[4096];
  if (wcstombs(narrow_format, format, sizeof narrow_format) >= sizeof narrow_format) {
    return 0;
  }
  size_t length = strftime(narrow, sizeof narrow, narrow_format, time);
  if (length == 0 || length >= size) {
    return 0;
  }
  size_t written = mbstowcs(out, narrow, size);
  return written < size ? written : 0;
}

size_t wcsftime_l(wchar_t *restrict out, size_t size, const wchar_t *restrict format, const struct tm *restrict time,
                  locale_t locale) {
  (void)locale;
  return wcsftime(out, size, format, time);
}

// There is no shell to expand words.
int wordexp(const char *restrict words, wordexp_t *restrict out, int flags) {
  (void)words, (void)out, (void)flags;
  return WRDE_NOSYS;
}
void wordfree(wordexp_t *words) { (void)words; }

int clearenv(void) {
  while (environ != 0 && *environ != 0) {
    char *name = strndup(*environ, strcspn(*environ, "="));
    if (name == 0 || unsetenv(name) != 0) {
      free(name);
      return -1;
    }
    free(name);
  }
  return 0;
}

int timespec_get(struct timespec *out, int base) {
  return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, out) == 0 ? base : 0;
}

void psignal(int signal, const char *message) {
  int error = errno;
  fprintf(stderr, "%s%s%s\n", message != 0 ? message : "", message != 0 && *message != 0 ? ": " : "", strsignal(signal));
  errno = error;
}

// Numbers only: names of other machines cannot be asked for. Services are by number, too.
int getnameinfo(const struct sockaddr *restrict address, socklen_t size, char *restrict host, socklen_t host_size,
                char *restrict service, socklen_t service_size, int flags) {
  const void *bytes = 0;
  int port = 0;
  if (address->sa_family == AF_INET && size >= sizeof(struct sockaddr_in)) {
    bytes = &((const struct sockaddr_in *)address)->sin_addr;
    port = ntohs(((const struct sockaddr_in *)address)->sin_port);
  } else if (address->sa_family == AF_INET6 && size >= sizeof(struct sockaddr_in6)) {
    bytes = &((const struct sockaddr_in6 *)address)->sin6_addr;
    port = ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
  } else {
    return EAI_FAMILY;
  }
  if ((flags & NI_NAMEREQD) != 0) {
    return EAI_NONAME;
  }
  if (host != 0 && host_size != 0 && inet_ntop(address->sa_family, bytes, host, host_size) == 0) {
    return EAI_OVERFLOW;
  }
  if (service != 0 && service_size != 0 && snprintf(service, service_size, "%d", port) >= (int)service_size) {
    return EAI_OVERFLOW;
  }
  return 0;
}

int fallocate(int fd, int mode, off_t offset, off_t size) {
  int error = mode != 0 ? EOPNOTSUPP : posix_fallocate(fd, offset, size);
  if (error != 0) {
    errno = error;
    return -1;
  }
  return 0;
}

int prlimit(pid_t process, int resource, const struct rlimit *set, struct rlimit *before) {
  if (process != 0 && process != getpid()) {
    errno = ESRCH;
    return -1;
  }
  if (before != 0 && getrlimit(resource, before) != 0) {
    return -1;
  }
  return set != 0 ? setrlimit(resource, set) : 0;
}

// The library's memcpy calls it for what is large: one instruction.
void *emscripten_memcpy_big(void *restrict to, const void *restrict from, size_t size) {
  return __builtin_memcpy(to, from, size);
}

// The allocator keeps no count.
void malloc_stats(void) { fprintf(stderr, "memory in use: %zu KiB\n", (size_t)__builtin_wasm_memory_size(0) * 64); }

// The packaged one divides by the alignment before it looks at it.
void *aligned_alloc(size_t alignment, size_t size) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
    errno = EINVAL;
    return 0;
  }
  return memalign(alignment, size);
}
