// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <dlfcn.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

WASIX("dlopen")
int interlink_dlopen(const char *path, size_t path_size, uint32_t flags, char *error, size_t error_size,
                     const char *library_path, size_t library_path_size, uint32_t *handle);
WASIX("dlsym")
int interlink_dlsym(uint32_t handle, const char *symbol, size_t symbol_size, char *error, size_t error_size,
                    uintptr_t *address);
WASIX("dl_invalid_handle") int interlink_dl_invalid_handle(uint32_t handle);

// The host cuts longer texts at this size; all missing symbols of a load come in one text.
static _Thread_local char error_text[1024];
static _Thread_local int error_is_new;

// Whether the call failed; a success leaves nothing of a failure before it.
static int failed(int number, const char *otherwise) {
  if (number != 0 && error_text[0] == 0) {
    strncpy(error_text, otherwise, sizeof error_text - 1);
  }
  error_is_new = number != 0;
  return error_is_new;
}

void *dlopen(const char *path, int flags) {
  if ((flags & (RTLD_LAZY | RTLD_NOW)) == 0) {
    error_text[0] = 0;
    failed(1, "dlopen: the mode has neither RTLD_LAZY nor RTLD_NOW");
    return 0;
  }
  const char *library_path = getenv("LD_LIBRARY_PATH");
  uint32_t handle = 0;
  error_text[0] = 0;
  int number = interlink_dlopen(path, path == 0 ? 0 : strlen(path), (uint32_t)flags, error_text, sizeof error_text,
                                library_path, library_path == 0 ? 0 : strlen(library_path), &handle);
  return failed(number, "dlopen failed") ? 0 : (void *)(uintptr_t)handle;
}

void *dlsym(void *handle, const char *symbol) {
  uintptr_t address = 0;
  error_text[0] = 0;
  int number = interlink_dlsym((uint32_t)(uintptr_t)handle, symbol, strlen(symbol), error_text, sizeof error_text,
                               &address);
  return failed(number, "dlsym failed") ? 0 : (void *)address;
}

int dlclose(void *handle) {
  error_text[0] = 0;
  int number = interlink_dl_invalid_handle((uint32_t)(uintptr_t)handle);
  return failed(number, "dlclose: not a handle of an open library") ? -1 : 0;
}

void *dlvsym(void *handle, const char *symbol, const char *version) {
  (void)version;
  return dlsym(handle, symbol);
}

void *dlmopen(Lmid_t space, const char *path, int flags) {
  if (space == LM_ID_BASE) {
    return dlopen(path, flags);
  }
  error_text[0] = 0;
  failed(1, "dlmopen: there is one namespace only");
  return 0;
}

int interlink_dl_refuse(const char *text) {
  error_text[0] = 0;
  failed(1, text);
  return -1;
}

char *dlerror(void) {
  int fresh = error_is_new;
  error_is_new = 0;
  return fresh ? error_text : 0;
}
