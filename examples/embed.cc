// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program on asio that runs a guest, opens a library in one of its groups, and calls in another what it found there.
// Usage: embed DIRECTORY, which holds embedded.wasm and libplain.so.
#include "engine/wasmtime_engine.hh"

#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>

#include <cstdio>
#include <cstdlib>

#include "process/process.hh"

namespace {

template <class T>
T check(interlink::result<T> outcome)
{
  if (!outcome) {
    std::fprintf(stderr, "embed: %s\n", outcome.error().message().c_str());
    std::exit(1);
  }
  return std::move(*outcome);
}

// By value: the coroutine outlives the caller's text.
asio::awaitable<void> embed(interlink::runtime& shared,
                            std::string directory) // NOLINT(performance-unnecessary-value-param)
{
  interlink::process_options options;
  options.wasi.preopens.push_back({directory, "."});
  auto guest = check(interlink::process::make(co_await asio::this_coro::executor, shared, directory + "/embedded.wasm",
                                              std::move(options)));

  interlink::group first = check(co_await guest.async_start(asio::use_awaitable));
  auto library = check(co_await first.async_open("./libplain.so", interlink::open_flag::now, asio::use_awaitable));
  auto add = check(co_await first.async_find_symbol(library, "plain_add", asio::use_awaitable));

  interlink::group second = check(co_await guest.async_spawn_group(asio::use_awaitable));
  std::vector<interlink::guest_value> numbers(1, 40);
  numbers.emplace_back(2);
  auto sum = check(co_await second.async_call(add, std::move(numbers), asio::use_awaitable));
  std::printf("40 + 2 = %d\n", std::get<std::int32_t>(sum.at(0)));

  auto stopped = check(co_await guest.async_stop(std::chrono::seconds(5), asio::use_awaitable));
  std::printf("%zu threads left\n", stopped.still_running.size());
}

} // namespace

int main(int argc, char** argv)
{
  interlink::runtime shared(check(interlink::engine::make_wasmtime_engine({})));
  asio::io_context context;
  asio::co_spawn(context, embed(shared, argc > 1 ? argv[1] : "."), asio::detached);
  context.run();
}
