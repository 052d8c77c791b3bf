// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Starts the guest named on the command line (a reactor) and calls one of its functions. Prints the sum, or what
// failed.
#include "engine/engine.hh"

#include <asio/steady_timer.hpp>
#include <asio/thread_pool.hpp>
#include <asio/use_future.hpp>
#include <interlink/interlink.hh>

#include <chrono>
#include <cstdio>

static_assert(engine::cylinders == 4 && INTERLINK_VERSION >= 100);

int main(int argc, char** argv)
{
  if (argc != 2) {
    return 2;
  }
  asio::thread_pool handlers(1);
  try {
    // The library's own loop and timer run beside the program's.
    asio::steady_timer timer(handlers, std::chrono::milliseconds(1));
    timer.async_wait(asio::use_future).get();
    interlink::runtime runtime(handlers);
    const auto program = runtime.async_compile(argv[1], asio::use_future).get();
    auto guest = interlink::process::async_make(handlers.get_executor(), program, {}, asio::use_future).get();
    auto group = guest.async_start(asio::use_future).get();
    const auto add =
        group.async_find<int(int, int)>(interlink::library::of_program(), "embedded_add", asio::use_future).get();
    std::printf("sum %d\n", group.async_call(add, {40, 2}, asio::use_future).get());
    guest.async_stop(std::chrono::seconds(5), asio::use_future).wait();
  } catch (const interlink::failure& why) {
    std::fprintf(stderr, "consumer: %s\n", why.what());
    return 1;
  }
}
