// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loads that fail say which module, which symbol, what was expected and what was found; a good library then opens.
#include "tests/scenarios/support/command_run.hh"

namespace interlink {
namespace {

using namespace test;

/// The text of the failure is there, and all these words are in it; and the program went on.
testing::AssertionResult fails_naming(const command_result& run, const std::vector<std::string>& words)
{
  if (auto went_on = succeeds(run); !went_on) {
    return went_on;
  }
  for (const std::string& word : words) {
    if (!run.out.contains(word)) {
      return testing::AssertionFailure() << "no '" << word << "' in\n" << run.out;
    }
  }
  return testing::AssertionSuccess();
}

command_result try_to_open(const std::string& library, const std::string& program = "fails_to_open")
{
  return run_guest(program, {.arguments = {library}});
}

/// Tries a file with this content, beside a good library.
command_result try_bytes(const std::string& content)
{
  const scratch_directory scratch;
  scratch.copy_guest("libplain.so", "libplain.so");
  scratch.write("libbad.so", content);
  return run_guest("fails_to_open", {.arguments = {"./libbad.so"}, .options = {"--dir", scratch.path() + "::."}});
}

TEST(FailedOpen, NamesAFileThatIsMissing)
{
  EXPECT_TRUE(fails_naming(try_to_open("./libnowhere.so"), {"failed to load module: ", "libnowhere.so"}));
}

TEST(FailedOpen, ListsAllPlacesWhereABareNameWasLookedFor)
{
  EXPECT_TRUE(fails_naming(try_to_open("libnowhere.so"),
                           {"/lib/libnowhere.so", "/usr/lib/libnowhere.so", "/usr/local/lib/libnowhere.so"}));
}

TEST(FailedOpen, NamesANeededLibraryThatIsMissingAndWhoNeedsIt)
{
  EXPECT_TRUE(fails_naming(try_to_open("./libneeds_absent.so"), {"libabsent.so", "libneeds_absent.so"}));
}

TEST(FailedOpen, RefusesBytesThatAreNoModule)
{
  EXPECT_TRUE(fails_naming(try_bytes("this is no module at all"), {"libbad.so"}));
}

TEST(FailedOpen, RefusesAnEmptyFile)
{
  EXPECT_TRUE(fails_naming(try_bytes(""), {"libbad.so"}));
}

TEST(FailedOpen, RefusesATruncatedModuleByItsOffset)
{
  const std::string whole = bytes_of_guest("libplain.so");
  EXPECT_TRUE(fails_naming(try_bytes(whole.substr(0, whole.size() / 2)), {"libbad.so", "offset"}));
}

TEST(FailedOpen, RefusesADirectory)
{
  EXPECT_TRUE(fails_naming(try_to_open("."), {"failed to load module: "}));
}

TEST(FailedOpen, RefusesAModuleWithoutADylinkSection)
{
  EXPECT_TRUE(fails_naming(try_to_open("./libno_dylink.so"), {"libno_dylink.so", "dylink.0"}));
}

TEST(FailedOpen, SaysHowToBuildALibraryThatHasLegacyExceptions)
{
  EXPECT_TRUE(
      fails_naming(try_to_open("./liblegacy_exceptions.so"), {"liblegacy_exceptions.so", "-wasm-use-legacy-eh=false"}));
}

TEST(FailedOpen, ListsAllSymbolsThatNobodyDefines)
{
  EXPECT_TRUE(
      fails_naming(try_to_open("./libmissing.so"), {"libmissing.so", "missing_one", "missing_two", "missing_data"}));
}

TEST(FailedOpen, SaysWhichTypesDoNotMatch)
{
  EXPECT_TRUE(fails_naming(
      try_to_open("./libmismatch.so"),
      {"libmismatch.so", "main_function", "(func (param f32) (result f32))", "(func (param i32) (result i32))"}));
}

TEST(FailedOpen, TellsOfAStartFunctionThatTraps)
{
  EXPECT_TRUE(fails_naming(try_to_open("./libtrapping_start.so"), {"libtrapping_start.so", "unreachable"}));
}

TEST(FailedOpen, SaysHowMuchMemoryALibraryNeeds)
{
  EXPECT_TRUE(fails_naming(try_to_open("./libhuge.so"), {"libhuge.so", "3221225488 bytes"}));
}

TEST(FailedOpen, RefusesALibraryThatNeedsTheWholeAddressSpace)
{
  EXPECT_TRUE(fails_naming(try_to_open("./libfour_gigabytes.so"), {"libfour_gigabytes.so", "4294967"}));
}

TEST(FailedOpen, SaysThatTheFunctionTableIsAtItsMaximum)
{
  EXPECT_TRUE(fails_naming(try_to_open("./libmany_slots.so", "fails_to_open_with_a_full_table"),
                           {"libmany_slots.so", "table", "64"}));
}

TEST(LazyBinding, OpensALibraryWithFunctionsThatNobodyDefines)
{
  EXPECT_TRUE(succeeds(run_guest("binds_lazily")));
}

TEST(LazyBinding, TrapsNamingTheFunctionWhenItIsCalled)
{
  const command_result run = run_guest("binds_lazily", {.arguments = {"call"}});
  EXPECT_TRUE(ends_with(run, 134));
  EXPECT_TRUE(run.err.contains("missing_one")) << run.err;
}

} // namespace
} // namespace interlink
