;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library with a hundred functions in its element segment, for tables that cannot grow so far.
(module
  (import "env" "__indirect_function_table" (table 100 funcref))
  (import "env" "__table_base" (global $table_base i32))
  (elem (global.get $table_base) func
    $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
    $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f
    $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f $f)
  (func $f)
  (func (export "many_slots_base") (result i32) (global.get $table_base)))
