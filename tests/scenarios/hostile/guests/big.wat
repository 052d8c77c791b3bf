;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A library with more data than the linker's arena has room for (100,000,000 bytes, by its dylink.0 section).
(module
  (import "env" "memory" (memory 0 65536 shared))
  (import "env" "__memory_base" (global $memory_base i32))
  (func (export "big_base") (result i32) (global.get $memory_base))
  (global (export "big_last") i32 (i32.const 99999996)))
