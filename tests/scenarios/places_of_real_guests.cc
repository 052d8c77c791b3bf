// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The map from rewritten code to the user's file, for every instruction of every guest that the tests have.
#include "tests/support/place_check.hh"

#include <gtest/gtest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "wasm/module_reader.hh"

namespace interlink {
namespace {

std::vector<std::byte> read_file(const std::filesystem::path& path)
{
  std::ifstream file(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

TEST(CodeMap, IsExactForEveryInstructionOfEveryGuest)
{
  std::size_t rewritten = 0;
  std::size_t checks = 0;
  std::size_t map_bytes = 0;
  for (const auto& entry : std::filesystem::directory_iterator(INTERLINK_GUEST_DIR)) {
    if (!entry.is_regular_file()) {
      continue;
    }
    const std::vector<std::byte> bytes = read_file(entry.path());
    const result<module_info> info = read_module(bytes);
    const result<instrumented_module> made =
        info ? instrument(bytes, *info, {.module_name = "0123456789abcdef"}) : fail(info.error());
    if (!made) {
      continue; // some are there to be refused
    }
    EXPECT_EQ(support::difference_of_places(bytes, *made), "") << entry.path();
    ++rewritten;
    checks += made->facts.checks + made->facts.stack_checks + made->facts.waits;
    map_bytes += made->places.size_bytes();
  }
  EXPECT_GT(rewritten, 100U);
  // A change takes three numbers, most of one byte; that of a body's length comes on top.
  EXPECT_LT(map_bytes, 8 * checks);
  RecordProperty("bytes_for_each_change", std::to_string(static_cast<double>(map_bytes) / static_cast<double>(checks)));
}

} // namespace
} // namespace interlink
