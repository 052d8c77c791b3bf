// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a guest asks for may be more than the host has: a library of nearly the largest size that is accepted, while the
// host has much less. Its open fails, and the guest goes on.
#include "tests/scenarios/hostile/hostile_run.hh"

#include <filesystem>

namespace interlink {
namespace {

using namespace test;

constexpr std::size_t mebibyte = std::size_t{1} << 20;

TEST(HostMemory, ThatALibraryDoesNotFitInFailsItsOpen)
{
  const scratch_directory scratch;
  scratch.copy_guest("libplain.so", "libplain.so");
  scratch.copy_guest("libplain.so", "large.so");
  std::filesystem::resize_file(scratch / "large.so", 1024 * mebibyte); // a hole: it takes no room on the disk
  command_options options;
  options.options = {"--dir", scratch.path() + "::."};
  options.host_memory_bytes = 512 * mebibyte;
  options.script = {{.write = "open ./large.so\nopen ./libplain.so\nend\n"}};
  const command_result run = run_guest("obeys", options);
  EXPECT_TRUE(succeeds_saying(run, {"1: refused ", "large.so", "2: opened"}));
#ifndef __SANITIZE_ADDRESS__
  EXPECT_TRUE(run.out.contains("the host has no memory left for")) << run.out;
#endif
}

} // namespace
} // namespace interlink
