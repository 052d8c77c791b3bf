// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// POSIX threads: the packaged library's, with a function that it lacks.
#pragma once

#include_next <pthread.h>

#ifdef _GNU_SOURCE
#ifdef __cplusplus
extern "C" {
#endif

int pthread_getname_np(pthread_t thread, char *name, size_t size);

#ifdef __cplusplus
}
#endif
#endif
