// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Thread-local variables as a library of the WASIX toolchain has them: it exports one function that asks the allocator
// for the block and initialises it, instead of wasm-ld's own initialiser.
#include <stddef.h>

void *aligned_alloc(size_t alignment, size_t size);
void __wasm_init_tls(void *block);

static _Thread_local int counter = 3;

void *__wasix_init_tls(void) {
  void *block = aligned_alloc(__builtin_wasm_tls_align(), __builtin_wasm_tls_size());
  if (block == 0) {
    __builtin_trap();
  }
  __wasm_init_tls(block);
  return block;
}

int wasix_tls_next(void) { return ++counter; }
int *wasix_tls_address(void) { return &counter; }
void *wasix_tls_allocate(size_t size) { return aligned_alloc(16, size); }
