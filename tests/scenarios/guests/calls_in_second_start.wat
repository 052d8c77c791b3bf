;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library whose start function, in the second thread that it runs in, sets main's word `starting`, waits for main's
;; word `go_on`, and then calls indirectly: a check inside of a catch up, which catches up with what was opened meanwhile.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "env" "__indirect_function_table" (table 0 funcref))
  (import "env" "__memory_base" (global $base i32))
  (import "env" "__table_base" (global $slots i32))
  (import "GOT.mem" "starting" (global $starting (mut i32)))
  (import "GOT.mem" "go_on" (global $go_on (mut i32)))
  (func $nothing)
  (elem (global.get $slots) $nothing)
  (func $start
    (if (i32.eq (i32.atomic.rmw.add (global.get $base) (i32.const 1)) (i32.const 1))
      (then
        (i32.atomic.store (global.get $starting) (i32.const 1))
        (loop $again (br_if $again (i32.eqz (i32.atomic.load (global.get $go_on)))))
        (call_indirect (global.get $slots)))))
  (start $start)
  (func (export "calls_in_second_start_value") (result i32) (i32.const 1)))
