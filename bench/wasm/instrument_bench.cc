// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Speed of reading and instrumenting, in bytes of module per second. Two modules are real, as clang 22 builds them; the
// others are made up: bodies of arithmetic and memory access, one indirect call in each so many instructions.
#include "tests/support/wasm_builder.hh"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "wasm/instrumenter.hh"
#include "wasm/module_reader.hh"

namespace interlink {
namespace {

using support::wasm_builder;
using support::wasm_code;

/// A library of `functions` bodies of about 600 bytes, each with `indirect_calls` indirect calls.
std::vector<std::byte> make_library(std::int64_t functions, std::int64_t indirect_calls)
{
  constexpr int steps = 40;
  wasm_builder module;
  module.dylink();
  module.side_module_imports();
  const function_type type{{wasm::i32}, {wasm::i32}};
  const std::uint32_t type_index = module.type(type);
  wasm_code code;
  code.local_get(0);
  for (int step = 0; step < steps; ++step) {
    code.i32_const(step * 1000).i32_add().raw({0x28, 0x02, 0x80, 0x08}).local_get(0).raw({0x6c, 0x22, 0x00});
    if (step < indirect_calls) {
      code.local_get(0).call_indirect(type_index);
    }
  }
  for (std::int64_t i = 0; i < functions; ++i) {
    module.function(type, code);
  }
  return module.build();
}

void read_speed(benchmark::State& state)
{
  const std::vector<std::byte> bytes = make_library(state.range(0), 1);
  for (auto _ : state) {
    benchmark::DoNotOptimize(read_module(bytes));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
}

std::vector<std::byte> read_guest(const std::string& name)
{
  std::ifstream file(std::string(INTERLINK_GUEST_DIR) + "/" + name, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

void measure_instrumenting(benchmark::State& state, const std::vector<std::byte>& bytes)
{
  const result<module_info> info = read_module(bytes);
  if (!info) {
    state.SkipWithError("the module cannot be read");
    return;
  }
  std::uint64_t added = 0;
  for (auto _ : state) {
    const result<instrumented_module> module = instrument(bytes, *info);
    added = module ? module->facts.bytes_out - module->facts.bytes_in : 0;
    benchmark::DoNotOptimize(module);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes.size()));
  state.counters["added_percent"] = 100.0 * static_cast<double>(added) / static_cast<double>(bytes.size());
}

void instrument_speed(benchmark::State& state)
{
  measure_instrumenting(state, make_library(state.range(0), state.range(1)));
}

void instrument_real(benchmark::State& state, const char* file)
{
  measure_instrumenting(state, read_guest(file));
}

BENCHMARK(read_speed)->Name("module/read")->ArgName("functions")->Arg(100)->Arg(10'000);
BENCHMARK_CAPTURE(instrument_real, sqlite, "libsqlite3.so")->Name("module/instrument/sqlite");
BENCHMARK_CAPTURE(instrument_real, lua, "liblua.so")->Name("module/instrument/lua");
BENCHMARK(instrument_speed)
    ->Name("module/instrument")
    ->ArgNames({"functions", "indirect_calls"})
    ->Args({100, 1})
    ->Args({10'000, 0})
    ->Args({10'000, 1})
    ->Args({10'000, 20});

} // namespace
} // namespace interlink

BENCHMARK_MAIN();
