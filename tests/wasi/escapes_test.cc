// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Attempts to leave a preopened directory. The guest's root is `inside` of a scratch directory; `secret` and `outside`
// stand beside it and must be neither read nor changed.
#include "tests/wasi/fixture.hh"

#include <array>
#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <stdio.h>

namespace interlink::wasi::testing {
namespace {

/// The scratch directory with all ways out that a link can be.
struct escape_world : scratch_directory {
  escape_world()
  {
    make_directory("inside");
    make_directory("inside/deep");
    make_directory("outside");
    write("secret", "secret");
    write("outside/file", "secret");
    write("inside/file", "inside");
    make_link("../secret", "inside/up");
    make_link(path("secret"), "inside/absolute");
    make_link("../outside", "inside/tree");
    make_link("deep/../../secret", "inside/around");
    make_link("up", "inside/chain");
    make_link("../new", "inside/dangling");
    make_link("/proc/self/root", "inside/magic");
  }
};

class Escapes : public ::testing::Test {
protected:
  void expect_untouched()
  {
    EXPECT_EQ(world.read("secret"), "secret");
    EXPECT_EQ(world.read("outside/file"), "secret");
    EXPECT_FALSE(world.has("new"));
    EXPECT_FALSE(world.has("outside/new"));
  }

  escape_world world;
  guest g{[this](options& o) { o.preopens = {{world.path("inside"), "/inside"}}; }};
};

// Followed to its end, each of these is outside.
constexpr std::array<std::string_view, 11> ways_out{
    "..",     "../secret", "deep/../../secret", "./../secret", "/etc/passwd", "up", "absolute", "tree/file",
    "around", "chain",     "magic/etc/passwd",
};

// What names an entry of a directory outside.
constexpr std::array<std::string_view, 5> parents_out{"../new", "deep/../../new", "/new", "tree/new", "magic/new"};

TEST_F(Escapes, NoPathOpensAFileOutside)
{
  for (auto path : ways_out) {
    EXPECT_EQ(g.try_open(path, to_read).error(), errno_code::notcapable) << path;
  }
}

TEST_F(Escapes, NoPathShowsTheStatusOfAFileOutside)
{
  for (auto path : ways_out) {
    EXPECT_EQ(g.stat(path, 64), errno_code::notcapable) << path;
  }
}

TEST_F(Escapes, NoPathCreatesOutside)
{
  for (auto path : parents_out) {
    EXPECT_EQ(g.try_open(path, {.open_flags = open_flag::create}).error(), errno_code::notcapable) << path;
    EXPECT_EQ(g.call_path(path_create_directory, path), errno_code::notcapable) << path;
    EXPECT_EQ(g.symlink("x", path), errno_code::notcapable) << path;
    EXPECT_EQ(g.rename("file", path), errno_code::notcapable) << path;
    EXPECT_EQ(g.link("file", path), errno_code::notcapable) << path;
  }
  EXPECT_EQ(g.try_open("dangling", {.open_flags = open_flag::create}).error(), errno_code::notcapable);
  expect_untouched();
}

TEST_F(Escapes, NoPathRemovesOutside)
{
  for (auto path : {"../secret", "tree/file", "deep/../../secret", "/secret"}) {
    EXPECT_EQ(g.call_path(path_unlink_file, path), errno_code::notcapable) << path;
    EXPECT_EQ(g.rename(path, "stolen"), errno_code::notcapable) << path;
    EXPECT_EQ(g.link(path, "stolen"), errno_code::notcapable) << path;
  }
  EXPECT_EQ(g.call_path(path_remove_directory, "../outside"), errno_code::notcapable);
  EXPECT_FALSE(world.has("inside/stolen"));
  expect_untouched();
}

TEST_F(Escapes, NoTimeIsSetOutside)
{
  for (auto path : ways_out) {
    auto where = g.path_of(path);
    EXPECT_EQ(g.call(path_filestat_set_times, root_fd, follow, where.at, where.size, 1, 0, time_flag::access),
              errno_code::notcapable)
        << path;
  }
}

TEST_F(Escapes, AFollowedLinkIsNotLinkedToAFileOutside)
{
  for (auto path : {"up", "absolute", "around", "chain"}) {
    EXPECT_EQ(g.link(path, "stolen", follow), errno_code::notcapable) << path;
  }
  EXPECT_FALSE(world.has("inside/stolen"));
}

TEST_F(Escapes, ALastDotDotIsNoEntry)
{
  EXPECT_EQ(g.call_path(path_remove_directory, ".."), errno_code::notcapable);
  EXPECT_EQ(g.call_path(path_create_directory, "deep/../.."), errno_code::notcapable);
  EXPECT_EQ(g.rename("..", "stolen"), errno_code::notcapable);
}

TEST_F(Escapes, DotDotInsideIsInOrder)
{
  EXPECT_EQ(g.read(g.open("deep/../file"), 8), "inside");
  EXPECT_EQ(g.stat("deep/..", 64), errno_code::success);
}

TEST_F(Escapes, AnInnerDescriptorIsARootOfItsOwn)
{
  auto deep = g.open("deep", {.open_flags = open_flag::directory, .base = rights::directory});
  EXPECT_EQ(g.try_open("../file", {.directory = deep}).error(), errno_code::notcapable);
}

TEST_F(Escapes, AnAbsoluteLinkIsNotMade)
{
  EXPECT_EQ(g.symlink("/etc/passwd", "link"), errno_code::notcapable);
  EXPECT_FALSE(world.has("inside/link"));
}

TEST_F(Escapes, ALinkThatTheGuestMakesLeadsNowhereOutside)
{
  ASSERT_EQ(g.symlink("../secret", "mine"), errno_code::success);
  EXPECT_EQ(g.try_open("mine", to_read).error(), errno_code::notcapable);
}

TEST_F(Escapes, ATrailingSlashDoesNotFollowALinkOutside)
{
  EXPECT_EQ(g.stat("tree/", 64, 0), errno_code::notcapable);
  EXPECT_FALSE(g.call_path(path_remove_directory, "tree/").is_success());
  EXPECT_FALSE(g.link("tree/", "stolen").is_success());
  EXPECT_FALSE(g.rename("tree/", "stolen").is_success());
  EXPECT_FALSE(world.has("inside/stolen"));
  EXPECT_TRUE(world.has("outside"));
  expect_untouched();
}

TEST_F(Escapes, TheDynamicLinkersOpenStaysInsideToo)
{
  for (auto path : {"/inside/up", "/inside/absolute", "/inside/tree/file", "/inside/magic/etc/passwd"}) {
    EXPECT_EQ(g.system().open_guest_file(path).error(), errno_code::notcapable) << path;
  }
  EXPECT_EQ(g.system().change_directory("/inside/tree"), errno_code::notcapable);
}

/// Changes the world again and again in another thread while it lives.
class disturber {
public:
  explicit disturber(std::function<void()> change)
      : thread_([this, change = std::move(change)] {
          while (!is_done_.load()) {
            change();
          }
        })
  {
  }

  disturber(const disturber&) = delete;
  disturber& operator=(const disturber&) = delete;

  ~disturber()
  {
    is_done_ = true;
    thread_.join();
  }

private:
  std::atomic<bool> is_done_ = false;
  std::thread thread_;
};

// Bounds each race, so that the whole binary stays quick.
constexpr auto race_length = std::chrono::milliseconds(500);

/// Tries until the time is over; returns how many tries there were.
int race(const std::function<void()>& attempt)
{
  auto end = std::chrono::steady_clock::now() + race_length;
  int tries = 0;
  for (; std::chrono::steady_clock::now() < end; ++tries) {
    attempt();
  }
  return tries;
}

// A directory on the way is a real one at one moment and a link to the outside at the next.
TEST_F(Escapes, ADirectoryThatBecomesALinkDuringTheWalkLeadsNowhere)
{
  world.make_directory("inside/swap");
  world.write("inside/swap/file", "inside");
  auto swap = world.path("inside/swap");
  auto tree = world.path("inside/tree");
  auto where = g.path_of("swap/file");
  disturber other([=] { ::renameat2(AT_FDCWD, swap.c_str(), AT_FDCWD, tree.c_str(), RENAME_EXCHANGE); });
  int tries = race([&] {
    auto how = g.call(path_open, root_fd, follow, where.at, where.size, 0, rights::fd_read, 0, 0, 64);
    if (!how.is_success()) {
      ASSERT_EQ(how, errno_code::notcapable);
      return;
    }
    auto fd = g.memory.load<guest_fd>(64);
    g.memory.store(72, std::uint32_t{128});
    g.memory.store(76, std::uint32_t{6});
    ASSERT_EQ(g.call(fd_read, fd, 72, 1, 80), errno_code::success);
    ASSERT_EQ(g.memory.text(128, 6), "inside");
    ASSERT_EQ(g.call(fd_close, fd), errno_code::success);
  });
  EXPECT_GT(tries, 0);
}

// The walk stands in `deep/inner` when that moves out of the root; its ".." would then be outside.
TEST_F(Escapes, ADirectoryThatMovesOutDuringTheWalkLeadsNowhere)
{
  world.make_directory("inside/deep/inner");
  auto in = world.path("inside/deep/inner");
  auto out = world.path("outside/inner");
  auto where = g.path_of("deep/inner/../../../secret");
  disturber other([=] {
    ::rename(in.c_str(), out.c_str());
    ::rename(out.c_str(), in.c_str());
  });
  int tries = race([&] {
    auto how = g.call(path_open, root_fd, follow, where.at, where.size, 0, rights::fd_read, 0, 0, 64);
    ASSERT_FALSE(how.is_success());
  });
  EXPECT_GT(tries, 0);
}

TEST_F(Escapes, AnUnlinkThatRacesWithASwapRemovesNothingOutside)
{
  world.make_directory("inside/swap");
  auto swap = world.path("inside/swap");
  auto tree = world.path("inside/tree");
  auto where = g.path_of("swap/file");
  disturber other([=] { ::renameat2(AT_FDCWD, swap.c_str(), AT_FDCWD, tree.c_str(), RENAME_EXCHANGE); });
  int tries = race([&] { (void)g.call(path_unlink_file, root_fd, where.at, where.size); });
  EXPECT_GT(tries, 0);
  expect_untouched();
}

// Each call that names a path, again and again, while the directory in it is a real one or a link to the outside.
class RacedCalls : public Escapes {
protected:
  /// Makes the attempts while the directory `swap` changes places with the link `tree`.
  void race_with_swap(const std::function<void()>& attempt)
  {
    world.make_directory("inside/swap");
    world.make_directory("outside/directory");
    world.make_link("file", "outside/link");
    const auto before = std::filesystem::last_write_time(world.path("outside/file"));
    const auto swap = world.path("inside/swap");
    const auto tree = world.path("inside/tree");
    {
      disturber other([=] { ::renameat2(AT_FDCWD, swap.c_str(), AT_FDCWD, tree.c_str(), RENAME_EXCHANGE); });
      const auto mark = g.memory.mark();
      EXPECT_GT(race([&] {
                  attempt();
                  g.memory.rewind(mark);
                }),
                0);
    }
    expect_untouched();
    std::set<std::string> outside;
    for (const auto& entry : std::filesystem::directory_iterator(world.path("outside"))) {
      outside.insert(entry.path().filename());
    }
    EXPECT_EQ(outside, (std::set<std::string>{"directory", "file", "link"}));
    EXPECT_EQ(std::filesystem::last_write_time(world.path("outside/file")), before);
  }
};

TEST_F(RacedCalls, CreateNothingOutside)
{
  race_with_swap([&] {
    (void)g.call_path(path_create_directory, "swap/new");
    (void)g.symlink("x", "swap/made");
    if (auto opened = g.try_open("swap/opened", {.open_flags = open_flag::create})) {
      ASSERT_EQ(g.call(fd_close, *opened), errno_code::success);
    }
    (void)g.link("file", "swap/linked");
    (void)g.rename("file", "swap/moved");
    (void)g.rename("swap/moved", "file");
  });
  EXPECT_TRUE(world.has("inside/swap/opened") || world.has("inside/tree/opened")); // it was the real one at times
}

TEST_F(RacedCalls, RemoveAndTakeNothingOutside)
{
  race_with_swap([&] {
    (void)g.call_path(path_remove_directory, "swap/directory");
    (void)g.call_path(path_unlink_file, "swap/file");
    (void)g.call_path(path_unlink_file, "swap/link");
    (void)g.rename("swap/directory", "stolen_directory");
    (void)g.rename("swap/file", "stolen");
    (void)g.link("swap/file", "stolen");
    (void)g.link("swap/link", "stolen", follow);
  });
  EXPECT_FALSE(world.has("inside/stolen"));
  EXPECT_FALSE(world.has("inside/stolen_directory"));
}

TEST_F(RacedCalls, ReadAndChangeNothingOutside)
{
  // Of these names only the directory outside has any.
  const auto file = g.path_of("swap/file");
  race_with_swap([&] {
    ASSERT_FALSE(g.stat("swap/file", 64).is_success());
    ASSERT_FALSE(g.call(path_filestat_set_times, root_fd, follow, file.at, file.size, 1, 1,
                        time_flag::access | time_flag::modification)
                     .is_success());
    ASSERT_FALSE(g.try_open("swap/file", to_read));
    ASSERT_FALSE(g.try_open("swap/directory", {.open_flags = open_flag::directory, .base = rights::directory}));
    ASSERT_FALSE(g.system().open_guest_file("/inside/swap/file"));
    ASSERT_FALSE(g.system().change_directory("/inside/swap/directory").is_success());
    const auto link = g.path_of("swap/link");
    ASSERT_FALSE(g.call(path_readlink, root_fd, link.at, link.size, 1024, 64, 2048).is_success());
  });
}

} // namespace
} // namespace interlink::wasi::testing
