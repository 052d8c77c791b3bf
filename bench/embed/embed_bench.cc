// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Calls of a guest by the public header, beside what one would use instead: the engine's own C++ interface, on a thread
// that asio posts to.
#include "bench/support/samples.hh"

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/use_future.hpp>
#include <benchmark/benchmark.h>
#include <interlink/interlink.hh>
#include <wasmtime.hh>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <iterator>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<std::size_t> allocations{0};

} // namespace

void* operator new(std::size_t size)
{
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* made = std::malloc(size)) {
    return made;
  }
  throw std::bad_alloc();
}

void operator delete(void* freed) noexcept
{
  std::free(freed);
}

void operator delete(void* freed, std::size_t) noexcept
{
  std::free(freed);
}

namespace interlink::bench {
namespace {

using clock = std::chrono::steady_clock;

std::vector<std::uint8_t> program_bytes()
{
  std::ifstream file(INTERLINK_GUEST_DIR "/bench_plain.wasm", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// A thread that runs a context.
class thread_of_context {
public:
  thread_of_context() : thread_([this] { context.run(); }) {}

  ~thread_of_context()
  {
    work_.reset();
    thread_.join();
  }

  thread_of_context(const thread_of_context&) = delete;
  thread_of_context& operator=(const thread_of_context&) = delete;

  asio::io_context context;

private:
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context);
  std::thread thread_;
};

/// A started process with one group and its function.
class guest {
public:
  explicit guest(asio::io_context& context) : runtime_(context)
  {
    const program made = runtime_.async_compile(INTERLINK_GUEST_DIR "/bench_plain.wasm", asio::use_future).get();
    process_ = process::async_make(context.get_executor(), made, {}, asio::use_future).get();
    at = process_.async_start(asio::use_future).get();
    add = at.async_find<int(int, int)>(library::of_program(), "add", asio::use_future).get();
  }

  group at;
  function<int(int, int)> add;

private:
  runtime runtime_;
  process process_;
};

/// The engine's own, without any of ours.
class engine_alone {
public:
  engine_alone()
      : module_(compiled(engine_)),
        instance_(wasmtime::Instance::create(store_, module_, {}).unwrap()),
        add_(std::get<wasmtime::Func>(*instance_.get(store_, "add"))
                 .typed<std::tuple<std::int32_t, std::int32_t>, std::int32_t>(store_)
                 .unwrap())
  {
  }

  std::int32_t add(std::int32_t a, std::int32_t b) { return add_.call(store_, {a, b}).unwrap(); }

private:
  static wasmtime::Module compiled(wasmtime::Engine& engine)
  {
    std::vector<std::uint8_t> bytes = program_bytes(); // named: the interface takes views of what stays
    return wasmtime::Module::compile(engine, bytes).unwrap();
  }

  wasmtime::Engine engine_;
  wasmtime::Store store_{engine_};
  wasmtime::Module module_;
  wasmtime::Instance instance_;
  wasmtime::TypedFunc<std::tuple<std::int32_t, std::int32_t>, std::int32_t> add_;
};

/// Round trips one after the other, each begun on the client's thread when the one before has come back there.
/// `begin(client, done)` goes away and calls `done` on the client's thread.
template <class Begin>
void measure_round_trips(benchmark::State& state, thread_of_context& client, Begin begin)
{
  const int wanted = samples_wanted(20'000);
  const int warm_up = std::min(wanted, 1000);
  for (auto _ : state) {
    std::vector<double> taken;
    taken.reserve(static_cast<std::size_t>(wanted));
    std::promise<void> all;
    std::size_t allocated = 0;
    int left = wanted + warm_up;
    clock::time_point began;

    struct round {
      std::vector<double>& taken;
      std::promise<void>& all;
      std::size_t& allocated;
      int& left;
      int counted;
      clock::time_point& began;
      Begin& begin;

      void go()
      {
        began = clock::now();
        begin([this] {
          const double seconds = std::chrono::duration<double>(clock::now() - began).count();
          if (left <= counted) {
            taken.push_back(seconds);
          } else if (left == counted + 1) {
            allocated = allocations.load(std::memory_order_relaxed);
          }
          if (--left == 0) {
            allocated = allocations.load(std::memory_order_relaxed) - allocated;
            all.set_value();
          } else {
            go();
          }
        });
      }
    };

    round each{taken, all, allocated, left, wanted, began, begin};
    asio::post(client.context, [&each] { each.go(); });
    all.get_future().wait();
    state.counters["p50"] = 1e9 * quantile(taken, 0.5);
    state.counters["p99"] = 1e9 * quantile(taken, 0.99);
    state.counters["allocations"] = static_cast<double>(allocated) / wanted;
    state.SetIterationTime(quantile(taken, 0.5));
  }
}

void round_trip_of_posts(benchmark::State& state)
{
  thread_of_context client;
  thread_of_context server;
  measure_round_trips(state, client, [&](auto done) {
    asio::post(server.context, [&client, done] { asio::post(client.context, done); });
  });
}

void round_trip_of_the_engine(benchmark::State& state)
{
  thread_of_context client;
  thread_of_context server;
  engine_alone engine;
  measure_round_trips(state, client, [&](auto done) {
    asio::post(server.context, [&, done] {
      benchmark::DoNotOptimize(engine.add(40, 2));
      asio::post(client.context, done);
    });
  });
}

void round_trip_of_ours(benchmark::State& state)
{
  thread_of_context client;
  guest guest(client.context);
  measure_round_trips(state, client, [&](auto done) {
    guest.at.async_call(guest.add, {40, 2}, [done](const std::exception_ptr&, int) { done(); });
  });
}

void in_one_hop_of_the_engine(benchmark::State& state)
{
  engine_alone engine;
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine.add(40, 2));
  }
}

void in_one_hop_of_ours(benchmark::State& state)
{
  thread_of_context client;
  guest guest(client.context);
  guest.at
      .async_invoke(
          [&](guest_context& context) {
            for (auto _ : state) {
              benchmark::DoNotOptimize(*context.call(guest.add, 40, 2));
            }
          },
          asio::use_future)
      .get();
}

BENCHMARK(round_trip_of_posts)->Name("embed/round_trip/asio_post")->UseManualTime()->Iterations(1);
BENCHMARK(round_trip_of_the_engine)->Name("embed/round_trip/wasmtime")->UseManualTime()->Iterations(1);
BENCHMARK(round_trip_of_ours)->Name("embed/round_trip/interlink")->UseManualTime()->Iterations(1);
BENCHMARK(in_one_hop_of_the_engine)->Name("embed/one_hop/wasmtime");
BENCHMARK(in_one_hop_of_ours)->Name("embed/one_hop/interlink")->UseRealTime();

} // namespace
} // namespace interlink::bench
