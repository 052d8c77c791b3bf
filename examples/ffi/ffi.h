// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A small foreign function interface, as interpreters have it: calls of C functions whose types are texts, and C functions that
// call the interpreter back. A type is its result and its arguments: "d(id)" takes an int and a double and returns a double;
// i int, d double, p pointer, v nothing.
#pragma once

#include <stdint.h>

typedef union {
  int32_t i;
  double d;
  void *p;
} ffi_value;

// Calls the function. 0, or an errno number: the text is no type, or the function has another one.
int ffi_call(const char *type, void *function, const ffi_value *arguments, ffi_value *result);

typedef void ffi_handler(void *datum, const ffi_value *arguments, ffi_value *result);

// A C function of that type that calls the handler, in every thread. Null when it cannot be made.
void *ffi_make(const char *type, ffi_handler *handler, void *datum);

// Nobody calls it any more.
void ffi_free(void *function);
