;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library whose start function traps in the second thread that it runs in: when that catches up.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "env" "__memory_base" (global $base i32))
  (func $traps unreachable)
  (func $start
    (if (i32.eq (i32.atomic.rmw.add (global.get $base) (i32.const 1)) (i32.const 1)) (then (call $traps))))
  (start $start)
  (func (export "traps_in_second_start_value") (result i32) (i32.const 1)))
