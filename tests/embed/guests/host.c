// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A reactor with libc for the tests of the public header: what hosts want of a plugin host.
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

__attribute__((import_module("embedder"), import_name("describe"))) int describe(const char *text, int number);
__attribute__((import_module("embedder"), import_name("fails"))) int fails(int how);
__attribute__((import_module("embedder"), import_name("calls_back"))) int calls_back(int (*function)(int, int), int a);

typedef struct {
  int32_t version;
  const char *name;
} description;

description plugin_description = {7, "the plugin"};

int host_add(int a, int b) { return a + b; }

double host_half(double number) { return number / 2; }

int64_t host_length(const char *text) { return (int64_t)strlen(text); }

const char *host_name(void) { return plugin_description.name; }

// Reverses in place, and returns how many bytes there are.
int host_reverse(char *bytes, int count) {
  for (int i = 0; i < count / 2; ++i) {
    char kept = bytes[i];
    bytes[i] = bytes[count - 1 - i];
    bytes[count - 1 - i] = kept;
  }
  return count;
}

int host_describe(int number) { return describe("from the guest", number); }

int host_fails(int how) {
  volatile char frame[2048];
  frame[how & 2047] = 1;
  return fails(how) + frame[how & 2047];
}

int host_calls_back(int a) { return calls_back(host_add, a); }

void host_trap(void) { __builtin_trap(); }

int host_exit(int code) { exit(code); }

int host_sleep(int milliseconds) { return usleep(milliseconds * 1000u); }

int (*host_address_of_add(void))(int, int) { return host_add; }

// For ever, with no call in the loop.
int host_spin(void) {
  for (volatile int turns = 0;; ++turns) {
  }
}

// As long as nobody posts, which nobody does.
int host_wait(void) {
  static sem_t never;
  while (sem_wait(&never) != 0) {
  }
  return 0;
}

// How many bytes were written, or the errno, negative.
int host_print(const char *text) {
  ssize_t written = write(1, text, strlen(text));
  return written < 0 ? -errno : (int)written;
}

// The first byte, -1 at the end, or the errno below that.
int host_read(void) {
  unsigned char byte = 0;
  ssize_t got = read(0, &byte, 1);
  return got < 0 ? -1 - errno : got == 0 ? -1 : byte;
}

// Bit n: descriptor n is open.
int host_open_descriptors(void) {
  int open = 0;
  for (int fd = 0; fd < 30; ++fd) {
    open |= (fcntl(fd, F_GETFL) >= 0 || errno != EBADF) << fd;
  }
  return open;
}

// How many times the file can be opened; the errno that ends it is left for host_errno.
static int last_errno;
int host_errno(void) { return last_errno; }

int host_open_files(const char *path) {
  int count = 0;
  while (count < 100 && open(path, O_RDONLY) >= 0) {
    ++count;
  }
  last_errno = errno;
  return count;
}

// The errno of opening a new file for writing, or 0.
int host_create(const char *path) { return open(path, O_WRONLY | O_CREAT, 0600) < 0 ? errno : 0; }

static sem_t release;

static void *wait_for_release(void *unused) {
  sem_wait(&release);
  return unused;
}

// How many threads can be made beside this one, up to 20.
int host_threads(void) {
  pthread_t threads[20];
  int count = 0;
  sem_init(&release, 0, 0);
  while (count < 20 && (last_errno = pthread_create(&threads[count], NULL, wait_for_release, NULL)) == 0) {
    ++count;
  }
  for (int i = 0; i < count; ++i) {
    sem_post(&release);
  }
  for (int i = 0; i < count; ++i) {
    pthread_join(threads[i], NULL);
  }
  return count;
}

// Empty when it was opened, else why not.
const char *host_dlopen(const char *path) { return dlopen(path, RTLD_NOW) != NULL ? "" : dlerror(); }
