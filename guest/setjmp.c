// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What LLVM's lowering of setjmp and longjmp calls. A jump is an exception of the tag `__c_longjmp`, which all modules of a
// program share; the frame that called setjmp catches it and asks whether the jump is meant for it.
#include <stdint.h>

struct jump_argument {
  void *environment;
  int value;
};

// Lies at the start of a jmp_buf, which is larger.
struct jump_environment {
  void *invocation;
  uint32_t label;
  struct jump_argument argument;
};

void __wasm_setjmp(void *environment, uint32_t label, void *invocation) {
  struct jump_environment *jump = environment;
  jump->invocation = invocation;
  jump->label = label;
}

// The label of the setjmp call, when it was made by this invocation of the function; else 0.
uint32_t __wasm_setjmp_test(void *environment, void *invocation) {
  struct jump_environment *jump = environment;
  return jump->invocation == invocation ? jump->label : 0;
}

void __wasm_longjmp(void *environment, int value) {
  struct jump_environment *jump = environment;
  jump->argument.environment = environment;
  jump->argument.value = value == 0 ? 1 : value;
  __builtin_wasm_throw(1, &jump->argument);
}
