// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the command makes of its arguments.
#include "tests/scenarios/support/command_run.hh"

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace interlink {
namespace {

using namespace test;

std::string program(const std::string& name)
{
  return guest_directory() + "/" + name;
}

TEST(CommandLine, ShowsTheVersionsOfInterlinkAndItsEngine)
{
  const command_result run = run_command({"--version"}, {});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_TRUE(run.out.starts_with("interlink " INTERLINK_PROJECT_VERSION " (Wasmtime ")) << run.out;
}

TEST(CommandLine, NamesEveryDebugCategoryInTheHelp)
{
  for (const std::vector<std::string>& arguments : {std::vector<std::string>{"--help"}, {"run", "--help"}}) {
    const command_result run = run_command(arguments, {});
    EXPECT_TRUE(ends_with(run, 0));
    for (const std::string category : {"libs", "symbols", "bindings", "statistics"}) {
      EXPECT_TRUE(run.out.contains("\n  " + category + " ")) << category << run.out;
    }
  }
}

TEST(CommandLine, ShowsTheProgramInTheUsageOfRun)
{
  const command_result run = run_command({"run", "--help"}, {});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_TRUE(run.out.contains("Usage: interlink run [OPTIONS] PROGRAM [ARGUMENTS...]\n")) << run.out;
}

TEST(CommandLine, RefusesAnUnknownCommandByName)
{
  const command_result run = run_command({"bogus", "x.wasm"}, {});
  EXPECT_TRUE(ends_with(run, 2));
  EXPECT_TRUE(run.err.contains("unknown command bogus")) << run.err;
}

TEST(CommandLine, EndsWith2WhenACommandLacksWhatItNeeds)
{
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{}, {"run"}, {"ldd"}, {"nm"}, {"run", "--dir"}, {"run", "--env"}}) {
    EXPECT_TRUE(ends_with(run_command(arguments, {}), 2)) << testing::PrintToString(arguments);
  }
}

TEST(CommandLine, SaysWhichCommandIsUsedWronglyAndWhereItsHelpIs)
{
  struct wrong_use {
    std::vector<std::string> arguments;
    std::string begin;
    std::string end;
  };

  for (const wrong_use& each : {
           wrong_use{{}, "interlink: no command given", "; see interlink --help\n"},
           {{""}, "interlink: unknown command ''", "; see interlink --help\n"},
           {{"rum", "x.wasm"}, "interlink: unknown command rum (run?)", "; see interlink --help\n"},
           {{"--bogus"}, "interlink: unknown option --bogus", "; see interlink --help\n"},
           {{"--versoin"}, "interlink: unknown option --versoin (--version?)", "; see interlink --help\n"},
           {{"ldd"}, "interlink ldd: FILE is required", "; see interlink ldd --help\n"},
           {{"ldd", "a", "b"}, "interlink ldd: one argument too many: b", "; see interlink ldd --help\n"},
           {{"ldd", "x", "--dir"},
            "interlink ldd: --dir needs a value, HOST[::GUEST][:ro]",
            "; see interlink ldd --help\n"},
           {{"ldd", "--plan=no", "x"}, "interlink ldd: --plan takes no value", "; see interlink ldd --help\n"},
           {{"nm", "--bogus", "x"}, "interlink nm: unknown option --bogus", "; see interlink nm --help\n"},
           {{"nm", "--dynamc", "x"},
            "interlink nm: unknown option --dynamc (--dynamic?)",
            "; see interlink nm --help\n"},
           {{"nm", "-u", "--defined-only", "x"},
            "interlink nm: --undefined-only excludes --defined-only",
            "; see interlink nm --help\n"},
           {{"cache", "polish"},
            "interlink cache: ACTION: polish is not known; expected show, verify or clean",
            "; see interlink cache --help\n"},
           {{"run", "--stack-size", "x"},
            "interlink run: --stack-size: x is not a size",
            "; see interlink run --help\n"},
           {{"run", "--stack-size=", "x"},
            "interlink run: --stack-size: '' is not a size",
            "; see interlink run --help\n"},
           {{"run", "--net", "some", "x"},
            "interlink run: --net: some is not known; expected none, loopback or all",
            "; see interlink run --help\n"},
           {{"run", "--net"}, "interlink run: --net needs a value, none|loopback|all", "; see interlink run --help\n"},
           {{"run", "--dri", ".", "x"}, "interlink run: unknown option --dri (--dir?)", "; see interlink run --help\n"},
           {{"run", "--check=no", "x"}, "interlink run: --check takes no value", "; see interlink run --help\n"},
           {{"run"}, "interlink run: no program given", "; see interlink run --help\n"},
       }) {
    const command_result run = run_command(each.arguments, {});
    EXPECT_TRUE(ends_with(run, 2));
    EXPECT_TRUE(run.err.starts_with(each.begin)) << run.err;
    EXPECT_TRUE(run.err.ends_with(each.end)) << run.err;
    EXPECT_EQ(run.out, "");
  }
}

// static_command ends with the number of its arguments.
TEST(CommandLine, GivesWhatFollowsTheProgramToTheGuest)
{
  EXPECT_TRUE(ends_with(run_command({"run", program("static_command.wasm"), "--dir", "-x", "--help", "--"}, {}), 4));
}

TEST(CommandLine, TakesASeparatorInFrontOfTheProgram)
{
  EXPECT_TRUE(
      ends_with(run_command({"run", "--wasm-cache", "off", "--", program("static_command.wasm"), "--"}, {}), 1));
}

TEST(CommandLine, TakesSeveralDirectories)
{
  const scratch_directory scratch;
  const command_result run =
      run_guest("opens_while_thread_spins",
                {.options = {"--dir", guest_directory() + "::.", "--dir", scratch.path() + "::/scratch"}});
  EXPECT_TRUE(succeeds(run));
}

TEST(CommandLine, EndsWith2AndNamesADirectoryThatIsMissing)
{
  for (const std::string option : {"--dir", "--lib-path"}) {
    const command_result run = run_command({"run", option, "no/such/place", program("static_command.wasm")}, {});
    EXPECT_TRUE(ends_with(run, 2));
    EXPECT_TRUE(run.err.contains("no/such/place")) << run.err;
  }
}

TEST(CommandLine, TakesSizesWithUnits)
{
  for (const std::string size : {"65536", "64k", "64K", "64KiB", "1MiB", "1m", "1MB"}) {
    EXPECT_TRUE(ends_with(run_command({"run", "--stack-size", size, program("static_command.wasm")}, {}), 0)) << size;
  }
}

TEST(CommandLine, RefusesWhatIsNoSize)
{
  for (const std::string size : {"", "0", "-1", "1x", "MiB", "1.5MiB", "99999999999999999999", "99999999999GiB"}) {
    const command_result run = run_command({"run", "--stack-size=" + size, program("static_command.wasm")}, {});
    EXPECT_TRUE(ends_with(run, 2)) << size;
  }
}

TEST(CommandLine, PassesAVariableOfTheHostOnByItsName)
{
  const command_result run = run_guest(
      "shows_arguments", {.options = {"--env", "GIVEN=1", "--env", "PASSED"}, .environment = {"PASSED=by the host"}});
  EXPECT_TRUE(succeeds(run));
  EXPECT_TRUE(run.out.contains("GIVEN is 1\nPASSED is by the host\n")) << run.out;
}

TEST(CommandLine, LeavesAVariableUnsetThatTheHostDoesNotHave)
{
  ASSERT_EQ(std::getenv("PASSED"), nullptr);
  const command_result run = run_guest("shows_arguments", {.options = {"--env", "PASSED"}});
  EXPECT_TRUE(succeeds(run));
  EXPECT_TRUE(run.out.contains("PASSED is not set\n")) << run.out;
}

TEST(CommandLine, KeepsCompiledModulesInTheDirectoryGiven)
{
  const scratch_directory scratch;
  ASSERT_TRUE(
      ends_with(run_command({"run", "--wasm-cache", scratch / "cache", program("static_command.wasm")}, {}), 0));
  EXPECT_TRUE(std::filesystem::exists(scratch / "cache"));
}

// A guest could change native code that later runs execute.
class CacheInReach : public testing::Test {
protected:
  scratch_directory scratch_;

  command_result run_with(std::vector<std::string> options, std::vector<std::string> environment = {})
  {
    options.insert(options.begin(), "run");
    options.push_back(program("static_command.wasm"));
    return run_command(std::move(options), {.environment = std::move(environment), .directory = scratch_.path()});
  }

  /// It has run, said why no cache is used once, and kept nothing beneath the directory.
  testing::AssertionResult is_left_out(const command_result& run, const std::string& cache)
  {
    const std::string text = "compiled modules are not kept in";
    const auto first = run.err.find(text);
    if (!ends_with(run, 0) || first == std::string::npos || run.err.find(text, first + 1) != std::string::npos) {
      return testing::AssertionFailure() << run.exit_code << ": " << run.err;
    }
    return std::filesystem::exists(cache) && !std::filesystem::is_empty(cache)
               ? testing::AssertionFailure() << cache << " has something"
               : testing::AssertionSuccess();
  }
};

TEST_F(CacheInReach, OfAGuestIsNotUsed)
{
  const std::string cache = scratch_ / "home/.cache/interlink/wasm";
  std::filesystem::create_directories(scratch_ / "home/.cache");
  const std::vector<std::string> home{"HOME=" + scratch_ / "home", "XDG_CACHE_HOME="};
  EXPECT_TRUE(is_left_out(run_with({"--dir", scratch_ / "home"}, home), cache)); // before there is one
  std::filesystem::create_directories(cache);
  EXPECT_TRUE(is_left_out(run_with({"--dir", scratch_ / "home"}, home), cache));
  EXPECT_TRUE(is_left_out(run_with({"--dir", scratch_ / "home/.cache::/x"}, home), cache));
  EXPECT_TRUE(is_left_out(run_with({"--dir", cache}, home), cache));
  EXPECT_TRUE(is_left_out(run_with({"--dir", "/::/host"}, home), cache));
  EXPECT_TRUE(is_left_out(run_with({"--wasm-cache", cache, "--dir", "."}), cache));
  EXPECT_TRUE(is_left_out(run_with({"--dir", scratch_ / "home:ro", "--dir", scratch_ / "home"}, home), cache));
}

TEST_F(CacheInReach, ByALinkIsNotUsed)
{
  std::filesystem::create_directories(scratch_ / "real/cache");
  std::filesystem::create_symlink(scratch_ / "real", scratch_ / "link");
  EXPECT_TRUE(is_left_out(run_with({"--wasm-cache", scratch_ / "link/cache", "--dir", scratch_ / "real"}),
                          scratch_ / "real/cache"));
  EXPECT_TRUE(is_left_out(run_with({"--wasm-cache", scratch_ / "real/cache", "--dir", scratch_ / "link"}),
                          scratch_ / "real/cache"));
  EXPECT_TRUE(is_left_out(run_with({"--wasm-cache", scratch_ / "link/new/cache", "--dir", scratch_ / "real"}),
                          scratch_ / "real/new/cache"));
}

TEST_F(CacheInReach, OfAGuestThatOnlyReadsIsUsed)
{
  const std::string cache = scratch_ / "home/cache";
  std::filesystem::create_directories(scratch_ / "home/beside");
  for (const std::string given : {"home:ro", "home/beside"}) {
    const command_result run = run_with({"--wasm-cache", cache, "--dir", scratch_ / given});
    EXPECT_TRUE(ends_with(run, 0));
    EXPECT_EQ(run.err, "");
    EXPECT_FALSE(std::filesystem::is_empty(cache));
    std::filesystem::remove_all(cache);
  }
}

/// The number of bytes that a run with INTERLINK_DEBUG=statistics has compiled.
std::string bytes_compiled(const command_result& run)
{
  const std::string label = "bytes compiled: ";
  const auto at = run.err.find(label);
  return at == std::string::npos ? run.err
                                 : run.err.substr(at + label.size(), run.err.find('\n', at) - at - label.size());
}

TEST(CommandLine, ShowsVerifiesAndCleansItsCache)
{
  const scratch_directory scratch;
  const std::string cache = scratch / "cache";
  const auto run = [&](const std::string& name) {
    return run_command({"run", "--wasm-cache", cache, "--dir", ".", program(name)},
                       {.environment = {"INTERLINK_DEBUG=statistics"}});
  };
  const auto manage = [&](const std::string& action) {
    return run_command({"cache", action, "--wasm-cache", cache}, {});
  };
  EXPECT_NE(bytes_compiled(run("static_command.wasm")), "0");
  EXPECT_NE(bytes_compiled(run("dlsym_under_construction.wasm")), "0"); // with libraries and thunks
  EXPECT_EQ(bytes_compiled(run("static_command.wasm")), "0");
  const command_result warm = run("dlsym_under_construction.wasm");
  EXPECT_TRUE(succeeds(warm));
  EXPECT_EQ(bytes_compiled(warm), "0");

  const command_result shown = manage("show");
  EXPECT_TRUE(ends_with(shown, 0));
  EXPECT_TRUE(shown.out.contains(".module")) << shown.out;
  EXPECT_TRUE(ends_with(manage("verify"), 0));
  // A bit of each file, in its middle: code that would run, and run wrong.
  for (const auto& each : std::filesystem::directory_iterator(cache)) {
    std::filesystem::permissions(each.path(), std::filesystem::perms::owner_all);
    const auto middle = static_cast<std::streamoff>(each.file_size() / 2);
    std::fstream file(each.path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(middle);
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(middle);
    file.put(byte);
    file.close();
    std::filesystem::permissions(each.path(), std::filesystem::perms::owner_read);
  }
  const command_result damaged = manage("verify");
  EXPECT_TRUE(ends_with(damaged, 1));
  EXPECT_TRUE(damaged.out.contains("damaged")) << damaged.out;
  EXPECT_NE(bytes_compiled(run("dlsym_under_construction.wasm")), "0");
  EXPECT_EQ(bytes_compiled(run("dlsym_under_construction.wasm")), "0");

  EXPECT_TRUE(ends_with(manage("clean"), 0));
  EXPECT_TRUE(std::filesystem::is_empty(cache));
  EXPECT_TRUE(manage("show").out.contains(": 0 files, 0 bytes"));
  EXPECT_TRUE(ends_with(manage("polish"), 2));
  EXPECT_TRUE(ends_with(run_command({"cache", "--wasm-cache", scratch / "none"}, {}), 1));
}

TEST(CommandLine, RunsWithoutACacheThatOthersCanWriteTo)
{
  const scratch_directory scratch;
  std::filesystem::create_directory(scratch / "cache");
  std::filesystem::permissions(scratch / "cache", std::filesystem::perms::all);
  const command_result run =
      run_command({"run", "--wasm-cache", scratch / "cache", program("static_command.wasm")}, {});
  EXPECT_TRUE(ends_with(run, 0));
  EXPECT_TRUE(run.err.contains("others than its owner can write to it")) << run.err;
  EXPECT_TRUE(std::filesystem::is_empty(scratch / "cache"));
}

TEST(CommandLine, RefusesACacheThatCannotBeMade)
{
  const scratch_directory scratch;
  scratch.write("file", "in the way");
  const command_result run =
      run_command({"run", "--wasm-cache", scratch / "file/cache", program("static_command.wasm")}, {});
  EXPECT_TRUE(ends_with(run, 2));
  EXPECT_TRUE(run.err.contains("file/cache")) << run.err;
}

} // namespace
} // namespace interlink
