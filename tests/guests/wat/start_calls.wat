;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library whose start function calls through the table, uses the stack below the stack pointer, and leaves a mark in its
;; own instance. Such a start function is an open initialiser: it may meet any guest code.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "env" "__indirect_function_table" (table 1 funcref))
  (import "env" "__memory_base" (global $memory_base i32))
  (import "env" "__table_base" (global $table_base i32))
  (import "env" "__stack_pointer" (global $stack_pointer (mut i32)))
  (type $nothing (func))
  (global $started (mut i32) (i32.const 0))
  (elem (global.get $table_base) func $bump)

  ;; Counts the instances at the start of the module's data, and overwrites 64 bytes below the stack pointer.
  (func $bump (type $nothing) (local $at i32)
    (drop (i32.atomic.rmw.add (global.get $memory_base) (i32.const 1)))
    (local.set $at (i32.sub (global.get $stack_pointer) (i32.const 64)))
    (loop $next
      (i32.store (local.get $at) (i32.const 0x5a5a5a5a))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (i32.lt_u (local.get $at) (global.get $stack_pointer))))
    (global.set $started (i32.add (global.get $started) (i32.const 1))))

  (func $start (call_indirect (type $nothing) (global.get $table_base)))
  (start $start)

  (func (export "start_calls_instances") (result i32) (i32.atomic.load (global.get $memory_base)))
  (func (export "start_calls_here") (result i32) (global.get $started)))
