// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The WASIX calls for threads, futexes, signals, the current directory and libraries, called directly.
#include <stdint.h>

#include "guest.h"

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

struct timeout {
  uint8_t set;
  uint64_t nanoseconds;
};

// What a new thread is started with.
struct start {
  void *stack; // the upper end
  void *tls_base;
  void *(*routine)(void *);
  void *argument;
  uint32_t reserved[10]; // the first is the C library's descriptor of the thread
  uint32_t stack_size;
  uint32_t guard_size;
};

enum { success = 0, invalid = 28, no_entry = 44, not_executable = 45, not_supported = 58, no_such_thread = 71 };
enum { memory_violation = 78, unknown = 79 };

WASIX("thread_id") int thread_id(uint32_t *id);
WASIX("thread_parallelism") int thread_parallelism(uint32_t *count);
WASIX("thread_sleep") int thread_sleep(uint64_t nanoseconds);
WASIX("sched_yield") int wasix_yield(void);
WASIX("futex_wait")
int futex_wait(volatile uint32_t *word, uint32_t expected, const struct timeout *timeout, uint8_t *woken);
WASIX("futex_wake") int futex_wake(volatile uint32_t *word, uint8_t *woken);
WASIX("futex_wake_all") int futex_wake_all(volatile uint32_t *word, uint8_t *woken);
WASIX("getcwd") int wasix_getcwd(char *path, uint32_t *size);
WASIX("chdir") int wasix_chdir(const char *path, uint32_t size);
WASIX("thread_spawn_v2") int thread_spawn(const struct start *start, uint32_t *id);
WASIX("thread_join") int thread_join(uint32_t id);
WASIX("thread_exit") _Noreturn void thread_exit(int code);
WASIX("thread_signal") int thread_signal(uint32_t id, uint32_t signal);
WASIX("callback_signal") void callback_signal(const char *name, uint32_t size);
WASIX("proc_signals_sizes_get") int proc_signals_sizes_get(uint32_t *count);
WASIX("proc_signals_get") int proc_signals_get(uint8_t *signals);
WASIX("dlopen")
int wasix_dlopen(const char *path, uint32_t path_size, uint32_t flags, char *error, uint32_t error_size,
                 const char *library_path, uint32_t library_path_size, uint32_t *handle);
WASIX("dl_invalid_handle") int dl_invalid_handle(uint32_t handle);
WASIX("port_bridge")
int port_bridge(const char *network, uint32_t network_size, const char *token, uint32_t token_size, int security);
WASIX("proc_exit2") _Noreturn void proc_exit2(int code);

static volatile uint32_t word;
static atomic_int waiting, passed;
static uint32_t main_id;

static void *wait_on_word(void *unused) {
  (void)unused;
  uint32_t id = 0;
  uint8_t woken = 9;
  REQUIRE(thread_id(&id) == 0 && id != main_id);
  atomic_fetch_add(&waiting, 1);
  const struct timeout never = {0, 0};
  while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0) {
    futex_wait(&word, 0, &never, &woken);
  }
  atomic_fetch_add(&passed, 1);
  return 0;
}

static void threads_and_futexes(void) {
  uint32_t count = 0;
  uint8_t woken = 9;
  const struct timeout short_while = {1, 5000000};
  REQUIRE(thread_id(&main_id) == 0);
  REQUIRE(thread_parallelism(&count) == 0 && count >= 1);
  REQUIRE(wasix_yield() == 0 && thread_sleep(1000000) == 0);
  REQUIRE(futex_wait(&word, 0, &short_while, &woken) == 0 && woken == 0);
  REQUIRE(futex_wake(&word, &woken) == 0 && woken == 0);
  pthread_t threads[3];
  for (int i = 0; i < 3; ++i) {
    threads[i] = start(wait_on_word, 0);
  }
  while (atomic_load(&waiting) != 3) {
    usleep(200);
  }
  usleep(5000);
  __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
  REQUIRE(futex_wake(&word, &woken) == 0 && futex_wake_all(&word, &woken) == 0);
  for (int i = 0; i < 3; ++i) {
    pthread_join(threads[i], 0);
  }
  REQUIRE(atomic_load(&passed) == 3);
}

// A thread without a C library: its routine uses nothing of it, and leaves by the call that ends the thread.
static _Alignas(16) char thread_stack[16384], thread_tls[16384];
static atomic_int spawned_id, is_sleeping, has_slept;

static void *report_and_leave(void *argument) {
  uint32_t id = 0;
  thread_id(&id);
  atomic_store((atomic_int *)argument, (int)id);
  thread_exit(0);
}

static void *sleep_and_leave(void *unused) {
  (void)unused;
  enum { longer_than_the_test = 3600 };
  atomic_store(&is_sleeping, 1);
  thread_sleep(longer_than_the_test * 1000000000ULL);
  atomic_store(&has_slept, 1);
  thread_exit(0);
}

static struct start start_of(void *(*routine)(void *), void *argument) {
  REQUIRE(__builtin_wasm_tls_size() <= sizeof thread_tls && __builtin_wasm_tls_align() <= 16);
  return (struct start){.stack = thread_stack + sizeof thread_stack,
                        .tls_base = thread_tls,
                        .routine = routine,
                        .argument = argument,
                        .stack_size = sizeof thread_stack};
}

static void spawns_and_joins(void) {
  uint32_t id = 0;
  const struct start start = start_of(report_and_leave, &spawned_id);
  REQUIRE(thread_spawn(&start, &id) == success && id != 0 && id != main_id);
  REQUIRE(thread_join(id) == success);
  REQUIRE((uint32_t)atomic_load(&spawned_id) == id);
  REQUIRE(thread_join(id) == success); // one that has ended
  REQUIRE(thread_spawn(&start, (uint32_t *)-4) == memory_violation);
}

static atomic_uint handled_signal, handled_by;

__attribute__((export_name("on_signal"))) void on_signal(uint32_t signal) {
  uint32_t id = 0;
  thread_id(&id);
  atomic_store(&handled_signal, signal);
  atomic_store(&handled_by, id);
}

static void signals(void) {
  enum { usr1 = 10, usr2 = 12, beyond_all = 32, unused_id = 9999 };
  uint32_t count = 9, id = 0;
  uint8_t dispositions[2 * 31] = {7};
  REQUIRE(proc_signals_sizes_get(&count) == success && count == 31);
  REQUIRE(proc_signals_get(dispositions) == success && dispositions[0] == 1 && dispositions[1] == 0);

  callback_signal("on_signal", 9);
  REQUIRE(thread_signal(main_id, usr1) == success);
  REQUIRE(atomic_load(&handled_signal) == usr1 && atomic_load(&handled_by) == main_id);

  const struct start start = start_of(sleep_and_leave, 0);
  REQUIRE(thread_spawn(&start, &id) == success);
  wait_for(&is_sleeping);
  REQUIRE(thread_signal(id, usr2) == success);
  REQUIRE(thread_join(id) == success && atomic_load(&has_slept) == 1);
  REQUIRE(atomic_load(&handled_signal) == usr2 && atomic_load(&handled_by) == id);

  REQUIRE(thread_signal(id, usr2) == no_such_thread && thread_signal(unused_id, usr1) == no_such_thread);
  REQUIRE(thread_signal(main_id, beyond_all) == invalid);
}

static int open_plain(uint32_t flags, char *error, uint32_t error_size, uint32_t *handle) {
  static const char path[] = "./libplain.so";
  return wasix_dlopen(path, sizeof path - 1, flags, error, error_size, 0, 0, handle);
}

static void libraries(void) {
  static const char absent[] = "./libabsent.so";
  uint32_t handle = 0, again = 0;
  char error[200] = "";
  REQUIRE(open_plain(RTLD_NOW | RTLD_NOLOAD, error, sizeof error, &handle) == unknown && handle == 0);
  REQUIRE(strncmp(error, "failed to load module: ", 23) == 0 && strstr(error, "libplain.so") != 0);
  REQUIRE(open_plain(RTLD_NOW, error, sizeof error, &handle) == success && handle > 1);
  REQUIRE(open_plain(RTLD_NOW | RTLD_NOLOAD, error, sizeof error, &again) == success && again == handle);

  REQUIRE(dl_invalid_handle(handle) == success && dl_invalid_handle(1) == success);
  REQUIRE(dl_invalid_handle(0) == not_executable && dl_invalid_handle(0xFFFFFFF0U) == not_executable);

  memset(error, '#', sizeof error);
  REQUIRE(wasix_dlopen(absent, sizeof absent - 1, RTLD_NOW, error, 0, 0, 0, &again) == unknown);
  REQUIRE(error[0] == '#' && error[sizeof error - 1] == '#');
  REQUIRE(wasix_dlopen(absent, sizeof absent - 1, RTLD_NOW, error, 8, 0, 0, &again) == unknown);
  REQUIRE(memcmp(error, "failed \0#", 9) == 0);
}

static void directories(void) {
  char path[256] = "";
  uint32_t size = sizeof path;
  REQUIRE(wasix_getcwd(path, &size) == success && path[0] == '/' && size == strlen(path));
  REQUIRE(wasix_chdir("/scratch", 8) == success);
  size = sizeof path;
  REQUIRE(wasix_getcwd(path, &size) == success && strcmp(path, "/scratch") == 0 && size == 8);
  // It is there, but not in the current directory.
  uint32_t handle = 0;
  REQUIRE(wasix_dlopen("./libtls.so", 11, RTLD_NOW, path, 0, 0, 0, &handle) == unknown && handle == 0);
  REQUIRE(wasix_chdir("/scratch/absent", 15) == no_entry);
  size = sizeof path;
  REQUIRE(wasix_getcwd(path, &size) == success && strcmp(path, "/scratch") == 0);
}

int main(void) {
  threads_and_futexes();
  spawns_and_joins();
  signals();
  libraries();
  directories();
  REQUIRE(port_bridge("", 0, "", 0, 0) == not_supported && port_bridge("", 0, "", 0, 0) == not_supported);
  printf("ok wasix calls\n");
  fflush(stdout);
  proc_exit2(5);
}
