// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plugins.hh"

#include <asio/experimental/awaitable_operators.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

using asio::use_awaitable;

asio::awaitable<std::unique_ptr<plugins>> plugins::start(asio::any_io_executor executor, plugin_settings settings)
{
  std::unique_ptr<plugins> made(new plugins(executor, std::move(settings)));
  interlink::runtime runtime(executor);
  const auto program = co_await runtime.async_compile(made->settings_.directory + "/plugin_host.wasm", use_awaitable);
  interlink::process_options options;
  options.directories.push_back({made->settings_.directory, "."});
  options.errors = interlink::stream::inherited();
  options.memory_limit = made->settings_.memory_bytes;
  made->guest_ = co_await interlink::process::async_make(executor, program, std::move(options), use_awaitable);
  auto first = co_await made->guest_.async_start(use_awaitable);
  made->workers_.push_back(std::make_shared<worker>(std::move(first)));
  made->current_ = co_await made->open(interlink::open_flag::now);
  co_return made;
}

asio::awaitable<std::shared_ptr<const plugins::plugin>> plugins::open(interlink::open_flag flags)
{
  const std::shared_ptr<worker> by = co_await idlest();
  auto library = co_await by->group.async_open("./libplugin.so", flags, use_awaitable);
  auto opened = std::make_shared<plugin>(*this, std::move(library));
  opened->answer = co_await by->group.async_find<int(std::string, interlink::guest_ptr<>, int)>(
      opened->library, "plugin_answer", use_awaitable);
  co_return opened;
}

asio::awaitable<void> plugins::reload()
{
  current_ = co_await open(interlink::open_flag::now | interlink::open_flag::reload);
  ++metrics_.reloads;
}

asio::awaitable<std::shared_ptr<plugins::worker>> plugins::idlest()
{
  std::erase_if(workers_, [](const auto& each) { return each->is_lost; });
  while (workers_.size() < settings_.threads) { // the first time, and one for each that computes on
    auto another = co_await guest_.async_spawn_group(use_awaitable);
    workers_.push_back(std::make_shared<worker>(std::move(another)));
  }
  co_return *std::ranges::min_element(workers_, {}, [](const auto& each) { return each->under_way; });
}

asio::awaitable<std::string> plugins::answer(std::string request)
{
  using namespace asio::experimental::awaitable_operators;
  constexpr int room = 4096;
  const std::shared_ptr<worker> by = co_await idlest();
  const std::shared_ptr<const plugin> called = current_;
  ++by->under_way;
  metrics_.most_under_way = std::max(metrics_.most_under_way, ++metrics_.under_way);
  ++metrics_.requests;
  // One hop to the guest's thread: a buffer there, the call, and a copy of the answer. It has a name, because GCC 12
  // copies unnamed objects in a co_await expression as bytes.
  auto ask = [answers = called->answer,
              request = std::move(request)](interlink::guest_context& guest) -> interlink::result<std::string> {
    auto buffer = guest.allocate(room);
    if (!buffer) {
      return interlink::fail(buffer.error());
    }
    const auto length = guest.call(answers, request, buffer->get(), room);
    if (!length) {
      return interlink::fail(length.error());
    }
    return guest.read_string_of(buffer->get(), static_cast<std::uint32_t>(*length));
  };
  asio::steady_timer timer(executor_, settings_.longest_answer);
  auto asked = by->group.async_invoke(std::move(ask), interlink::as_result(use_awaitable));
  auto is_due = timer.async_wait(use_awaitable);
  auto outcome = co_await (std::move(asked) || std::move(is_due));
  --by->under_way;
  --metrics_.under_way;
  if (outcome.index() == 1) {
    by->is_lost = true;
    ++metrics_.timeouts;
    throw interlink::failure({interlink::errc::deadline_passed, "the plugin has not answered in time"});
  }
  auto& answered = std::get<0>(outcome);
  if (!answered) {
    ++metrics_.failures;
    throw interlink::failure(answered.error());
  }
  co_return std::move(*answered);
}

void plugins::close(const interlink::library& old)
{
  if (is_stopping_) {
    return; // it goes with its process
  }
  const auto by = std::ranges::find_if(workers_, [](const auto& each) { return !each->is_lost; });
  if (by != workers_.end()) {
    (*by)->group.async_close(old, interlink::as_error_code([this](std::error_code failed) {
                               if (!failed) {
                                 ++metrics_.closed;
                               }
                             }));
  }
}

asio::awaitable<bool> plugins::stop()
{
  is_stopping_ = true;
  const auto stopped = co_await guest_.async_stop(std::chrono::seconds(5), use_awaitable);
  current_.reset();
  workers_.clear();
  co_return stopped.still_running.empty();
}
