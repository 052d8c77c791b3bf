;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library whose start function throws and reaches no other module.
(module
  (tag $thrown (param i32))
  (func $start (throw $thrown (i32.const 5)))
  (start $start)
  (func (export "thrown_value") (result i32) i32.const 6))
