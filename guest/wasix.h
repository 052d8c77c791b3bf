// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host functions of WASIX that the C library is built on, beside those of WASI preview 1.
#pragma once

#include <errno.h>
#include <stdint.h>

#define WASIX(name) __attribute__((import_module("wasix_32v1"), import_name(#name))) int wasix_##name

// Errno numbers are the same on both sides but for two: WASI's "not supported", and WASIX' own for a bad address.
static inline int interlink_errno_of(int error) { return error == 58 ? EOPNOTSUPP : error == 78 ? EFAULT : error; }

// The result of a function that fails with -1 and errno.
static inline int interlink_answer(int error) {
  if (error == 0) {
    return 0;
  }
  errno = interlink_errno_of(error);
  return -1;
}

// The same for the result of a system call, of which a negative errno value is a failure.
static inline int interlink_result(long result) {
  if (result < 0) {
    errno = (int)-result;
    return -1;
  }
  return (int)result;
}
