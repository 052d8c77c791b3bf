// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every kind of error is met here in the way that an embedder meets it, and says what to do. A kind that this file does
// not know is a warning of the compiler and fails the test.
#include "tests/facade/written_program.hh"
#include "tests/support/fake_process.hh"

#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <future>

#pragma GCC diagnostic error "-Wswitch"

namespace interlink {
namespace {

using namespace test;

const std::string dynamic_program = "(module " + dylink_text() + R"((import "env" "memory" (memory 0))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasix_32v1" "thread_exit" (func $leave (param i32)))
  (tag $thrown)
  (func (export "_initialize"))
  (func (export "one") (param i32) (result i32) (i32.const 1))
  (func (export "traps") unreachable)
  (func (export "throws") (throw $thrown))
  (func (export "exits") (call $exit (i32.const 3)))
  (func (export "leaves") (call $leave (i32.const 0)))))";

/// A failure, and the words of it that say what to do, or that nothing need be done.
struct met_error {
  error failure;
  std::string tells;
};

template <class T>
error failure_of(const result<T>& outcome)
{
  EXPECT_FALSE(outcome) << "it succeeds";
  return outcome ? error(errc{}, "no failure") : outcome.error();
}

/// Why this program cannot be made.
error refusal_of(std::string_view bytes, process_options options = {})
{
  written_program guest;
  guest.write_bytes("program.wasm", bytes);
  return failure_of(guest.make(std::move(options)));
}

/// Why the library that is written like this cannot be opened.
error refusal_of_library(std::string_view text)
{
  written_program guest;
  guest.write("program.wasm", dynamic_program);
  guest.write("library.so", text);
  result<group> first = guest.start();
  return first ? failure_of(await(first->async_open("/library.so", open_flag::now, asio::use_future))) : first.error();
}

/// What `use` of the started dynamic program fails with.
template <class Use>
error failure_in(Use use)
{
  written_program guest;
  guest.write("program.wasm", dynamic_program);
  result<group> first = guest.start();
  return first ? use(guest, *first) : first.error();
}

error failure_of_call(const std::string& name)
{
  return failure_in([&](written_program&, group at) {
    const auto found = await(at.async_find_symbol(library{main_handle}, name, asio::use_future));
    return found ? failure_of(await(at.async_call(*found, {}, asio::use_future))) : found.error();
  });
}

/// An open that waits for the constructor of another, which waits for the test.
error failure_of_long_wait()
{
  written_program guest;
  guest.write("program.wasm", dynamic_program);
  guest.write("library.so", "(module " + dylink_text() + R"((import "test" "hold" (func $hold))
    (func (export "__wasm_call_ctors") (call $hold))))");
  std::promise<void> is_held;
  std::promise<void> may_go_on;
  host_registry functions;
  functions.add("test", "hold", {}, [&](instance_group&, std::span<engine::value_slot>) {
    is_held.set_value();
    may_go_on.get_future().wait();
    return result<void>();
  });
  process_options options;
  options.longest_open_wait = std::chrono::milliseconds(1);
  result<group> first = guest.start(std::move(options), std::move(functions));
  if (!first) {
    return first.error();
  }
  auto other = await(guest.program->async_spawn_group(asio::use_future));
  if (!other) {
    return other.error();
  }
  auto held = first->async_open("/library.so", open_flag::now, asio::use_future);
  is_held.get_future().wait();
  error failure = failure_of(await(other->async_open("/library.so", open_flag::now, asio::use_future)));
  may_go_on.set_value();
  EXPECT_TRUE(await(std::move(held)));
  return failure;
}

/// A call that waits behind one that computes, cancelled, or one more than may wait.
error failure_behind_busy_call(errc wanted)
{
  embedding guest("computes");
  auto first = guest.start();
  const auto add = first ? guest.find(*first, "computes_add") : result<function>(fail(first.error()));
  if (!add) {
    return add.error();
  }
  const auto busy = computing_call::start(guest, *first);
  if (!busy) {
    return {errc{}, "nothing computes"};
  }
  constexpr int most_waiting = 1024;
  std::vector<std::future<result<std::vector<guest_value>>>> waiting;
  for (int i = 0; wanted == errc::mailbox_full && i < most_waiting; ++i) {
    waiting.push_back(first->async_call(*add, {1, 1}, asio::use_future));
  }
  asio::cancellation_signal cancel;
  auto call = first->async_call(*add, {1, 1}, asio::bind_cancellation_slot(cancel.slot(), asio::use_future));
  if (wanted == errc::cancelled) {
    cancel.emit(asio::cancellation_type::partial);
  }
  error failure = failure_of(await(std::move(call)));
  busy->tell_to_return();
  for (auto& each : waiting) {
    EXPECT_TRUE(await(std::move(each)));
  }
  return failure;
}

/// A group that has no guest frames, and no room for what another has loaded.
error failure_of_lost_group()
{
  support::fake_process process;
  process.add({.number = 1});
  const group_id opener = process.start();
  const group_id other = process.add_group();
  EXPECT_TRUE(process.open(opener, "lib1.so"));
  process.engine().refuses = [](support::fake_call which) {
    return which == support::fake_call::instantiate;
  };
  const auto caught_up = process.in(other, [](instance_group& group) { return group.catch_up(); });
  process.engine().refuses = nullptr;
  return failure_of(caught_up);
}

met_error meet(errc code)
{
  switch (code) {
  case errc::malformed_module:
    return {refusal_of("no module"), "build the program for wasm32"};
  case errc::unsupported_module:
    return {refusal_of(std::string_view("\0asm\x0d\0\1\0", 8)), "run it with `wasmtime run`, or build a core module"};
  case errc::limit_exceeded:
    return {refusal_of_library("(module " + dylink_text("\\00", "\\11") + ")"), "the limit is"};
  case errc::not_a_library:
    return {refusal_of_library("(module)"), "link it with wasm-ld -shared"};
  case errc::library_not_found:
    return {failure_in([](written_program&, group at) {
              return failure_of(await(at.async_open("libmissing.so", open_flag::now, asio::use_future)));
            }),
            "give its directory with --lib-path"};
  case errc::file_unreadable: {
    written_program guest;
    std::filesystem::create_directory(guest.path("program.wasm"));
    return {failure_of(guest.make()), "name a regular file"};
  }
  case errc::symbol_not_found:
    return {failure_in([](written_program&, group at) {
              return failure_of(await(at.async_find_symbol(library{main_handle}, "missing", asio::use_future)));
            }),
            "interlink nm shows what a module defines"};
  case errc::symbol_type_mismatch:
    return {failure_of_call("one"), "expected (func (param i32) (result i32)); found"};
  case errc::unknown_import:
    return {refusal_of_library("(module " + dylink_text() + R"((import "host" "look" (func))))"),
            "host functions are those of WASI preview 1"};
  case errc::invalid_handle:
    return {failure_in([](written_program& guest, group at) {
              guest.write("library.so", "(module " + dylink_text() + ")");
              const auto opened = await(at.async_open("/library.so", open_flag::now, asio::use_future));
              EXPECT_TRUE(opened && await(at.async_close(*opened, asio::use_future)));
              return failure_of(await(at.async_close(opened.value_or(library{}), asio::use_future)));
            }),
            "use a handle that dlopen returned"};
  case errc::memory_exhausted: {
    process_options options;
    options.memory.maximum_bytes = 1 << 20;
    const std::vector<std::byte> bytes = engine::wat(dynamic_program);
    return {refusal_of(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()), options),
            "link with a larger --max-memory"};
  }
  case errc::table_exhausted: // 2,000,000 slots
    return {refusal_of_library("(module " + dylink_text("\\80\\89\\7a") + ")"), "close libraries that are not in use"};
  case errc::needs_memory: // an outcome of a turn, which no caller meets
    return {code, ""};
  case errc::engine_refused: {
    written_program guest;
    guest.write("program.wasm", R"((module (memory i64 4294967296) (func (export "_initialize"))))");
    return {failure_of(guest.start()), "allow more memory"};
  }
  case errc::initialiser_failed:
    return {refusal_of_library("(module " + dylink_text() + R"((func $traps unreachable) (start $traps)))"),
            "an initialiser must not trap"};
  case errc::group_lost:
    return {failure_of_lost_group(), "make another"};
  case errc::stopping:
    return {failure_in([](written_program& guest, group at) {
              EXPECT_TRUE(await(guest.program->async_stop(facade_deadline, asio::use_future)));
              return failure_of(await(at.async_open("/library.so", open_flag::now, asio::use_future)));
            }),
            "the group has ended"};
  case errc::cancelled:
    return {failure_behind_busy_call(code), "the operation was cancelled"};
  case errc::deadline_passed:
    return {failure_of_long_wait(), "allow a longer wait"};
  case errc::mailbox_full:
    return {failure_behind_busy_call(code), "await some of the calls first"};
  case errc::spawn_failed: {
    written_program guest;
    guest.write("program.wasm", dynamic_program);
    EXPECT_TRUE(guest.make());
    return {failure_of(await(guest.program->async_spawn_group(asio::use_future))), "the program was not started"};
  }
  case errc::not_dynamic: {
    written_program guest;
    guest.write("program.wasm", R"((module (func (export "_initialize"))))");
    result<group> first = guest.start();
    return {first ? failure_of(await(first->async_open("/library.so", open_flag::now, asio::use_future)))
                  : first.error(),
            "link it with -pie"};
  }
  case errc::invalid_argument:
    return {failure_in([](written_program& guest, group) {
              return failure_of(await(guest.program->async_start(asio::use_future)));
            }),
            "the program was started already"};
  case errc::guest_trapped:
    return {failure_of_call("traps"), "unreachable"};
  case errc::guest_exited:
    return {failure_of_call("exits"), "guest exited"};
  case errc::thread_exited:
    return {failure_of_call("leaves"), "guest thread exited"};
  case errc::guest_threw:
    return {failure_of_call("throws"), "exception"};
  }
  return {errc{}, {}};
}

class ErrorText : public testing::TestWithParam<errc> {};

TEST_P(ErrorText, SaysWhatToDo)
{
  const met_error met = meet(GetParam());
  EXPECT_EQ(met.failure.code(), GetParam()) << met.failure.message();
  EXPECT_TRUE(met.failure.message().contains(met.tells)) << met.failure.message();
  const std::size_t engine = met.failure.message().find("; the engine says: ");
  EXPECT_TRUE(engine == std::string::npos || engine > met.failure.message().find(met.tells)) << met.failure.message();
}

std::vector<errc> all_codes()
{
  constexpr int code_bound = 1000; // above every block of codes
  std::vector<errc> all;
  for (int value = 0; value < code_bound; ++value) {
    if (interlink_category().message(value) != "unknown error") {
      all.push_back(static_cast<errc>(value));
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Of, ErrorText, testing::ValuesIn(all_codes()), [](const auto& each) {
  std::string name = make_error_code(each.param).message();
  std::ranges::replace_if(name, [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
  return name;
});

} // namespace
} // namespace interlink
