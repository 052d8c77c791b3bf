// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/utf8.hh"

#include <gtest/gtest.h>

#include <string_view>

namespace interlink {
namespace {

TEST(Utf8, IsAnyWellFormedText)
{
  for (const std::string_view text : {"", "a", "\x7f", "\u0080", "\u07ff", "\u0800", "\xed\x9f\xbf", "\ue000", "\uffff",
                                      "\U00010000", "\U0010ffff", "lib\u00e9\u20ac\U0001f600.so"}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, IsNoStrayContinuation)
{
  EXPECT_FALSE(is_utf8("\x80"));
  EXPECT_FALSE(is_utf8("a\xbfz"));
}

TEST(Utf8, IsNoTruncatedSequence)
{
  for (const std::string_view text : {"\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3z", "\xe2\x82z", "\xf0\x9f\x98z"}) {
    EXPECT_FALSE(is_utf8(text)) << text.size();
  }
}

TEST(Utf8, IsNoOverlongForm)
{
  for (const std::string_view text : {"\xc0\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf"}) {
    EXPECT_FALSE(is_utf8(text)) << text.size();
  }
}

TEST(Utf8, IsNoSurrogate)
{
  EXPECT_FALSE(is_utf8("\xed\xa0\x80"));
  EXPECT_FALSE(is_utf8("\xed\xbf\xbf"));
}

TEST(Utf8, IsNothingAboveTheLastCodePoint)
{
  EXPECT_FALSE(is_utf8("\xf4\x90\x80\x80"));
  EXPECT_FALSE(is_utf8("\xf5\x80\x80\x80"));
  EXPECT_FALSE(is_utf8("\xff"));
}

} // namespace
} // namespace interlink
