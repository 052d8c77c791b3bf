// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rest of what the packaged library asks of a system: the heap, identities, and refusals. A refusal is an errno value, so
// that a program finds out where it can deal with it; none of these is left for the host to define.
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "files.h"

enum { page_size = 65536 };

// The library's sbrk asks for a heap of at least `size` bytes, counted from address 0. Several threads may ask at once, and
// the linker grows the same memory: what is there already counts.
int emscripten_resize_heap(size_t size) {
  for (;;) {
    size_t pages = __builtin_wasm_memory_size(0), wanted = size / page_size + (size % page_size != 0);
    if (wanted <= pages) {
      return 1;
    }
    if (__builtin_wasm_memory_grow(0, wanted - pages) == (size_t)-1) {
      // Refused: or was another thread quicker?
      return wanted <= (size_t)__builtin_wasm_memory_size(0);
    }
  }
}

size_t emscripten_get_heap_max(void) { return __builtin_wasm_memory_size(0) * page_size; }
void emscripten_notify_memory_growth(size_t memory) { (void)memory; }

void _emscripten_get_progname(char *name, int size) {
  if (size > 0) {
    strncpy(name, "guest", (size_t)size - 1);
    name[size - 1] = 0;
  }
}

// One user, who is not the superuser.
enum { user = 1000 };

long __syscall_getuid32(void) { return user; }
long __syscall_geteuid32(void) { return user; }
long __syscall_getgid32(void) { return user; }
long __syscall_getegid32(void) { return user; }
long __syscall_getpriority(long which, long who) {
  (void)which, (void)who;
  return 20;
}

static long fill_identities(long real, long effective, long saved) {
  *(uint32_t *)real = *(uint32_t *)effective = *(uint32_t *)saved = user;
  return 0;
}

long __syscall_getresuid32(long real, long effective, long saved) { return fill_identities(real, effective, saved); }
long __syscall_getresgid32(long real, long effective, long saved) { return fill_identities(real, effective, saved); }

static long file_mask = 022;

long __syscall_umask(long mask) { return __atomic_exchange_n(&file_mask, mask & 0777, __ATOMIC_RELAXED); }

uint32_t interlink_masked(long mode) {
  return (uint32_t)(mode & 0777 & ~__atomic_load_n(&file_mask, __ATOMIC_RELAXED));
}

long __syscall_uname(long out) {
  struct utsname *names = (struct utsname *)out;
  memset(names, 0, sizeof *names);
  strcpy(names->sysname, "wasi");
  strcpy(names->nodename, "guest");
  strcpy(names->release, "0.1");
  strcpy(names->version, "0.1");
  strcpy(names->machine, "wasm32");
  return 0;
}

static long unlimited(long out) {
  if (out != 0) {
    ((struct rlimit *)out)->rlim_cur = RLIM_INFINITY;
    ((struct rlimit *)out)->rlim_max = RLIM_INFINITY;
  }
  return 0;
}

long __syscall_ugetrlimit(long resource, long out) {
  (void)resource;
  return unlimited(out);
}

long __syscall_prlimit64(long id, long resource, long new_limit, long old_limit) {
  (void)id, (void)resource, (void)new_limit;
  return unlimited(old_limit);
}

// Advice and pinning: linear memory is neither swapped nor protected by the guest, so that yes is the true answer.
#define ACCEPT_0(name) \
  long name(void) { return 0; }
#define ACCEPT_1(name) \
  long name(long a) { return (void)a, 0; }
#define ACCEPT_2(name) \
  long name(long a, long b) { return (void)a, (void)b, 0; }
#define ACCEPT_3(name) \
  long name(long a, long b, long c) { return (void)a, (void)b, (void)c, 0; }

ACCEPT_0(__syscall_sync)
ACCEPT_0(__syscall_munlockall)
ACCEPT_1(__syscall_mlockall)
ACCEPT_2(__syscall_mlock)
ACCEPT_2(__syscall_munlock)
ACCEPT_3(__syscall_madvise)

// What WASI preview 1 has no call for.
#define REFUSE_0(name) \
  long name(void) { return -ENOSYS; }
#define REFUSE_1(name) \
  long name(long a) { return (void)a, -ENOSYS; }
#define REFUSE_2(name) \
  long name(long a, long b) { return (void)a, (void)b, -ENOSYS; }
#define REFUSE_3(name) \
  long name(long a, long b, long c) { return (void)a, (void)b, (void)c, -ENOSYS; }
#define REFUSE_4(name) \
  long name(long a, long b, long c, long d) { return (void)a, (void)b, (void)c, (void)d, -ENOSYS; }
#define REFUSE_5(name) \
  long name(long a, long b, long c, long d, long e) { return (void)a, (void)b, (void)c, (void)d, (void)e, -ENOSYS; }
#define REFUSE_6(name)                                                                \
  long name(long a, long b, long c, long d, long e, long f) {                         \
    return (void)a, (void)b, (void)c, (void)d, (void)e, (void)f, -ENOSYS;             \
  }

REFUSE_0(__syscall_setsid)
REFUSE_1(__syscall_acct)
REFUSE_1(__syscall_fchdir)
REFUSE_2(__syscall_getgroups32)
REFUSE_2(__syscall_setdomainname)
REFUSE_2(__syscall_setpgid)
REFUSE_2(__syscall_setrlimit)
REFUSE_3(__syscall_chown32)
REFUSE_3(__syscall_fchown32)
REFUSE_3(__syscall_getdents64)
REFUSE_3(__syscall_lchown32)
REFUSE_3(__syscall_mincore)
REFUSE_3(__syscall_mknod)
REFUSE_3(__syscall_setpriority)
REFUSE_4(__syscall_mknodat)
REFUSE_5(__syscall_fchownat)
REFUSE_5(__syscall_mremap)
