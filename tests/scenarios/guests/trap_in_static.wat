;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A program without dylink.0, whose waits the host serves: what follows them has moved when it traps.
(module
  (import "env" "memory" (memory 1 1 shared))
  (func $waits (result i32)
    (memory.atomic.wait32 (i32.const 0) (i32.const 1) (i64.const 0)))
  (func $traps
    (drop (i32.add (call $waits) (call $waits)))
    unreachable)
  (func (export "_start")
    (drop (call $waits))
    (call $traps)))
