// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public header as a program uses it: nothing else of the library is included here, and the program is linked with
// the library that is installed.
#include <asio/bind_cancellation_slot.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_future.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <iterator>
#include <new>
#include <optional>
#include <stdexcept>

#include "embedding.hh"

namespace {

using namespace embedding;

TEST(Embed, CallsTypedFunctionsWithNumbersTextAndBytes)
{
  embed([](process&, group& first) -> asio::awaitable<void> {
    const auto add = co_await find<int(int, int)>(first, "host_add");
    EXPECT_EQ(co_await first.async_call(add, {40, 2}, use_awaitable), 42);
    const auto half = co_await find<double(double)>(first, "host_half");
    EXPECT_EQ(co_await first.async_call(half, {3.0}, use_awaitable), 1.5);
    const auto length = co_await find<std::int64_t(std::string)>(first, "host_length");
    EXPECT_EQ(co_await first.async_call(length, {"four"}, use_awaitable), 4);
    const auto name = co_await find<std::string()>(first, "host_name");
    EXPECT_EQ(co_await first.async_call(name, {}, use_awaitable), "the plugin");
    const auto count = co_await find<int(std::vector<std::byte>)>(first, "host_reverse");
    EXPECT_EQ(co_await first.async_call(count, {std::vector<std::byte>(5)}, use_awaitable), 5);
    const auto reverse = co_await find<int(std::span<std::byte>)>(first, "host_reverse");
    // It has a name, because GCC 12 copies unnamed objects in a co_await expression as bytes.
    auto reverse_there = [reverse](guest_context& guest) {
      std::string text = "abc";
      EXPECT_EQ(guest.call(reverse, std::as_writable_bytes(std::span(text))), 3);
      return text;
    };
    const std::string reversed = co_await first.async_invoke(std::move(reverse_there), use_awaitable);
    EXPECT_EQ(reversed, "cba");
  });
}

TEST(Embed, ComparesTheTypeOfWhatIsFound)
{
  embed([](process&, group& first) -> asio::awaitable<void> {
    const auto found =
        co_await first.async_find<int(double)>(library::of_program(), "host_add", as_result(use_awaitable));
    EXPECT_FALSE(found);
    EXPECT_EQ(found.error(), errc::symbol_type_mismatch);
    EXPECT_EQ(found.error().detail().expected, "(func (param f64) (result i32))");
    EXPECT_EQ(found.error().detail().found, "(func (param i32 i32) (result i32))");
  });
}

TEST(Embed, DoesManyThingsInOneHop)
{
  struct description {
    std::int32_t version;
    guest_ptr<char> name;
  };

  embed([](process&, group& first) -> asio::awaitable<void> {
    const std::string said = co_await first.async_invoke(
        [](guest_context& guest) -> result<std::string> {
          const auto at = guest.find_data<description>(library::of_program(), "plugin_description");
          const auto read = at ? guest.read(*at) : fail(at.error());
          if (!read) {
            return fail(read.error());
          }
          auto name = guest.read_string({read->name.address});
          const auto add = guest.find<int(int, int)>(library::of_program(), "host_add");
          int sum = 0;
          for (int i = 0; i < 1000; ++i) {
            sum = guest.call(*add, sum, read->version).value();
          }
          return *name + " " + std::to_string(sum);
        },
        use_awaitable);
    EXPECT_EQ(said, "the plugin 7000");
    // What the function throws is what the operation completes with.
    try {
      co_await first.async_invoke([](guest_context&) { throw std::out_of_range("mine"); }, use_awaitable);
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::out_of_range& mine) {
      EXPECT_STREQ(mine.what(), "mine");
    }
  });
}

TEST(Embed, FindsDataOfAProgramThatIsNotDynamic)
{
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        const auto datum = co_await first.async_find_data<int>(library::of_program(), "alone_datum", use_awaitable);
        auto read = [datum](guest_context& guest) {
          return guest.read(datum);
        };
        EXPECT_EQ(co_await first.async_invoke(read, use_awaitable), 7);
        const auto code = co_await first.async_find_data(library::of_program(), "alone_add", as_result(use_awaitable));
        EXPECT_TRUE(!code && code.error() == errc::symbol_type_mismatch);
        const auto none = co_await first.async_find_data(library::of_program(), "nothing", as_result(use_awaitable));
        EXPECT_TRUE(!none && none.error() == errc::symbol_not_found);
      },
      {}, with_cache(), "embed_alone.wasm");
}

TEST(Embed, ChecksAddresses)
{
  embed([](process&, group& first) -> asio::awaitable<void> {
    co_await first.async_invoke(
        [](guest_context& guest) {
          const auto end = static_cast<std::uint32_t>(guest.memory_size() - 2);
          EXPECT_EQ(guest.read(guest_ptr<std::uint32_t>{end}).error(), errc::invalid_argument);
          EXPECT_EQ(guest.read(guest_ptr<std::uint32_t>{0xffffffff}).error(), errc::invalid_argument);
          EXPECT_EQ(guest.write(guest_ptr<std::uint32_t>{end}, 1).error(), errc::invalid_argument);
          EXPECT_EQ(guest.read_bytes({8}, 0xffffffff).error(), errc::invalid_argument);
          EXPECT_EQ(guest.read_string({0}).error(), errc::invalid_argument);
          auto text = guest.copy_in("123456");
          EXPECT_EQ(guest.read_string(text->get(), 3).error(), errc::invalid_argument);
          EXPECT_EQ(guest.read_string(text->get(), 6).value(), "123456");
          EXPECT_EQ(guest.function_at({0}).error(), errc::invalid_argument);
          EXPECT_EQ(guest.function_at({0x7fffffff}).error(), errc::invalid_argument);
        },
        use_awaitable);
  });
}

TEST(EmbedHostFunction, SeesTheGuestThatCallsAndCallsItBack)
{
  embed([](process&, group& first) -> asio::awaitable<void> {
    const auto describe = co_await find<int(int)>(first, "host_describe");
    EXPECT_EQ(co_await first.async_call(describe, {41}, use_awaitable), 42);
    const auto calls_back = co_await find<int(int)>(first, "host_calls_back");
    EXPECT_EQ(co_await first.async_call(calls_back, {40}, use_awaitable), 42);
  });
}

TEST(EmbedHostFunction, FailsTheCallAloneByAnError)
{
  embed([](process&, group& first) -> asio::awaitable<void> {
    const auto fails = co_await find<int(int)>(first, "host_fails");
    for (int i = 0; i < 5000; ++i) { // 10 MB of frames: the stack is as before each time
      const auto failed = co_await first.async_call(fails, {0}, as_result(use_awaitable));
      EXPECT_FALSE(failed);
      EXPECT_EQ(failed.error(), errc::limit_exceeded) << failed.error().message();
      EXPECT_TRUE(failed.error().message().starts_with("the plugin has used its quota")) << failed.error().message();
    }
    EXPECT_EQ(co_await first.async_call(fails, {5}, use_awaitable), 6);
  });
}

TEST(EmbedHostFunction, TrapsWhenItThrows)
{
  embed([](process& guest, group& first) -> asio::awaitable<void> {
    const auto fails = co_await find<int(int)>(first, "host_fails");
    const auto thrown = co_await first.async_call(fails, {1}, as_result(use_awaitable));
    EXPECT_EQ(thrown.error(), errc::guest_trapped);
    EXPECT_TRUE(thrown.error().message().contains("the database is gone")) << thrown.error().message();
    EXPECT_EQ((co_await guest.async_wait(use_awaitable)).kind, end_kind::trapped);
  });
}

TEST(EmbedHostFunction, OfAnotherTypeIsALoadErrorThatShowsBoth)
{
  embed([](process&, group& first) -> asio::awaitable<void> {
    const auto opened = co_await first.async_open("./libembed_wrong_type.so", open_flag::now, as_result(use_awaitable));
    EXPECT_EQ(opened.error(), errc::symbol_type_mismatch);
    const std::string& message = opened.error().message();
    EXPECT_TRUE(message.contains("(param f32) (result i64)")) << message;
    EXPECT_TRUE(message.contains("(param i32 i32) (result i32)")) << message;
  });
}

TEST(Embed, OpensAndClosesLibrariesByNameAndByTheirBytes)
{
  embed([](process&, group& first) -> asio::awaitable<void> {
    const library named = co_await first.async_open("./libplain.so", open_flag::now, use_awaitable);
    const library given =
        co_await first.async_open(bytes_of(guest_file("libplain.so")), "given.so", open_flag::now, use_awaitable);
    EXPECT_NE(named.handle(), given.handle());
    for (const library& each : {named, given}) {
      const auto add = co_await first.async_find<int(int, int)>(each, "plain_add", use_awaitable);
      EXPECT_EQ(co_await first.async_call(add, {20, 22}, use_awaitable), 42);
      co_await first.async_close(each, use_awaitable);
      const auto gone = co_await first.async_call(add, {20, 22}, as_result(use_awaitable));
      EXPECT_FALSE(gone);
    }
    const auto again = co_await first.async_close(named, as_result(use_awaitable));
    EXPECT_FALSE(again);
    EXPECT_EQ(again.error(), errc::invalid_handle);
  });
}

/// Heap allocations of the whole program since its start.
std::atomic<std::size_t> allocations{0};

/// Calls `callee` `left` times, one after another.
struct repeated_call {
  group in;
  function<int(int, int)> callee;
  int* left;

  void operator()(std::error_code failed, int sum)
  {
    EXPECT_FALSE(failed);
    EXPECT_EQ(sum, 42);
    if (--*left > 0) {
      repeated_call next = *this;
      next.in.async_call(next.callee, {40, 2}, as_error_code(next));
    }
  }
};

TEST(EmbedThroughput, ACallAllocatesTwice)
{
  asio::io_context context;
  runtime shared(context, with_cache());
  std::optional<process> guest;
  std::optional<repeated_call> call;
  int left = 0;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const program made = co_await shared.async_compile(guest_file("embed_host.wasm"), use_awaitable);
        guest = co_await process::async_make(context.get_executor(), made, with_functions(), use_awaitable);
        group first = co_await guest->async_start(use_awaitable);
        const auto add = co_await find<int(int, int)>(first, "host_add");
        call = repeated_call{first, add, &left};
      },
      [](const std::exception_ptr& failed) { EXPECT_FALSE(failed) << to_error(failed).message(); });
  context.run();
  ASSERT_TRUE(call);
  constexpr int calls = 1000;
  const auto run = [&] {
    left = calls;
    context.restart();
    call->in.async_call(call->callee, {40, 2}, as_error_code(repeated_call(*call)));
    context.run();
  };
  run(); // what is kept from then on is made
  const std::size_t before = allocations;
  run();
  // One for the operation and one for the post of its completion.
  EXPECT_LE(allocations - before, 2U * calls);
  call.reset();
  guest.reset();
}

TEST(Embed, SharesOneProgramAmongProcesses)
{
  asio::io_context context;
  runtime shared(context, with_cache());
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const program made =
            co_await shared.async_compile(bytes_of(guest_file("embed_host.wasm")), "host", use_awaitable);
        EXPECT_EQ(made.name(), "host");
        process one = co_await process::async_make(context.get_executor(), made, with_functions(), use_awaitable);
        process two = co_await process::async_make(context.get_executor(), made, with_functions(), use_awaitable);
        group in_one = co_await one.async_start(use_awaitable);
        group in_two = co_await two.async_start(use_awaitable);
        const auto add = co_await find<int(int, int)>(in_one, "host_add");
        const auto refused = co_await in_two.async_call(add, {1, 2}, as_result(use_awaitable));
        EXPECT_EQ(refused.error(), errc::invalid_argument);
        EXPECT_TRUE(refused.error().message().contains("of another process")) << refused.error().message();
        group more = co_await one.async_spawn_group(use_awaitable);
        EXPECT_EQ(co_await more.async_call(add, {1, 2}, use_awaitable), 3);
        EXPECT_EQ(one.threads().size(), 2U);
        co_await one.async_stop(10s, use_awaitable);
        EXPECT_EQ((co_await one.async_wait(use_awaitable)).kind, end_kind::stopped);
        const auto late = co_await more.async_call(add, {1, 2}, as_result(use_awaitable));
        EXPECT_EQ(late.error(), errc::stopping);
      },
      [](const std::exception_ptr& failed) { EXPECT_FALSE(failed) << to_error(failed).message(); });
  context.run();
}

TEST(Embed, TellsHowAProcessEnded)
{
  embed([](process& guest, group& first) -> asio::awaitable<void> {
    const auto exits = co_await find<int(int)>(first, "host_exit");
    const auto exited = co_await first.async_call(exits, {7}, as_result(use_awaitable));
    EXPECT_EQ(exited.error(), errc::guest_exited);
    EXPECT_EQ(exited.error().detail().exit_code, 7U);
    const process_outcome outcome = co_await guest.async_wait(use_awaitable);
    EXPECT_EQ(outcome.kind, end_kind::exited);
    EXPECT_EQ(outcome.exit_code, 7U);
  });
  embed([](process& guest, group& first) -> asio::awaitable<void> {
    const auto traps = co_await find<void()>(first, "host_trap");
    const auto trapped = co_await first.async_call(traps, {}, as_result(use_awaitable));
    EXPECT_EQ(trapped.error(), errc::guest_trapped);
    EXPECT_FALSE(trapped.error().detail().backtrace.empty());
    EXPECT_EQ((co_await guest.async_wait(use_awaitable)).kind, end_kind::trapped);
  });
}

TEST(Embed, CompletesWithAnErrorCodeWhoseConditionIsTheSystems)
{
  embed([](process&, group& first) -> asio::awaitable<void> {
    asio::steady_timer timer(co_await asio::this_coro::executor);
    asio::cancellation_signal cancel;
    const auto sleep = co_await find<int(int)>(first, "host_sleep");
    std::optional<std::error_code> code;
    first.async_call(sleep, {60'000},
                     asio::bind_cancellation_slot(cancel.slot(), as_error_code([&](std::error_code why, int) {
                                                    code = why;
                                                    timer.cancel();
                                                  })));
    timer.expires_after(50ms);
    co_await timer.async_wait(use_awaitable);
    cancel.emit(asio::cancellation_type::terminal);
    timer.expires_after(60s);
    if (!code) {
      co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
          [&](auto handler) {
            timer.async_wait([handler = std::move(handler)](const std::error_code&) mutable { handler(); });
          },
          use_awaitable);
    }
    EXPECT_TRUE(code);
    EXPECT_EQ(*code, std::errc::operation_canceled);
    EXPECT_EQ(code->category().name(), std::string("interlink"));
  });
}

TEST(Embed, RunsACommandToItsEnd)
{
  asio::io_context context;
  runtime shared(context, with_cache());
  auto outcome = asio::co_spawn(
      context,
      [&]() -> asio::awaitable<process_outcome> {
        const program made = co_await shared.async_compile(guest_file("static_command.wasm"), use_awaitable);
        process guest = co_await process::async_make(context.get_executor(), made, {}, use_awaitable);
        co_return co_await guest.async_run(use_awaitable);
      },
      asio::use_future);
  context.run();
  EXPECT_EQ(outcome.get().kind, end_kind::exited);
}

TEST(Embed, RefusesAFileThatIsNoProgram)
{
  asio::io_context context;
  runtime shared(context, with_cache());
  const auto compile = [&](auto from) {
    return asio::co_spawn(
        context,
        [&shared, from]() -> asio::awaitable<result<program>> {
          if constexpr (std::is_same_v<decltype(from), std::string>) {
            co_return co_await shared.async_compile(from, as_result(use_awaitable));
          } else {
            co_return co_await shared.async_compile(from, "some bytes", as_result(use_awaitable));
          }
        },
        asio::use_future);
  };
  auto missing = compile(std::string("/nowhere/plugins.wasm"));
  auto garbage = compile(std::vector<std::byte>(100));
  context.run();
  const auto why = missing.get().error();
  EXPECT_EQ(why, errc::library_not_found);
  EXPECT_EQ(why.error_code(), std::errc::no_such_file_or_directory);
  EXPECT_EQ(garbage.get().error(), errc::malformed_module);
}

} // namespace

[[gnu::noinline]] void* operator new(std::size_t size)
{
  ++allocations;
  if (void* const made = std::malloc(size == 0 ? 1 : size)) {
    return made;
  }
  throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* memory) noexcept
{
  std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept
{
  std::free(memory);
}
