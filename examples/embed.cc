// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program on asio that runs a guest, opens a library in one of its groups, and calls in another what it found there.
// Usage: embed DIRECTORY, which holds embedded.wasm and libplain.so.
#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <interlink/interlink.hh>

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

using asio::use_awaitable;

namespace {

// By value: the coroutine outlives the caller's text.
asio::awaitable<void> embed(std::string directory) // NOLINT(performance-unnecessary-value-param)
{
  const auto executor = co_await asio::this_coro::executor;
  interlink::runtime runtime(executor);
  const auto program = co_await runtime.async_compile(directory + "/embedded.wasm", use_awaitable);
  interlink::process_options options;
  options.directories.push_back({directory, "."});
  auto guest = co_await interlink::process::async_make(executor, program, std::move(options), use_awaitable);

  auto first = co_await guest.async_start(use_awaitable);
  const auto library = co_await first.async_open("./libplain.so", interlink::open_flag::now, use_awaitable);
  const auto add = co_await first.async_find<int(int, int)>(library, "plain_add", use_awaitable);

  auto second = co_await guest.async_spawn_group(use_awaitable);
  const int sum = co_await second.async_call(add, {40, 2}, use_awaitable);
  std::printf("40 + 2 = %d\n", sum);

  const auto stopped = co_await guest.async_stop(std::chrono::seconds(5), use_awaitable);
  std::printf("%zu threads left\n", stopped.still_running.size());
}

} // namespace

int main(int argc, char** argv)
{
  asio::io_context context;
  int code = 0;
  asio::co_spawn(context, embed(argc > 1 ? argv[1] : "."), [&](const std::exception_ptr& failed) {
    if (failed) {
      std::fprintf(stderr, "embed: %s\n", interlink::to_error(failed).message().c_str());
      code = 1;
    }
  });
  context.run();
  return code;
}
