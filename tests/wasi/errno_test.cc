// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/wasi/fixture.hh"
#include "wasi/errno_code.hh"

#include <cerrno>
#include <set>
#include <string_view>

namespace interlink::wasi::testing {
namespace {

TEST(ErrnoCode, TranslatesHostNumbersThatDifferInWasi)
{
  EXPECT_EQ(from_host_errno(ENOENT), errno_code::noent);
  EXPECT_EQ(from_host_errno(EACCES), errno_code::acces);
  EXPECT_EQ(from_host_errno(ENOTEMPTY), errno_code::notempty);
  EXPECT_EQ(from_host_errno(ELOOP), errno_code::loop);
}

TEST(ErrnoCode, KeepsSuccess)
{
  EXPECT_EQ(from_host_errno(0), errno_code::success);
}

TEST(ErrnoCode, ShowsAnUnknownHostNumberAsInputOutputError)
{
  EXPECT_EQ(from_host_errno(100'000), errno_code::io);
  EXPECT_EQ(from_host_errno(-1), errno_code::io);
}

TEST(ErrnoCode, NumbersAreThoseOfTheSpecification)
{
  EXPECT_EQ(static_cast<int>(errno_code::too_big), 1);
  EXPECT_EQ(static_cast<int>(errno_code::badf), 8);
  EXPECT_EQ(static_cast<int>(errno_code::inval), 28);
  EXPECT_EQ(static_cast<int>(errno_code::noent), 44);
  EXPECT_EQ(static_cast<int>(errno_code::spipe), 70);
  EXPECT_EQ(static_cast<int>(errno_code::notcapable), 76);
}

TEST(ErrnoCode, EveryNumberHasANameOfItsOwn)
{
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(errno_code::notcapable); ++i) {
    names.insert(to_string(static_cast<errno_code>(i)));
  }
  EXPECT_EQ(names.size(), 77U);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(ErrnoCode, NamesStandAtTheirNumbers)
{
  EXPECT_EQ(to_string(errno_code::too_big), "2big");
  EXPECT_EQ(to_string(errno_code::isdir), "isdir");
  EXPECT_EQ(to_string(errno_code::notcapable), "notcapable");
}

TEST(ErrnoCode, ANumberOutOfRangeIsUnknown)
{
  EXPECT_EQ(to_string(static_cast<errno_code>(77)), "unknown");
}

} // namespace
} // namespace interlink::wasi::testing
