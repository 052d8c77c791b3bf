// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opening and reading a FIFO waits for its other end, in one thread alone.
#include "tests/scenarios/support/command_run.hh"

#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace interlink {
namespace {

using namespace test;

TEST(Fifo, InAPreopenedDirectoryBlocksOnlyItsReader)
{
  const scratch_directory scratch;
  scratch.copy_guest("libplain.so", "libplain.so");
  const std::string name = scratch / "fifo";
  ASSERT_EQ(::mkfifo(name.c_str(), 0600), 0);
  std::jthread writer;
  command_options options;
  options.arguments = {"fifo"};
  options.options = {"--dir", scratch.path() + "::."};
  options.script = {{.after = "working", .close_input = true, .act = [&] {
                       writer = std::jthread([&name] {
                         constexpr std::string_view text = "through the fifo";
                         const int fd = ::open(name.c_str(), O_WRONLY | O_CLOEXEC);
                         EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
                         ::close(fd);
                       });
                     }}};
  const command_result run = run_guest("reads_fifo", options);
  EXPECT_TRUE(succeeds(run));
  // If the guest never opened it, this lets the writer's open return.
  const int rescue = ::open(name.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  writer = {};
  ::close(rescue);
}

} // namespace
} // namespace interlink
