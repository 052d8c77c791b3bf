;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library whose start function traps after it has written to its own data.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "env" "__memory_base" (global $memory_base i32))
  (func $start (i32.store (global.get $memory_base) (i32.const 77)) unreachable)
  (start $start)
  (func (export "trapping_start_value") (result i32) (i32.load (global.get $memory_base))))
