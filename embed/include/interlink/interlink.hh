// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Interlink: guest programs in WebAssembly, with threads and shared libraries, for programs on asio. This is the header
// to include; docs/embedding.md is the guide.
//
//     interlink::runtime runtime(context);                                     // an asio::io_context
//     auto program = co_await runtime.async_compile("plugins.wasm", use_awaitable);
//     auto process = co_await interlink::process::async_make(context.get_executor(), program, {}, use_awaitable);
//     auto group = co_await process.async_start(use_awaitable);                // a guest thread
//     auto library = co_await group.async_open("./plugin.so", interlink::open_flag::now, use_awaitable);
//     auto add = co_await group.async_find<int(int, int)>(library, "add", use_awaitable);
//     int sum = co_await group.async_call(add, {40, 2}, use_awaitable);
//
// Every async_ function takes any completion token and completes exactly once, never inline, on the handler's
// associated executor, or else on that of the object. Memory comes from the handler's associated allocator. The default
// signature is `void(std::exception_ptr, T)`: `use_awaitable` throws what is in it, `as_tuple`, `wait_for_one_success`
// and the operators || and && tell success from failure by it, and unlike an error code it says which module, symbol or
// limit it was. `as_result` and `as_error_code` complete with these instead. An associated cancellation slot is used;
// cancellation and deadlines are in the guide.
//
// Guest code runs on the guest's own threads, never on the embedder's.
#pragma once

#include <interlink/config.hh>
#include <interlink/error.hh>
#include <interlink/guest_context.hh>
#include <interlink/handles.hh>
#include <interlink/host_functions.hh>
#include <interlink/log.hh>
#include <interlink/options.hh>
#include <interlink/policy.hh>
#include <interlink/process.hh>
#include <interlink/tokens.hh>
#include <interlink/values.hh>
#include <interlink/version.hh>
