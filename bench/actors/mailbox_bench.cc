// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One message to an actor and its turn, beside the two usual ways to hand work over: a post to an asio executor, and a
// queue behind a mutex.
#include "actors/mailbox.hh"

#include "actors/serial_actor.hh"

#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/thread_pool.hpp>
#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

namespace interlink::bench {
namespace {

class counting_actor final : public serial_actor {
public:
  using serial_actor::serial_actor;

  std::uint64_t handled() const { return handled_.load(std::memory_order_relaxed); }

private:
  // Turns run one at a time, so that a plain increment is enough; atomic for the reader.
  void handle(mailbox_node&) override { handled_.store(handled() + 1, std::memory_order_relaxed); }

  void finish_batch() override {}

  std::atomic<std::uint64_t> handled_{0};
};

void push_and_take(benchmark::State& state)
{
  mailbox box;
  mailbox_node node;
  for (auto _ : state) {
    if (box.push(node)) {
      benchmark::DoNotOptimize(box.take());
      benchmark::DoNotOptimize(box.release());
    }
  }
}

void tell_idle_actor(benchmark::State& state)
{
  asio::thread_pool background(1);
  counting_actor actor(background.get_executor());
  mailbox_node node;
  for (auto _ : state) {
    actor.tell(node);
  }
  if (actor.handled() != static_cast<std::uint64_t>(state.iterations())) {
    state.SkipWithError("a message was lost");
  }
}

void post_and_poll(benchmark::State& state)
{
  asio::io_context context;
  std::uint64_t handled = 0;
  for (auto _ : state) {
    asio::post(context, [&handled] { ++handled; });
    context.restart();
    context.poll_one();
  }
  if (handled != static_cast<std::uint64_t>(state.iterations())) {
    state.SkipWithError("a message was lost");
  }
}

void post_to_other_thread_and_wait(benchmark::State& state)
{
  asio::thread_pool other(1);
  for (auto _ : state) {
    std::atomic<bool> is_done{false};
    asio::post(other, [&] {
      is_done.store(true, std::memory_order_release);
      is_done.notify_one();
    });
    is_done.wait(false, std::memory_order_acquire);
  }
}

void mutex_queue(benchmark::State& state)
{
  std::mutex mutex;
  std::deque<std::uint64_t> queue;
  std::uint64_t handled = 0;
  for (auto _ : state) {
    {
      const std::lock_guard lock(mutex);
      queue.push_back(1);
    }
    const std::lock_guard lock(mutex);
    handled += queue.front();
    queue.pop_front();
  }
  benchmark::DoNotOptimize(handled);
}

BENCHMARK(push_and_take)->Name("mailbox/push_and_take");
BENCHMARK(tell_idle_actor)->Name("mailbox/tell_and_turn");
BENCHMARK(post_and_poll)->Name("mailbox/asio_post_and_run");
BENCHMARK(post_to_other_thread_and_wait)->Name("mailbox/asio_post_to_other_thread")->UseRealTime();
BENCHMARK(mutex_queue)->Name("mailbox/mutex_queue");

} // namespace
} // namespace interlink::bench

BENCHMARK_MAIN();
