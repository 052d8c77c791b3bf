;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Takes the address of one function of the embedder's under both of its names.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "env" "__indirect_function_table" (table 1 funcref))
  (import "GOT.func" "embedder_twice" (global $twice (mut i32)))
  (import "GOT.func" "passed_on_twice" (global $passed_on (mut i32)))
  (type $unary (func (param i32) (result i32)))

  (func (export "has_one_address") (result i32) (i32.eq (global.get $twice) (global.get $passed_on)))
  (func (export "call_by_address") (type $unary) (call_indirect (type $unary) (local.get 0) (global.get $twice))))
