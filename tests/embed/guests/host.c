// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A reactor with libc for the tests of the public header: what hosts want of a plugin host.
#include <dlfcn.h>
#include <pthread.h>
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
