;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A dynamic program whose start function traps. It calls indirectly first, so that the rewriter inserts a check.
(module
  (import "env" "memory" (memory 0))
  (import "env" "__indirect_function_table" (table 0 funcref))
  (func $nothing)
  (func $traps
    (if (i32.eqz (memory.size)) (then (call_indirect (i32.const 1))))
    unreachable)
  (func $start (call $traps))
  (func (export "_start"))
  (start $start))
