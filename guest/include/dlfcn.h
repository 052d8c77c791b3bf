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
// Ours: looks at the file again although a library of this name is open. Another file is another library beside that one,
// which stays until it is closed. Not for libraries of global scope.
#define RTLD_RELOAD 64

// Handles for a search in global scope and then the calling library's own; and behind the caller in the order in which it was
// loaded. A call through a pointer to dlsym counts as the program's.
#define RTLD_DEFAULT ((void *)0)
#define RTLD_NEXT ((void *)-1)

// Opens the library, or the program itself when path is null. Null and a text in dlerror when it fails. The environment's
// LD_LIBRARY_PATH is searched for names without a slash.
void *dlopen(const char *path, int flags);

// The address of a variable or function. Null is also what a weak undefined symbol has: dlerror tells them apart.
void *dlsym(void *handle, const char *symbol);

// Gives the handle back; the last one unloads the library and what nothing else needs, destructors first. 0, or nonzero when
// the handle names no open library.
int dlclose(void *handle);

// What went wrong last in this thread, once; then null.
char *dlerror(void);

// Libraries have no symbol versions: the version is not looked at.
void *dlvsym(void *handle, const char *symbol, const char *version);

// There is one namespace: LM_ID_BASE is it, any other is refused.
typedef long Lmid_t;
#define LM_ID_BASE 0
#define LM_ID_NEWLM (-1)
void *dlmopen(Lmid_t space, const char *path, int flags);

// What lies at an address: a function's is its number in the function table. Strings are valid until the library is closed.
typedef struct {
  const char *dli_fname;  // The library's path.
  void *dli_fbase;        // Where its data begin.
  const char *dli_sname;  // The exported symbol at or below the address; null when there is none.
  void *dli_saddr;
} Dl_info;

// Nonzero, or 0 when the address is in no module; dlerror tells nothing then.
int dladdr(const void *address, Dl_info *info);

enum { RTLD_DI_LINKMAP = 2, RTLD_DI_ORIGIN = 6 };

// RTLD_DI_LINKMAP: a struct link_map * (<link.h>); RTLD_DI_ORIGIN: the library's directory, into a buffer of PATH_MAX bytes. 0,
// or -1 and a text in dlerror.
int dlinfo(void *handle, int request, void *result);

#ifdef __cplusplus
}
#endif
