// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the tests of the public header share: a started process and its first group. Nothing else of the library is
// included, and the program is linked with the library that is installed.
#pragma once

#include <asio/co_spawn.hpp>
#include <asio/io_context.hpp>
#include <asio/use_awaitable.hpp>
#include <gtest/gtest.h>
#include <interlink/interlink.hh>

#include <chrono>
#include <cstddef>
#include <fstream>
#include <functional>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace embedding {

using namespace interlink;
using asio::use_awaitable;
using namespace std::chrono_literals;

inline std::string guest_file(const std::string& name)
{
  return std::string(INTERLINK_GUEST_DIR) + "/" + name;
}

inline std::vector<std::byte> bytes_of(const std::string& path)
{
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

inline runtime_options with_cache()
{
  runtime_options options;
  options.cache_directory = INTERLINK_SCENARIO_CACHE;
  return options;
}

/// What the guest `embed_host` imports.
inline host_functions functions()
{
  host_functions made;
  made.add("embedder", "describe", [](guest_context& guest, std::string text, int number) {
    return text == "from the guest" ? number + static_cast<int>(guest.group()) : -1;
  });
  made.add("embedder", "fails", [](int how) -> result<int> {
    if (how == 0) {
      return fail(errc::limit_exceeded, "the plugin has used its quota");
    }
    if (how == 1) {
      throw std::runtime_error("the database is gone");
    }
    return how;
  });
  made.add("embedder", "calls_back", [](guest_context& guest, guest_ptr<> pointer, int a) -> result<int> {
    const auto called = guest.function_at<int(int, int)>(pointer);
    return called ? guest.call(*called, a, 2) : fail(called.error());
  });
  return made;
}

inline process_options with_functions()
{
  process_options options;
  options.directories.push_back({INTERLINK_GUEST_DIR, "."});
  options.functions = functions();
  return options;
}

/// Runs `body` with a started process and its first group, on one thread; what it throws is the test's failure.
inline void embed(const std::function<asio::awaitable<void>(process&, group&)>& body,
                  process_options options = with_functions(), // NOLINT(performance-unnecessary-value-param)
                  const runtime_options& how = with_cache(), const std::string& program_file = "embed_host.wasm")
{
  asio::io_context context;
  runtime shared(context, how);
  std::exception_ptr thrown;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const program made = co_await shared.async_compile(guest_file(program_file), use_awaitable);
        process guest = co_await process::async_make(context.get_executor(), made, std::move(options), use_awaitable);
        group first = co_await guest.async_start(use_awaitable);
        co_await body(guest, first);
        const stop_report stopped = co_await guest.async_stop(10s, use_awaitable);
        EXPECT_TRUE(stopped.still_running.empty());
      },
      [&](std::exception_ptr failed) { thrown = std::move(failed); });
  context.run();
  if (thrown) {
    ADD_FAILURE() << to_error(thrown).message();
  }
}

template <class Signature>
asio::awaitable<function<Signature>> find(group in, std::string name)
{
  co_return co_await in.async_find<Signature>(library::of_program(), std::move(name), use_awaitable);
}

} // namespace embedding
