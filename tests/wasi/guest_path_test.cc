// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/guest_path.hh"

#include "tests/wasi/fixture.hh"

namespace interlink::wasi::testing {
namespace {

using namespace std::string_view_literals;

TEST(GuestPath, ChecksTheTextOfARelativePath)
{
  EXPECT_EQ(check_relative_path("a/b"), errno_code::success);
  EXPECT_EQ(check_relative_path(""), errno_code::noent);
  EXPECT_EQ(check_relative_path("a\0b"sv), errno_code::inval);
  EXPECT_EQ(check_relative_path("\xff"), errno_code::ilseq);
  EXPECT_EQ(check_relative_path("/a"), errno_code::notcapable);
}

TEST(GuestPath, LimitsTheLengthOfAPath)
{
  EXPECT_EQ(check_relative_path(std::string(4095, 'a')), errno_code::success);
  EXPECT_EQ(check_relative_path(std::string(4096, 'a')), errno_code::nametoolong);
}

TEST(GuestPath, SplitsBeforeTheLastComponent)
{
  auto parts = split_last("a/b/c");
  EXPECT_EQ(parts.parent, "a/b");
  EXPECT_EQ(parts.last, "c");
  EXPECT_FALSE(parts.has_trailing_slash);
}

TEST(GuestPath, SplitsASingleComponentBelowTheDirectoryItself)
{
  auto parts = split_last("c//");
  EXPECT_EQ(parts.parent, ".");
  EXPECT_EQ(parts.last, "c");
  EXPECT_TRUE(parts.has_trailing_slash);
}

TEST(GuestPath, NormalisesDotsAndSlashes)
{
  EXPECT_EQ(normalise_guest_path("/a//b/./c/../d/", "/"), "/a/b/d");
  EXPECT_EQ(normalise_guest_path("x/../..", "/a/b"), "/a");
}

TEST(GuestPath, StopsAtTheRoot)
{
  EXPECT_EQ(normalise_guest_path("/../../a", "/"), "/a");
  EXPECT_EQ(normalise_guest_path("..", "/"), "/");
}

TEST(GuestPath, AnAbsolutePathIgnoresTheBase)
{
  EXPECT_EQ(normalise_guest_path("/x", "/a/b"), "/x");
}

TEST(GuestPath, FindsThePartBelowAPrefix)
{
  EXPECT_EQ(below_prefix("/a/b/c", "/a"), "b/c");
  EXPECT_EQ(below_prefix("/a/b", "/"), "a/b");
}

TEST(GuestPath, ThePartBelowItselfIsEmptyAndPresent)
{
  EXPECT_NE(below_prefix("/a", "/a").data(), nullptr);
  EXPECT_NE(below_prefix("/", "/").data(), nullptr);
  EXPECT_EQ(below_prefix("/a", "/a"), "");
}

TEST(GuestPath, APrefixEndsAtAComponent)
{
  EXPECT_EQ(below_prefix("/ab", "/a").data(), nullptr);
  EXPECT_EQ(below_prefix("/b", "/a").data(), nullptr);
  EXPECT_EQ(below_prefix("/", "/a").data(), nullptr);
}

} // namespace
} // namespace interlink::wasi::testing
