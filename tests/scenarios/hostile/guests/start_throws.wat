;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library whose start function calls main and throws.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "env" "called" (func $called (result i32)))
  (tag $thrown (param i32))
  (func $start (drop (call $called)) (throw $thrown (i32.const 5)))
  (start $start)
  (func (export "thrown_value") (result i32) i32.const 6))
