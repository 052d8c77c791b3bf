// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a process tells its embedder: records, the form of their text, and spdlog.
#include <interlink/spdlog.hh>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <sstream>

#include "embedding.hh"

namespace {

using namespace embedding;

/// Records kept; sinks are called by any thread.
struct kept_records {
  struct kept {
    log_category category;
    std::string process;
    std::uint32_t group;
    std::string text;
  };

  std::mutex mutex;
  std::vector<kept> all;

  log_sink sink()
  {
    return [this](const log_record& each) {
      std::lock_guard lock(mutex);
      all.push_back({each.category, std::string(each.process), each.group, to_text(each)});
    };
  }

  bool has(log_category category, std::uint32_t group, const std::string& text)
  {
    std::lock_guard lock(mutex);
    return std::ranges::any_of(all, [&](const kept& each) {
      return each.category == category && each.group == group && each.text.contains(text);
    });
  }
};

asio::awaitable<void> open_library(group at)
{
  const auto opened = co_await at.async_open("./libplain.so", open_flag::now, use_awaitable);
  co_await at.async_close(opened, use_awaitable);
}

TEST(EmbedLog, RecordsHaveCategoryProcessAndGroup)
{
  kept_records records;
  process_options options = with_functions();
  options.log = records.sink();
  options.name = "plugins";
  options.debug = "libs,bindings,statistics";
  embed(
      [](process& guest, group&) -> asio::awaitable<void> {
        group second = co_await guest.async_spawn_group(use_awaitable);
        co_await open_library(second);
      },
      std::move(options));
  EXPECT_TRUE(records.has(log_category::libs, 2, "plugins: [libs 2] found /libplain.so"));
  EXPECT_TRUE(records.has(log_category::libs, 1, "plugins: [libs 1] found "));
  EXPECT_TRUE(records.has(log_category::bindings, 2, "plugins: [bindings 2] binding /libplain.so: "));
  EXPECT_TRUE(records.has(log_category::statistics, 0, "plugins: [statistics] runtime linker statistics:\n"));
  EXPECT_TRUE(std::ranges::all_of(records.all, [](const auto& each) { return each.process == "plugins"; }));
  EXPECT_FALSE(std::ranges::any_of(records.all, [](const auto& each) { return each.category == log_category::ops; }));
}

TEST(EmbedLog, TakesTheCategoriesOfTheEnvironmentUnlessItIsGivenSome)
{
  kept_records asked;
  kept_records not_asked;
  ::setenv("INTERLINK_DEBUG", "libs", 1);
  for (kept_records* into : {&asked, &not_asked}) {
    process_options options = with_functions();
    options.log = into->sink();
    if (into == &not_asked) {
      options.debug = "";
    }
    embed([](process&, group& first) { return open_library(first); }, std::move(options));
  }
  ::unsetenv("INTERLINK_DEBUG");
  EXPECT_TRUE(asked.has(log_category::libs, 1, "[libs 1] found /libplain.so"));
  EXPECT_TRUE(not_asked.all.empty());
}

TEST(EmbedLog, RefusesAnUnknownCategory)
{
  process_options options = with_functions();
  options.debug = "libs,everything";
  asio::io_context context;
  runtime shared(context, with_cache());
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const program made = co_await shared.async_compile(guest_file("embed_host.wasm"), use_awaitable);
        const auto refused =
            co_await process::async_make(context.get_executor(), made, std::move(options), as_result(use_awaitable));
        EXPECT_FALSE(refused);
        EXPECT_TRUE(!refused && refused.error().message().contains("unknown category everything"));
      },
      [](const std::exception_ptr& failed) { EXPECT_FALSE(failed); });
  context.run();
}

TEST(EmbedLog, IsALoggerOfSpdlogs)
{
  std::ostringstream text;
  auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(text);
  auto logger = std::make_shared<spdlog::logger>("plugins", std::move(sink));
  logger->set_pattern("%n %l %v");
  logger->set_level(spdlog::level::debug);
  process_options options = with_functions();
  options.log = to_spdlog(logger);
  options.name = "host";
  options.debug = "libs";
  options.output_limit = 1;
  embed([](process&, group& first) { return open_library(first); }, std::move(options));
  EXPECT_TRUE(text.str().contains("plugins debug host: [libs 1] found /libplain.so")) << text.str();
}

TEST(EmbedLog, GoesToStandardErrorWhenNoSinkIsGiven)
{
  process_options options = with_functions();
  options.debug = "libs";
  options.name = "host";
  ::testing::internal::CaptureStderr();
  embed([](process&, group& first) { return open_library(first); }, std::move(options));
  const std::string text = ::testing::internal::GetCapturedStderr();
  EXPECT_TRUE(text.contains("[interlink] [debug] host: [libs 1] found /libplain.so")) << text;
}

} // namespace
