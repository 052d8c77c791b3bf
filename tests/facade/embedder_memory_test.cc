// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bound of a program's memory: the embedder's option, and a memory that the embedder brings along.
#include "tests/facade/written_program.hh"

namespace interlink {
namespace {

using namespace test;

constexpr std::uint64_t page_bytes = 65536;

/// Grows by one page; the size before, or -1.
std::int32_t grow(group at)
{
  const auto found = await(at.async_find_symbol(library{main_handle}, "grow", asio::use_future));
  const auto grown = found ? await(at.async_call(*found, {}, asio::use_future))
                           : result<std::vector<guest_value>>(fail(found.error()));
  EXPECT_TRUE(grown) << grown.error().message();
  return grown ? std::get<std::int32_t>(grown->at(0)) : -2;
}

std::string growing_program(const std::string& memory)
{
  return "(module " + memory + R"((func (export "_initialize"))
    (func (export "grow") (result i32) (memory.grow (i32.const 1)))))";
}

TEST(EmbeddersMemory, IsBoundedByItsOwnMaximumAndSaysSo)
{
  written_program guest;
  guest.write("program.wasm", growing_program(R"((import "embedder" "memory" (memory 1 3 shared)))"));
  auto memory = guest.engine()->make_shared_memory({.size = {1, 3}, .is_shared = true});
  ASSERT_TRUE(memory) << memory.error().message();
  host_registry functions;
  functions.add("embedder", "memory", *memory);
  std::string reports;
  process_options options;
  options.memory.maximum_bytes = 2 * page_bytes;
  options.report = [&](const std::string& text) {
    reports += text + "\n";
  };
  const auto first = guest.start(std::move(options), std::move(functions));
  ASSERT_TRUE(first) << first.error().message();
  EXPECT_EQ(grow(*first), 1);
  EXPECT_EQ(grow(*first), 2);
  EXPECT_EQ(grow(*first), -1);
  EXPECT_EQ((*memory)->size_bytes(), 3 * page_bytes);
  EXPECT_EQ(reports,
            "--max-memory has no effect: the program's memory is the embedder's, which was made with a maximum\n");
}

TEST(EmbeddersMemory, IsRefusedForAProgramThatTheLinkerLaysOut)
{
  written_program guest;
  guest.write("program.wasm", "(module " + dylink_text() + R"((import "env" "memory" (memory 1 1024 shared))
    (func (export "_initialize"))))");
  auto memory = guest.engine()->make_shared_memory({.size = {1, 1024}, .is_shared = true});
  ASSERT_TRUE(memory) << memory.error().message();
  host_registry functions;
  functions.add("env", "memory", *memory);
  const auto made = guest.make({}, std::move(functions));
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), errc::invalid_argument);
  EXPECT_TRUE(made.error().message().contains("the embedder's memory cannot be that of a dynamically linked program"))
      << made.error().message();
  EXPECT_TRUE(made.error().message().contains("leave it out of the host functions")) << made.error().message();
}

TEST(EmbeddersMaximum, BoundsTheProgramsOwnMemory)
{
  for (const std::string memory : {"(memory 1)", "(memory 1 3 shared)", R"((import "any" "name" (memory 1)))",
                                   R"((import "any" "name" (memory 1 3 shared)))"}) {
    written_program guest;
    guest.write("program.wasm", growing_program(memory));
    process_options options;
    options.memory.maximum_bytes = 2 * page_bytes;
    const auto first = guest.start(std::move(options));
    ASSERT_TRUE(first) << first.error().message();
    EXPECT_EQ(grow(*first), 1) << memory;
    EXPECT_EQ(grow(*first), -1) << memory;
  }
}

} // namespace
} // namespace interlink
