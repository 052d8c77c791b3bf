# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# red_zone(function) keeps two values below the stack pointer, as a compiled leaf function may, while it calls through the
# table a function that uses no stack. Returns 1 when they are still there.
  .globaltype __stack_pointer, i32

  .globl red_zone
red_zone:
  .functype red_zone (i32) -> (i32)
  .local i32
  global.get __stack_pointer
  i32.const 32
  i32.sub
  local.tee 1
  i32.const 0x12345678
  i32.store 0
  local.get 1
  i32.const 0x76543210
  i32.store 16
  local.get 0
  call_indirect () -> (i32)
  drop
  local.get 1
  i32.load 0
  i32.const 0x12345678
  i32.eq
  local.get 1
  i32.load 16
  i32.const 0x76543210
  i32.eq
  i32.and
  end_function

# What the objects of compilers say of themselves: without it the module could not share a memory.
  .section .custom_section.target_features,"",@
  .int8 2
  .int8 43
  .int8 7
  .ascii "atomics"
  .int8 43
  .int8 11
  .ascii "bulk-memory"
