// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/module_search.hh"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace interlink {
namespace {

using paths = std::vector<std::string>;

const paths system_candidates{"/lib/libx.so",       "/lib/libx.wasm",         "/usr/lib/libx.so",
                              "/usr/lib/libx.wasm", "/usr/local/lib/libx.so", "/usr/local/lib/libx.wasm"};

paths with_system(paths first)
{
  first.insert(first.end(), system_candidates.begin(), system_candidates.end());
  return first;
}

search_context at(std::string_view directory)
{
  search_context context;
  context.current_directory = directory;
  return context;
}

TEST(ModuleSearch, TakesAnAbsoluteNameAsItIs)
{
  EXPECT_EQ(candidate_paths("/a/libx.so", at("/home")), (paths{"/a/libx.so", "/a/libx.wasm"}));
}

TEST(ModuleSearch, FindsANameWithASlashFromTheCurrentDirectory)
{
  EXPECT_EQ(candidate_paths("./sub/x.wasm", at("/home")), paths{"/home/sub/x.wasm"});
}

// Opening it fails, as it is no directory: the slash must not get lost on the way.
TEST(ModuleSearch, KeepsASlashAtTheEnd)
{
  EXPECT_EQ(candidate_paths("./x.so/", at("/home")), paths{"/home/x.so/"});
  EXPECT_EQ(candidate_paths("/a/x.so//", at("/home")), paths{"/a/x.so/"});
}

TEST(ModuleSearch, NeverLooksForABareNameInTheCurrentDirectory)
{
  EXPECT_EQ(candidate_paths("libx.so", at("/home")), system_candidates);
}

TEST(ModuleSearch, AsksTheLibraryPathBeforeTheRuntimePath)
{
  search_context context = at("/home");
  context.library_path = {"/first"};
  context.runtime_path = {"/second"};
  EXPECT_EQ(candidate_paths("libx.so", context),
            with_system({"/first/libx.so", "/first/libx.wasm", "/second/libx.so", "/second/libx.wasm"}));
}

TEST(ModuleSearch, ExpandsOriginToTheRequestersDirectory)
{
  search_context context = at("/home");
  context.requester_path = "/opt/app/main.wasm";
  context.runtime_path = {"$ORIGIN", "${ORIGIN}/lib", "$ORIGIN/../share"};
  EXPECT_EQ(candidate_paths("libx.so", context),
            with_system({"/opt/app/libx.so", "/opt/app/libx.wasm", "/opt/app/lib/libx.so", "/opt/app/lib/libx.wasm",
                         "/opt/app/../share/libx.so", "/opt/app/../share/libx.wasm"}));
}

TEST(ModuleSearch, LeavesLongerWordsThanOriginAlone)
{
  search_context context = at("/home");
  context.requester_path = "/opt/main.wasm";
  context.runtime_path = {"/$ORIGINAL"};
  EXPECT_EQ(candidate_paths("x", context).front(), "/$ORIGINAL/x");
}

TEST(ModuleSearch, TakesTheCurrentDirectoryAsOriginOfAnUnknownRequester)
{
  search_context context = at("/home");
  context.runtime_path = {"$ORIGIN"};
  EXPECT_EQ(candidate_paths("x", context).front(), "/home/x");
}

TEST(ModuleSearch, SkipsEmptyEntries)
{
  search_context context = at("/home");
  context.library_path = {""};
  EXPECT_EQ(candidate_paths("libx.so", context), system_candidates);
}

TEST(ModuleSearch, ResolvesRelativeEntriesFromTheCurrentDirectory)
{
  search_context context = at("/home");
  context.library_path = {"libs"};
  EXPECT_EQ(candidate_paths("x", context).front(), "/home/libs/x");
}

TEST(ModuleSearch, NamesEachCandidateOnce)
{
  search_context context = at("/home");
  context.library_path = {"/lib", "/lib/"};
  EXPECT_EQ(candidate_paths("libx.so", context), system_candidates);
}

TEST(ModuleSearch, FindsNothingForNoName)
{
  EXPECT_TRUE(candidate_paths("", at("/home")).empty());
}

TEST(ModuleSearch, SplitsAtColonsAndDropsEmptyParts)
{
  EXPECT_EQ(split_library_path(":/a::/b:"), (paths{"/a", "/b"}));
}

TEST(ModuleSearch, NormalisesButKeepsDotDot)
{
  EXPECT_EQ(join_path("/a/./b//", "../c"), "/a/b/../c");
}

TEST(ModuleSearch, JoinsRelativePaths)
{
  EXPECT_EQ(join_path(".", "a/b"), "a/b");
  EXPECT_EQ(join_path(".", "."), ".");
}

TEST(ModuleSearch, KnowsParentDirectories)
{
  EXPECT_EQ(parent_directory("/a/b"), "/a");
  EXPECT_EQ(parent_directory("/a"), "/");
  EXPECT_EQ(parent_directory("a"), ".");
}

} // namespace
} // namespace interlink
