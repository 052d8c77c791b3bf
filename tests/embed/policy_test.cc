// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The audit interface: what the embedder is asked, and what its refusal comes to.
#include <algorithm>
#include <fstream>
#include <mutex>

#include "embedding.hh"

namespace {

using namespace embedding;

struct asked_open {
  std::string name;
  std::string file;
  std::string sha256;
  std::string requester;
  std::uint32_t group;
};

/// What was asked. Guests' threads ask.
struct asked {
  std::mutex mutex;
  std::vector<asked_open> opens;
  std::vector<std::string> imports; ///< importer, names and type

  process_options options()
  {
    process_options made = with_functions();
    made.policy.open = [this](const open_request& each) -> result<void> {
      std::lock_guard lock(mutex);
      opens.push_back({std::string(each.name), std::string(each.file), std::string(each.sha256),
                       std::string(each.requester), each.group});
      return each.file.contains("libsecond") ? fail(errc::refused, "not on the list") : result<void>();
    };
    made.policy.import = [this](const import_request& each) -> result<void> {
      std::lock_guard lock(mutex);
      imports.push_back(std::string(each.importer) + " " + std::string(each.module) + "." + std::string(each.name) +
                        (each.type ? " " + to_string(*each.type) : ""));
      return {};
    };
    return made;
  }
};

std::string sha256_of(const std::string& path)
{
  const std::string output = testing::TempDir() + "sha256";
  EXPECT_EQ(std::system(("sha256sum " + path + " | cut -d' ' -f1 >" + output).c_str()), 0);
  std::ifstream file(output);
  std::string hash;
  file >> hash;
  return hash;
}

TEST(EmbedPolicy, SeesEachOpenWithNameFileHashAndRequester)
{
  asked seen;
  embed(
      [](process&, group& first) -> asio::awaitable<void> {
        co_await first.async_open("./libplain.so", open_flag::now, use_awaitable);
        co_await first.async_open("./libplain.so", open_flag::now, use_awaitable); // one more handle
        const auto dlopen = co_await find<std::string(std::string)>(first, "host_dlopen");
        EXPECT_EQ(co_await first.async_call(dlopen, {"/libplain.so"}, use_awaitable), "");
      },
      seen.options());
  const std::string hash = sha256_of(guest_file("libplain.so"));
  ASSERT_EQ(seen.opens.size(), 3U);
  for (const asked_open& each : seen.opens) {
    EXPECT_EQ(each.file, "/libplain.so");
    EXPECT_EQ(each.sha256, hash);
    EXPECT_EQ(each.requester, "/embed_host.wasm");
    EXPECT_EQ(each.group, 1U);
  }
  EXPECT_EQ(seen.opens[0].name, "./libplain.so");
  EXPECT_EQ(seen.opens[2].name, "/libplain.so");
}

TEST(EmbedPolicy, RefusesAnOpenAndLeavesNothing)
{
  asked seen;
  embed(
      [](process& guest, group& first) -> asio::awaitable<void> {
        const auto refused = co_await first.async_open("./libsecond.so", open_flag::now, as_result(use_awaitable));
        EXPECT_FALSE(refused);
        EXPECT_TRUE(!refused && refused.error() == errc::refused) << refused.error().message();
        EXPECT_TRUE(!refused && refused.error().message().contains("not on the list")) << refused.error().message();
        const auto dlopen = co_await find<std::string(std::string)>(first, "host_dlopen");
        const std::string told = co_await first.async_call(dlopen, {"./libsecond.so"}, use_awaitable);
        EXPECT_TRUE(told.contains("not on the list")) << told;
        const auto absent = co_await first.async_open("./libsecond.so", open_flag::no_load, as_result(use_awaitable));
        EXPECT_FALSE(absent);
        EXPECT_EQ(guest.threads().size(), 1U);
      },
      seen.options());
}

TEST(EmbedPolicy, SeesAndRefusesTheHostsFunctionsThatAreLinked)
{
  asked seen;
  embed([](process&, group&) -> asio::awaitable<void> { co_return; }, seen.options());
  const auto has = [&](const std::string& text) {
    return std::ranges::find(seen.imports, text) != seen.imports.end();
  };
  EXPECT_TRUE(has("/embed_host.wasm embedder.describe (func (param i32 i32) (result i32))"));
  EXPECT_TRUE(has("/embed_host.wasm wasi_snapshot_preview1.fd_write (func (param i32 i32 i32 i32) (result i32))"));

  process_options options = with_functions();
  options.policy.import = [](const import_request& each) -> result<void> {
    return each.name == "fails" ? fail(errc::refused, "no failures here") : result<void>();
  };
  asio::io_context context;
  runtime shared(context, with_cache());
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        const program made = co_await shared.async_compile(guest_file("embed_host.wasm"), use_awaitable);
        process guest = co_await process::async_make(context.get_executor(), made, std::move(options), use_awaitable);
        const auto refused = co_await guest.async_start(as_result(use_awaitable));
        EXPECT_TRUE(!refused && refused.error() == errc::refused);
      },
      [](const std::exception_ptr& failed) { EXPECT_FALSE(failed) << to_error(failed).message(); });
  context.run();
}

} // namespace
