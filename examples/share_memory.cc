// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Two guest processes, one host function and one shared memory that the embedder made, reads and writes itself.
// Usage: share_memory DIRECTORY, which holds sharer.wasm.
#include "engine/wasmtime_engine.hh"

#include <asio/io_context.hpp>
#include <asio/use_future.hpp>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>

#include "process/process.hh"

namespace {

template <class T>
T check(interlink::result<T> outcome)
{
  if (!outcome) {
    std::fprintf(stderr, "share_memory: %s\n", outcome.error().message().c_str());
    std::exit(1);
  }
  return std::move(*outcome);
}

} // namespace

int main(int argc, char** argv)
{
  using namespace interlink;
  constexpr std::uint64_t pages = 17;
  constexpr std::size_t cell_address = 1 << 20; // above all that the guest itself uses
  runtime shared(check(engine::make_wasmtime_engine({})));
  auto memory = check(shared.engine()->make_shared_memory({{pages, pages}, true, false, 16}));
  auto* const cell = reinterpret_cast<std::uint32_t*>(memory->data() + cell_address);
  std::atomic_ref(*cell).store(100);

  std::atomic<int> calls{0};
  host_registry functions;
  functions.add("env", "memory", memory);
  functions.add("host", "step", {{}, {wasm::i32}}, [&](instance_group&, std::span<engine::value_slot> values) {
    values[0] = engine::value_slot::of_i32(static_cast<std::uint32_t>(++calls));
    return result<void>{};
  });

  asio::io_context context;
  auto work = asio::make_work_guard(context);
  std::thread handlers([&] { context.run(); });
  const std::string program = std::string(argc > 1 ? argv[1] : ".") + "/sharer.wasm";
  for (int i = 0; i < 2; ++i) {
    auto guest = check(process::make(context.get_executor(), shared, program, {}, functions));
    group first = check(guest.async_start(asio::use_future).get());
    auto advance = check(first.async_find_symbol({main_handle}, "advance", asio::use_future).get());
    auto seen = check(first.async_call(advance, {static_cast<std::int32_t>(cell_address)}, asio::use_future).get());
    std::printf("process %d made it %d\n", i, std::get<std::int32_t>(seen.at(0)));
    check(guest.async_stop(std::chrono::seconds(5), asio::use_future).get());
  }
  work.reset();
  handlers.join();
  std::printf("the host reads %u\n", std::atomic_ref(*cell).load());
  return std::atomic_ref(*cell).load() == 103 ? 0 : 1; // 100, then steps of 1 and 2
}
