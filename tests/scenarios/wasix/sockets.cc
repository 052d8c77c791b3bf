// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sockets of guests: every call over loopback and local sockets, many connections at once, and what the options allow.
#include "tests/scenarios/support/command_run.hh"

#include <filesystem>

namespace interlink {
namespace {

using namespace test;

command_result run_with(const std::string& guest, const scratch_directory& scratch, std::vector<std::string> options)
{
  scratch.write("secret", "not the guest's");
  scratch.write("guest/file", "content");
  std::filesystem::create_directory_symlink("..", scratch / "guest/out");
  command_options wanted;
  wanted.options = std::move(options);
  wanted.options.insert(wanted.options.end(), {"--dir", (scratch / "guest") + "::/"});
  return run_guest(guest, wanted);
}

TEST(WasixSockets, ServesEveryCallOverLoopback)
{
  const scratch_directory scratch;
  EXPECT_TRUE(succeeds(run_with("uses_sockets", scratch, {"--net", "loopback"})));
}

TEST(WasixSockets, ServesAThousandConnectionsByEightThreadsWithEpoll)
{
  const scratch_directory scratch;
  EXPECT_TRUE(succeeds(run_with("serves_many", scratch, {"--net=loopback"})));
}

TEST(WasixSockets, JoinGroupsWhereAllIsAllowed)
{
  EXPECT_TRUE(succeeds(run_guest("uses_sockets", {.arguments = {"groups"}, .options = {"--net", "all"}})));
}

TEST(WasixSockets, RefusesByDefaultAndNamesTheOptionOnce)
{
  const scratch_directory scratch;
  const command_result run = run_with("serves_many", scratch, {});
  EXPECT_TRUE(ends_with(run, 1));
  EXPECT_TRUE(run.err.contains("interlink: the guest may not listen at 127.0.0.1:0: give --allow-listen 127.0.0.1:0 or "
                               "--net loopback\n"))
      << run.err;
}

TEST(WasixSockets, AllowsWhatIsNamed)
{
  const scratch_directory scratch;
  // Its own server is at a port that the system chooses. Local sockets have no option of their own.
  const command_result run =
      run_with("serves_many", scratch, {"--allow-connect", "127.0.0.1:*", "--allow-listen", "*:*"});
  EXPECT_EQ(run.err, "interlink: the guest may not listen at the socket /socket: give --net loopback\n");
}

TEST(WasixSockets, SayWhatIsWrongWithAnEndpoint)
{
  for (const char* wrong : {"host", "host:", ":80", "host:0", "host:65536", "1::2:80", "host:http"}) {
    const command_result run = run_command({"run", "--allow-connect", wrong, "program.wasm"}, {});
    EXPECT_TRUE(ends_with(run, 2)) << wrong;
    EXPECT_TRUE(run.err.contains(wrong)) << run.err;
  }
}

} // namespace
} // namespace interlink
