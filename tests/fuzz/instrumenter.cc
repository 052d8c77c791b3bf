// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Any bytes as a module, judged by the real engine.
//   - What the engine calls valid, the reader accepts, unless a limit or dylink.0 stands against it.
//   - What is valid is instrumented, or refused for a reason that wasm/instrumenter.hh names.
//   - What was instrumented is valid, and does the same as the original (module_run.hh): with a version that is new at
//     some checks, and with one that is new at every check.
// Modules that wait longer than an instant are not run: nobody would notify them.
#include "wasm/instrumenter.hh"

#include "engine/wasmtime_engine.hh"
#include "tests/fuzz/fuzz_target.hh"
#include "tests/fuzz/module_run.hh"

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>

#include "wasm/code_facts.hh"
#include "wasm/instruction_walker.hh"
#include "wasm/layout_reader.hh"
#include "wasm/module_reader.hh"

namespace interlink::fuzz {
namespace {

/// An engine, and a thread that advances its epoch for as long as it lives.
struct ticking_engine {
  engine::engine_ptr engine;
  std::jthread ticker;

  ticking_engine()
  {
    auto made = engine::make_wasmtime_engine({.cache_directory = {}, .interruptible = true});
    require(made.has_value(), "there is an engine");
    engine = *std::move(made);
    ticker = std::jthread([this](const std::stop_token& is_over) {
      while (!is_over.stop_requested()) {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        engine->increment_epoch();
      }
    });
  }
};

engine::engine& the_engine()
{
  static const ticking_engine made;
  return *made.engine;
}

void check_reader_refusal(const error& refused)
{
  const std::string& text = refused.detail().message;
  require(refused == errc::limit_exceeded || text.contains("dylink") || text.contains("__tls_align"),
          "the reader refuses a valid module: " + refused.message());
}

void check_instrumenter_refusal(const error& refused)
{
  static constexpr std::array<std::string_view, 7> reasons{"imports from module `interlink`",
                                                           "exports a name that starts with `interlink.`",
                                                           "a dynamically linked module defines a memory of its own",
                                                           "a dynamically linked module defines a table of its own",
                                                           "has active data segments",
                                                           "changes the function table with",
                                                           "waits on another memory than the program's"};
  const bool is_named =
      std::ranges::any_of(reasons, [&](std::string_view reason) { return refused.detail().message.contains(reason); });
  require(refused == errc::limit_exceeded || (refused == errc::unsupported_module && is_named),
          "the instrumenter refuses a valid module: " + refused.message());
}

/// True when every wait has a timeout of at most a millisecond, as a constant right in front of it.
bool ends_its_waits(const module_layout& layout)
{
  constexpr std::uint32_t i64_const = 0x42;
  constexpr std::uint64_t a_millisecond = 1'000'000;
  for (std::size_t index = 0; index < layout.bodies.size(); ++index) {
    binary_reader in = body_reader(layout, index);
    instruction_walker walker(in);
    std::optional<std::uint64_t> constant;
    for (instruction at; walker.next(at);) {
      const bool waits = at.opcode == opcode::atomic_wait32 || at.opcode == opcode::atomic_wait64;
      if (waits && constant.value_or(~std::uint64_t{0}) > a_millisecond) {
        return false;
      }
      constant = at.opcode == i64_const ? std::optional(at.first) : std::nullopt;
    }
  }
  return true;
}

void compare_runs(std::span<const std::byte> bytes, const module_info& info, const instrumented_module& made,
                  const engine::compiled_module& instrumented)
{
  const auto original = the_engine().compile(bytes);
  const auto layout = read_layout(bytes);
  if (!original || !layout || !ends_its_waits(*layout)) {
    return;
  }
  const run_subject subject{*layout, info};
  run_options options{.seed = bytes.size(), .is_always_behind = false};
  const module_run expected = run_module(the_engine(), **original, subject, nullptr, options);
  for (const bool is_always_behind : {false, true}) {
    options.is_always_behind = is_always_behind;
    const module_run got = run_module(the_engine(), instrumented, subject, &made, options);
    const std::string differs = difference(expected, got);
    require(differs.empty(), "the instrumented module behaves otherwise: " + differs);
  }
}

} // namespace
} // namespace interlink::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  using namespace interlink;
  const std::span<const std::byte> bytes = fuzz::as_bytes(data, size);
  if (!fuzz::the_engine().validate(bytes)) {
    return 0; // module_reader has these
  }
  const result<module_info> info = read_module(bytes);
  if (!info) {
    fuzz::check_reader_refusal(info.error());
    return 0;
  }
  const result<instrumented_module> made = instrument(bytes, *info);
  if (!made) {
    fuzz::check_instrumenter_refusal(made.error());
    return 0;
  }
  if (std::ranges::equal(made->bytes, bytes)) {
    return 0;
  }
  const auto compiled = fuzz::the_engine().compile(made->bytes);
  fuzz::require(compiled.has_value(),
                "the instrumented module is not valid: " + (compiled ? "" : compiled.error().message()));
  fuzz::compare_runs(bytes, *info, *made, **compiled);
  return 0;
}
