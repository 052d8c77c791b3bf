// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Starts the guest named on the command line (a reactor) and calls one of its functions. Prints the sum, or what
// failed.
#include "engine/wasmtime_engine.hh"

#include <asio/use_future.hpp>

#include <chrono>
#include <cstdio>

#include "process/process.hh"

namespace {

int report(const interlink::error& why)
{
  std::fprintf(stderr, "consumer: %s\n", why.message().c_str());
  return 1;
}

} // namespace

int main(int argc, char** argv)
{
  if (argc != 2) {
    return 2;
  }
  auto engine = interlink::engine::make_wasmtime_engine({});
  if (!engine) {
    return report(engine.error());
  }
  interlink::runtime shared(std::move(*engine));
  auto guest = interlink::process::make(shared.background(), shared, argv[1]);
  if (!guest) {
    return report(guest.error());
  }
  auto group = guest->async_start(asio::use_future).get();
  if (!group) {
    return report(group.error());
  }
  auto add = group->async_find_symbol({interlink::main_handle}, "embedded_add", asio::use_future).get();
  if (!add) {
    return report(add.error());
  }
  auto sum = group->async_call(*add, {40, 2}, asio::use_future).get();
  if (!sum) {
    return report(sum.error());
  }
  std::printf("sum %d\n", std::get<std::int32_t>(sum->at(0)));
  guest->async_stop(std::chrono::seconds(5), asio::use_future).wait();
  return 0;
}
