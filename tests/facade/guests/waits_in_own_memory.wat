;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; A static program with a shared memory of its own. It waits for a notify that nobody can send; when the wait ends all the
;; same, it exits with 40, plus the wait's answer, plus the error of a host call that writes to the memory, plus 1 if it did not.
(module
  (import "wasi_snapshot_preview1" "clock_res_get" (func $resolution (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1 2 shared)
  (func $initialise
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1)))) ;; as wasm-ld's start function does
  (start $initialise)
  (func (export "_start")
    i32.const 40
    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1))
    i32.add
    (call $resolution (i32.const 1) (i32.const 8))
    i32.add
    (i64.eqz (i64.load (i32.const 8)))
    i32.add
    call $exit))
