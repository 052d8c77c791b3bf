// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Closures and dynamic calls for guests: functions of a type that is known only as the program runs, as libffi has them.
// Names, numbers and layouts are those of the WASIX interface; nothing has to be linked.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// The type of an argument or a result.
enum { CLOSURE_I32 = 0, CLOSURE_I64 = 1, CLOSURE_F32 = 2, CLOSURE_F64 = 3, CLOSURE_V128 = 4 };

// What a closure calls. The arguments lie packed at the first address, without padding; the results are expected at the second,
// packed alike, and are undefined where nothing is put.
typedef void closure_backing(const uint8_t *arguments, uint8_t *results, void *datum);

struct closure_signature {
  uint8_t is_cacheable; // no other function will come to have this address
  uint8_t unused;
  uint16_t arguments; // how many
  uint16_t results;
};

// Errors are errno numbers: 28 is EINVAL, 48 ENOMEM, 58 ENOTSUP, 61 EOVERFLOW, 78 a buffer outside of the memory.
#define INTERLINK_CLOSURE(name) __attribute__((import_module("wasix_32v1"), import_name(name)))

// Sets an address aside. It is a function pointer of whatever type it is prepared for, in every thread; a call before that traps.
INTERLINK_CLOSURE("closure_allocate") int closure_allocate(void **closure);

// Gives the address its function: of that type, calling backing with that datum. May be done again, for another type too, while
// other threads call it: they find the former function or the new one.
INTERLINK_CLOSURE("closure_prepare")
int closure_prepare(closure_backing *backing, void *closure, const uint8_t *argument_types, uint32_t arguments,
                    const uint8_t *result_types, uint32_t results, void *datum);

// A call traps from now on, until the address is given out again. Does nothing when it is no closure's.
INTERLINK_CLOSURE("closure_free") int closure_free(void *closure);

// Calls a function of any type. Values and results lie packed in their buffers, whose sizes are bytes. Strict: sizes that do
// not fit the type are EINVAL, and nothing is called; else missing values are 0, and what has no room is left out.
INTERLINK_CLOSURE("call_dynamic")
int call_dynamic(void *function, const void *values, uint32_t values_size, void *results, uint32_t results_size, int is_strict);

// The type of a function. EOVERFLOW when a buffer has too little room: the counts are right then, and the buffers as before.
INTERLINK_CLOSURE("reflect_signature")
int reflect_signature(void *function, uint8_t *argument_types, uint32_t arguments_room, uint8_t *result_types,
                      uint32_t results_room, struct closure_signature *signature);

#undef INTERLINK_CLOSURE

#ifdef __cplusplus
}
#endif
