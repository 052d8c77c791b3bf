// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a guest may use: what it has when nothing is given, each limit, its streams, and the deadline of a call.
#include <asio/posix/stream_descriptor.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <unistd.h>

#include "embedding.hh"

namespace {

using namespace embedding;

/// Errnos of the guest. Source: WASI preview 1.
constexpr int guest_eagain = 6;
constexpr int guest_ebadf = 8;
constexpr int guest_efbig = 22;
constexpr int guest_emfile = 33;
constexpr int guest_erofs = 69;

template <class R, class... A>
asio::awaitable<R> call(group in, std::string name, std::tuple<A...> arguments = {})
{
  const auto found = co_await find<R(A...)>(in, std::move(name));
  co_return co_await in.async_call(found, std::move(arguments), use_awaitable);
}

TEST(EmbedDefaults, GiveClosedStreamsReadOnlyDirectoriesAndNoDescriptorOfTheHost)
{
  const int of_the_host = ::open("/dev/null", O_RDWR); // without O_CLOEXEC: a careless host
  ASSERT_GE(of_the_host, 0);
  embed([](process&, group& first) -> asio::awaitable<void> {
    EXPECT_EQ(co_await call<int>(first, "host_print", std::tuple(std::string("text"))), -guest_ebadf);
    EXPECT_EQ(co_await call<int>(first, "host_read"), -1 - guest_ebadf);
    const int opened = co_await call<int>(first, "host_open_descriptors");
    EXPECT_EQ(opened & 7, 0) << "a standard stream is open";
    EXPECT_EQ(opened, 1 << 3 | (opened & 1 << 4)) << "more is open than the directories"; // 4 is their root
    EXPECT_EQ(co_await call<int>(first, "host_create", std::tuple(std::string("./made.txt"))), guest_erofs);
  });
  EXPECT_FALSE(std::ifstream(guest_file("made.txt")).is_open());
  ::close(of_the_host);
}

TEST(EmbedLimits, OfThreads)
{
  process_options options = with_functions();
  options.thread_limit = 4;
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        EXPECT_EQ(co_await call<int>(first, "host_threads"), 3); // beside the first
        EXPECT_EQ(co_await call<int>(first, "host_errno"), guest_eagain);
      },
      std::move(options));
}

TEST(EmbedLimits, OfThreadsForTheEmbedder)
{
  process_options options = with_functions();
  options.thread_limit = 2;
  embed(
      [](process& guest, group&) -> asio::awaitable<void> {
        const auto second = co_await guest.async_spawn_group(as_result(use_awaitable));
        EXPECT_TRUE(second);
        const auto third = co_await guest.async_spawn_group(as_result(use_awaitable));
        EXPECT_TRUE(!third && third.error() == errc::spawn_failed);
        EXPECT_EQ(guest.threads().size(), 2U);
      },
      std::move(options));
}

TEST(EmbedLimits, OfLibraries)
{
  process_options options = with_functions();
  options.library_limit = 1;
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        const auto plain = co_await first.async_open("./libplain.so", open_flag::now, use_awaitable);
        co_await first.async_open("./libplain.so", open_flag::now, use_awaitable); // the same
        const std::vector<std::byte> bytes = bytes_of(guest_file("libplain.so"));  // another library each time
        const auto refused = co_await first.async_open(bytes, "copy.so", open_flag::now, as_result(use_awaitable));
        EXPECT_TRUE(!refused && refused.error() == errc::limit_exceeded);
        EXPECT_TRUE(!refused && refused.error().message().contains("more than 1 libraries"))
            << refused.error().message();
        const auto add = co_await first.async_find<int(int, int)>(plain, "plain_add", use_awaitable);
        EXPECT_EQ(co_await first.async_call(add, {40, 2}, use_awaitable), 42);
        co_await first.async_close(plain, use_awaitable);
        co_await first.async_close(plain, use_awaitable);
        const auto fits = co_await first.async_open(bytes, "copy.so", open_flag::now, as_result(use_awaitable));
        EXPECT_TRUE(fits);
      },
      std::move(options));
}

TEST(EmbedLimits, OfOpenFiles)
{
  process_options options = with_functions();
  options.file_limit = 8;
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        const int opened = co_await call<int>(first, "host_open_descriptors");
        const int before = __builtin_popcount(static_cast<unsigned>(opened));
        EXPECT_EQ(co_await call<int>(first, "host_open_files", std::tuple(std::string("./libplain.so"))), 8 - before);
        EXPECT_EQ(co_await call<int>(first, "host_errno"), guest_emfile);
      },
      std::move(options));
}

TEST(EmbedLimits, OfOutput)
{
  std::string written;
  process_options options = with_functions();
  options.output = stream::to([&](std::span<const std::byte> bytes) {
    written.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  });
  options.output_limit = 10;
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        EXPECT_EQ(co_await call<int>(first, "host_print", std::tuple(std::string("1234567"))), 7);
        EXPECT_EQ(co_await call<int>(first, "host_print", std::tuple(std::string("89abc"))), 3);
        EXPECT_EQ(co_await call<int>(first, "host_print", std::tuple(std::string("d"))), -guest_efbig);
      },
      std::move(options));
  EXPECT_EQ(written, "123456789a");
}

TEST(EmbedLimits, OfMemory)
{
  process_options options = with_functions();
  options.memory_limit = 16 << 20;
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        auto allocate = [](guest_context& guest) {
          const auto small = guest.allocate(1 << 16);
          const auto large = guest.allocate(64 << 20);
          return small.has_value() && !large && large.error() == errc::memory_exhausted &&
                 guest.memory_size() <= 16 << 20;
        };
        EXPECT_TRUE(co_await first.async_invoke(allocate, use_awaitable));
      },
      std::move(options));
}

TEST(EmbedStreams, AreFunctions)
{
  std::string left = "input";
  process_options options = with_functions();
  options.input = stream::from([&](std::span<std::byte> into) {
    const std::size_t count = std::min(left.size(), into.size());
    std::transform(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(count), into.begin(),
                   [](char each) { return static_cast<std::byte>(each); });
    left.erase(0, count);
    return count;
  });
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        for (const char each : std::string("input")) {
          EXPECT_EQ(co_await call<int>(first, "host_read"), each);
        }
        EXPECT_EQ(co_await call<int>(first, "host_read"), -1);
        EXPECT_EQ(co_await call<int>(first, "host_print", std::tuple(std::string("text"))), -guest_ebadf);
      },
      std::move(options));
}

TEST(EmbedStreams, AreDescriptorsOfAsio)
{
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
  asio::io_context context;
  asio::posix::stream_descriptor writing(context, pipe[1]);
  process_options options = with_functions();
  options.output = stream::descriptor(writing);
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        EXPECT_EQ(co_await call<int>(first, "host_print", std::tuple(std::string("text"))), 4);
      },
      std::move(options));
  std::array<char, 8> text{};
  EXPECT_EQ(::read(pipe[0], text.data(), text.size()), 4);
  EXPECT_EQ(std::string(text.data()), "text");
  ::close(pipe[0]);
}

runtime_options interruptible()
{
  runtime_options made = with_cache();
  made.interruptible = true;
  return made;
}

asio::awaitable<void> expect_deadline_passed(group at, std::string name)
{
  const auto endless = co_await find<int()>(at, std::move(name));
  const auto ended = co_await at.async_call(endless, {}, as_result(use_awaitable));
  EXPECT_FALSE(ended);
  EXPECT_TRUE(!ended && ended.error() == errc::deadline_passed) << ended.error().message();
  EXPECT_TRUE(!ended && !ended.error().detail().backtrace.empty()) << ended.error().message();
}

TEST(EmbedDeadline, EndsTheCallAloneOfAProgramWithoutThreads)
{
  process_options options;
  options.longest_call = 400ms;
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        for (int i = 0; i < 2; ++i) {
          co_await expect_deadline_passed(first, "alone_spin");
          EXPECT_EQ(co_await call<int>(first, "alone_add", std::tuple(40, 2)), 42);
        }
      },
      std::move(options), interruptible(), "embed_alone.wasm");
}

TEST(EmbedDeadline, EndsTheCallAloneWhereTheEmbedderSaysThatNoLockIsHeld)
{
  process_options options = with_functions();
  options.longest_call = 400ms;
  options.calls_hold_no_locks = true;
  embed(
      [](process& guest, group& first) -> asio::awaitable<void> {
        group second = co_await guest.async_spawn_group(use_awaitable);
        co_await expect_deadline_passed(second, "host_spin");
        co_await expect_deadline_passed(second, "host_wait"); // a wait counts, too
        EXPECT_EQ(co_await call<int>(second, "host_add", std::tuple(40, 2)), 42);
        EXPECT_EQ(co_await call<int>(first, "host_add", std::tuple(40, 2)), 42);
      },
      std::move(options), interruptible());
}

TEST(EmbedDeadline, EndsTheProcessWhereALockMayBeHeld)
{
  process_options options = with_functions();
  options.longest_call = 400ms;
  embed(
      [](process& guest, group& first) -> asio::awaitable<void> {
        co_await expect_deadline_passed(first, "host_spin");
        const process_outcome outcome = co_await guest.async_wait(use_awaitable);
        EXPECT_EQ(outcome.kind, end_kind::failed);
        EXPECT_TRUE(outcome.failure && *outcome.failure == errc::deadline_passed);
      },
      std::move(options), interruptible());
}

TEST(EmbedDeadline, NeedsAnInterruptibleRuntime)
{
  asio::io_context context;
  runtime shared(context, with_cache());
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const program made = co_await shared.async_compile(guest_file("embed_host.wasm"), use_awaitable);
        process_options options = with_functions();
        options.longest_call = 1s;
        const auto refused =
            co_await process::async_make(context.get_executor(), made, std::move(options), as_result(use_awaitable));
        EXPECT_TRUE(!refused && refused.error() == errc::invalid_argument);
      },
      [](const std::exception_ptr& failed) { EXPECT_FALSE(failed); });
  context.run();
}

} // namespace
