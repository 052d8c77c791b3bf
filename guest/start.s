# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What C cannot say: the entry of a thread, its end, and the variables that each instance has for itself.
#
# A thread's stack and its thread-local storage lie in one block that whoever joins the thread frees. So the last thing
# a thread does in that memory is to say that it is done with it: a store and a wake-up that use no stack.

  .globaltype __stack_pointer, i32
  .globaltype __tls_base, i32
  .functype __wasm_init_tls (i32) -> ()
  .functype interlink_thread_main (i32, i32) -> (i32)
  .functype interlink_main_thread () -> (i32)
  .functype interlink_thread_exit (i32) -> ()
  .import_module interlink_thread_exit, wasix_32v1
  .import_name interlink_thread_exit, thread_exit

# The calling thread's descriptor. Zero in the instances of the first thread and of threads that the host made by itself:
# these use the descriptor of the main thread, so that errno works before any constructor has run.
  .globaltype interlink_self, i32
interlink_self:

# wasi_thread_start(tid, start): start is a struct start_args (threads.c).
  .globl wasi_thread_start
  .export_name wasi_thread_start, wasi_thread_start
wasi_thread_start:
  .functype wasi_thread_start (i32, i32) -> ()
  .local i32
  local.get 1
  i32.load 0
  global.set __stack_pointer
  local.get 1
  i32.load 4
  call __wasm_init_tls
  local.get 1
  i32.load 16
  global.set interlink_self
  local.get 0
  local.get 1
  call interlink_thread_main
  local.tee 2
  i32.const 0
  i32.atomic.store 0
  local.get 2
  i32.const -1
  memory.atomic.notify 0
  drop
  end_function

# interlink_leave(done): ends the calling thread from any depth of calls; never returns.
  .globl interlink_leave
interlink_leave:
  .functype interlink_leave (i32) -> ()
  local.get 0
  i32.const 0
  i32.atomic.store 0
  local.get 0
  i32.const -1
  memory.atomic.notify 0
  drop
  i32.const 0
  call interlink_thread_exit
  unreachable
  end_function

  .globl __get_tp
__get_tp:
  .functype __get_tp () -> (i32)
  global.get interlink_self
  if i32
  global.get interlink_self
  else
  call interlink_main_thread
  end_if
  end_function

  .globl _emscripten_tls_base
_emscripten_tls_base:
  .functype _emscripten_tls_base () -> (i32)
  global.get __tls_base
  end_function
