// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Thousands of dlopens of garbage (every kind of damage to a good library, and noise) beside threads that go on.
#include "tests/scenarios/hostile/hostile_run.hh"

#include <random>

namespace interlink {
namespace {

using namespace test;

TEST(Garbage, IsRefusedThousandsOfTimesBesideHealthyThreads)
{
  constexpr int files = 200;
  const scratch_directory scratch;
  scratch.copy_guest("libplain.so", "libplain.so");
  for (int i = 1; i <= 8; ++i) {
    const std::string name = "libcounts_" + std::to_string(i) + ".so";
    scratch.copy_guest(name, name);
  }
  const std::string good = bytes_of_guest("libplain.so");
  std::mt19937 random(20'261'123);
  const auto below = [&](std::size_t end) {
    return random() % end;
  };
  for (int i = 0; i < files; ++i) {
    std::string content;
    switch (i % 4) {
    case 0: // cut short, but not between two sections at the end, where a module may well end
      content = good.substr(0, below(good.size() / 2));
      break;
    case 1: // noise after a good header
      content = good.substr(0, 8);
      for (std::size_t k = 0; k < 500; ++k) {
        content.push_back(static_cast<char>(random()));
      }
      break;
    case 2: // the length of the first section is another
      content = good;
      content[9] = static_cast<char>(content[9] + 1 + static_cast<char>(below(100)));
      break;
    default: // bytes are missing in the middle
      content = good;
      content.erase(20 + below(good.size() / 2), 1 + below(30));
      break;
    }
    scratch.write("garbage/" + std::to_string(i) + ".so", content);
  }
  const command_result run = run_guest(
      "opens_garbage", {.arguments = {std::to_string(files), "10"}, .options = {"--dir", scratch.path() + "::."}});
  EXPECT_TRUE(succeeds_saying(run, {"ok refused 4000 opened 0\n"}));
}

} // namespace
} // namespace interlink
