// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The dlopen family for guests. Names and meaning are POSIX's, the numbers those of the WASIX interface.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

#define RTLD_LOCAL 0
#define RTLD_LAZY 1
#define RTLD_NOW 2
#define RTLD_GLOBAL 4
#define RTLD_NOLOAD 8
#define RTLD_NODELETE 16
#define RTLD_DEEPBIND 32

// The handle for a search in global scope.
#define RTLD_DEFAULT ((void *)0)

// Opens the library, or the program itself when path is null. Null and a text in dlerror when it fails. The environment's
// LD_LIBRARY_PATH is searched for names without a slash.
void *dlopen(const char *path, int flags);

// The address of a variable or function. Null is also what a weak undefined symbol has: dlerror tells them apart.
void *dlsym(void *handle, const char *symbol);

// 0, or nonzero when the handle names no open library.
int dlclose(void *handle);

// What went wrong last in this thread, once; then null.
char *dlerror(void);

#ifdef __cplusplus
}
#endif
