// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A threaded program that opens real libraries while it runs. Usage: demo.wasm FILE, with a standard input that stays silent
// until the program has printed "workers done", and then says a line.
//
// While one thread computes in a loop without any call, one sleeps on a condition and one reads standard input, four workers
// open zlib, lua and sqlite and use them. None of the three is ever asked to stop for that. At the end each of them calls a
// function that a worker found after they had begun: a function pointer means the same in every thread.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "checks.h"
#include "work.h"

enum { workers = 4 };

static const char greeting[] = "123456789";
enum { greeting_size = 9, greeting_crc = (int)0xcbf43926 };  // The check value that CRC-32 is known by.

static struct file file;
static struct report reports[workers];

static _Atomic(crc32_function *) found_by_first;  // By worker 1; called by all the others.

static atomic_int stop_spinning, spinning;
static atomic_ullong turns;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake_up = PTHREAD_COND_INITIALIZER;
static int may_wake, sleeping;
static atomic_int reading, line_read;

static int right_crc(crc32_function *function) {
  return function != 0 && (uint32_t)function(0, (const unsigned char *)greeting, greeting_size) == (uint32_t)greeting_crc;
}

// The loop has no call, hence no place where it could notice that libraries come.
static void *spin(void *unused) {
  (void)unused;
  unsigned long long count = 0;
  atomic_store(&spinning, 1);
  while (atomic_load_explicit(&stop_spinning, memory_order_relaxed) == 0) {
    ++count;
  }
  atomic_store(&turns, count);
  checks_expect(right_crc(atomic_load(&found_by_first)), "the spinning thread calls what worker 1 found");
  return 0;
}

static void *sleep_until_woken(void *unused) {
  (void)unused;
  pthread_mutex_lock(&lock);
  sleeping = 1;
  while (!may_wake) {
    pthread_cond_wait(&wake_up, &lock);
  }
  sleeping = 0;
  pthread_mutex_unlock(&lock);
  checks_expect(right_crc(atomic_load(&found_by_first)), "the sleeping thread calls what worker 1 found");
  return 0;
}

static void *read_line(void *unused) {
  (void)unused;
  char line[64] = "";
  atomic_store(&reading, 1);
  ssize_t size = read(STDIN_FILENO, line, sizeof line - 1);
  atomic_store(&line_read, 1);
  checks_expect(size == 8 && memcmp(line, "the end\n", 8) == 0, "the reading thread gets its line");
  checks_expect(right_crc(atomic_load(&found_by_first)), "the reading thread calls what worker 1 found");
  return 0;
}

static void *work(void *argument) {
  struct report *report = argument;
  use_zlib(&file, report);
  if (report == &reports[0]) {
    pthread_mutex_lock(&lock);
    atomic_store(&found_by_first, report->crc32);
    pthread_cond_broadcast(&wake_up);
    pthread_mutex_unlock(&lock);
  } else {
    pthread_mutex_lock(&lock);
    while (atomic_load(&found_by_first) == 0) {
      pthread_cond_wait(&wake_up, &lock);
    }
    pthread_mutex_unlock(&lock);
  }
  crc32_function *first = atomic_load(&found_by_first);
  checks_expect(right_crc(first), "each worker calls what worker 1 found");
  checks_expect(first == report->crc32, "one function has one address, in every thread");
  use_lua(report);
  use_sqlite(report);
  return 0;
}

static void read_file(const char *path) {
  FILE *stream = fopen(path, "rb");
  if (stream == 0 || fseek(stream, 0, SEEK_END) != 0) {
    perror(path);
    exit(1);
  }
  file.size = (size_t)ftell(stream);
  rewind(stream);
  file.bytes = malloc(file.size);
  if (file.bytes == 0 || fread(file.bytes, 1, file.size, stream) != file.size) {
    perror(path);
    exit(1);
  }
  fclose(stream);
  file.crc = checks_crc32(file.bytes, file.size);
}

static pthread_t start(void *(*routine)(void *), void *argument) {
  pthread_t thread;
  if (pthread_create(&thread, 0, routine, argument) != 0) {
    perror("pthread_create");
    exit(1);
  }
  return thread;
}

static void wait_until_all_are_busy(void) {
  for (int busy = 0; !busy;) {
    pthread_mutex_lock(&lock);
    busy = sleeping && atomic_load(&spinning) && atomic_load(&reading);
    pthread_mutex_unlock(&lock);
    usleep(1000);
  }
}

static void print_reports(double elapsed) {
  for (int i = 0; i < workers; ++i) {
    printf("worker %d: zlib %zu -> %zu bytes and back in %.0f ms, lua sorted %d numbers in %.0f ms, sqlite summed %d rows in "
           "%.0f ms\n",
           i + 1, file.size, reports[i].compressed_size, reports[i].compress_ms, sorted_numbers, reports[i].lua_ms,
           table_rows, reports[i].sqlite_ms);
  }
  printf("crc32 %08x of %zu bytes; all workers in %.0f ms\n", file.crc, file.size, elapsed);
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s FILE\n", argv[0]);
    return 2;
  }
  read_file(argv[1]);
  pthread_t spinner = start(spin, 0), sleeper = start(sleep_until_woken, 0), reader = start(read_line, 0);
  wait_until_all_are_busy();
  double began = milliseconds();
  pthread_t threads[workers];
  for (int i = 0; i < workers; ++i) {
    threads[i] = start(work, &reports[i]);
  }
  for (int i = 0; i < workers; ++i) {
    pthread_join(threads[i], 0);
  }
  print_reports(milliseconds() - began);
  checks_expect(atomic_load(&line_read) == 0, "standard input was silent all the while");
  printf("workers done\n");
  fflush(stdout);
  pthread_join(reader, 0);
  pthread_mutex_lock(&lock);
  may_wake = 1;
  pthread_cond_broadcast(&wake_up);
  pthread_mutex_unlock(&lock);
  pthread_join(sleeper, 0);
  atomic_store(&stop_spinning, 1);
  pthread_join(spinner, 0);
  printf("the spinning thread made %llu turns meanwhile\n", atomic_load(&turns));
  printf("%d checks, %d wrong\n", checks_made(), checks_failed());
  return checks_failed() == 0 ? 0 : 1;
}
