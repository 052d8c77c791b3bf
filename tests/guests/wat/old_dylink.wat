;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; The body of a library to which a test may give any dylink section, or none.
(module
  (import "env" "memory" (memory 0 65536 shared))
  (func (export "old_value") (result i32) i32.const 9))
