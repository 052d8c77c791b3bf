// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The look-up without openat2 beside the kernel's. tests/wasi/CMakeLists.txt runs the tests of paths once more in a
// process that may not call openat2.
#include "wasi/walk.hh"

#include "tests/wasi/fixture.hh"

#include <array>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace interlink::wasi::testing {
namespace {

struct found {
  errno_code code = errno_code::success;
  ino_t inode{};

  friend bool operator==(const found&, const found&) = default;
};

void PrintTo(const found& each, std::ostream* to)
{
  *to << to_string(each.code) << " " << each.inode;
}

found describe(const expected<unique_fd>& opened)
{
  struct stat status{};
  if (!opened) {
    return {opened.error().code(), 0};
  }
  EXPECT_EQ(::fstat(opened->value(), &status), 0);
  return {errno_code::success, status.st_ino};
}

expected<unique_fd> by_kernel(int directory, const std::string& path, int flags, std::uint64_t resolve)
{
  open_how how{};
  how.flags = static_cast<unsigned>(flags) | O_CLOEXEC;
  how.mode = (flags & O_CREAT) != 0 ? 0666 : 0;
  how.resolve = resolve | RESOLVE_NO_MAGICLINKS;
  unique_fd fd(static_cast<int>(::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
  if (!fd.is_open()) {
    return refuse(errno == EXDEV ? errno_code::notcapable : from_host_errno(errno));
  }
  return fd;
}

class Walk : public ::testing::Test {
protected:
  Walk()
  {
    for (auto name : {"inside", "inside/deep", "inside/deep/er", "outside"}) {
      world.make_directory(name);
    }
    world.write("inside/file", "");
    world.write("inside/deep/file", "");
    world.write("outside/file", "");
    world.make_fifo("inside/fifo");
    const std::array<std::pair<const char*, const char*>, 14> links{{{"file", "to_file"},
                                                                     {"deep", "to_deep"},
                                                                     {"deep/", "to_deep_slash"},
                                                                     {"file/", "to_file_slash"},
                                                                     {"deep/../file", "around"},
                                                                     {"../outside", "out"},
                                                                     {"../inside/file", "out_and_in"},
                                                                     {"/etc", "absolute"},
                                                                     {"loop", "loop"},
                                                                     {"missing", "dangling"},
                                                                     {"to_file", "chain"},
                                                                     {"deep/er/up", "chain_out"},
                                                                     {".", "here"},
                                                                     {"/proc/self/fd/0", "magic"}}};
    for (const auto& [target, name] : links) {
      world.make_link(target, "inside/" + std::string(name));
    }
    world.make_link("../..", "inside/deep/er/up");
    std::string previous = "file";
    for (int i = 0; i < 42; ++i) {
      world.make_link(previous, "inside/l" + std::to_string(i));
      previous = "l" + std::to_string(i);
    }
    base = unique_fd(::open(world.path("inside").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  }

  void SetUp() override
  {
    if (!by_kernel(base.value(), ".", O_PATH, RESOLVE_BENEATH)) {
      GTEST_SKIP() << "there is no openat2 to compare with";
    }
  }

  scratch_directory world;
  unique_fd base;
};

TEST_F(Walk, FindsWhatTheKernelFinds)
{
  const std::array<std::string, 14> first{"",     "file", "deep", "deep/er",  "to_file", "to_deep", "to_deep_slash",
                                          "loop", "out",  "here", "absolute", "around",  "chain",   "to_file_slash"};
  const std::array<std::string, 23> last{
      "",        ".",          "..",         "/",         "file",     "file/",
      "missing", "missing/",   "fifo",       "dangling",  "l38",      "l39",
      "l40",     "l41",        "to_deep",    "to_deep/",  "../..",    "../../outside/file",
      "magic",   "out_and_in", "deep/er/up", "chain_out", "../inside"};
  const std::array<int, 9> flags{O_PATH,
                                 O_PATH | O_NOFOLLOW,
                                 O_PATH | O_DIRECTORY,
                                 O_RDONLY | O_NONBLOCK,
                                 O_RDONLY | O_NONBLOCK | O_NOFOLLOW,
                                 O_RDWR | O_NONBLOCK,
                                 O_RDONLY | O_DIRECTORY,
                                 O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                                 O_RDWR | O_CREAT | O_EXCL};
  for (const auto& a : first) {
    for (const auto& b : last) {
      const auto path = a.empty() ? b : a + "/" + b;
      if (path.empty() || path.front() == '/') {
        continue;
      }
      for (const int each : flags) {
        const auto expected_file = describe(by_kernel(base.value(), path, each, RESOLVE_BENEATH));
        if ((each & O_CREAT) != 0 && expected_file.code == errno_code::success) {
          ASSERT_EQ(::unlinkat(base.value(), path.c_str(), 0), 0) << path;
        }
        const auto walked = describe(walk(base.value(), path, each, 0666, walk_rule::beneath));
        if ((each & O_CREAT) != 0 && walked.code == errno_code::success) {
          ASSERT_EQ(::unlinkat(base.value(), path.c_str(), 0), 0) << path;
          EXPECT_EQ(walked.code, expected_file.code) << path;
          continue;
        }
        EXPECT_EQ(walked, expected_file) << path << " with flags " << std::oct << each;
        if ((each & O_CREAT) == 0) {
          EXPECT_EQ(describe(walk(base.value(), path, each, 0, walk_rule::in_root_without_links)),
                    describe(by_kernel(base.value(), path, each, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS)))
              << path << " in root with flags " << std::oct << each;
        }
      }
    }
  }
}

TEST_F(Walk, CreatesWhereALinkLeads)
{
  ASSERT_TRUE(walk(base.value(), "dangling", O_WRONLY | O_CREAT, 0666, walk_rule::beneath));
  EXPECT_TRUE(world.has("inside/missing"));
  EXPECT_EQ(walk(base.value(), "new/", O_WRONLY | O_CREAT, 0666, walk_rule::beneath).error(), errno_code::isdir);
  EXPECT_EQ(walk(base.value(), "out/new", O_WRONLY | O_CREAT, 0666, walk_rule::beneath).error(),
            errno_code::notcapable);
  EXPECT_FALSE(world.has("outside/new"));
}

} // namespace
} // namespace interlink::wasi::testing
