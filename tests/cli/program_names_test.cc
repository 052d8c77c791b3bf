// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The program's own name and `$ORIGIN`, in the guest's terms.
#include "tests/cli/made_module.hh"

#include <filesystem>

namespace interlink {
namespace {

using namespace test;

class ProgramName : public testing::Test {
protected:
  ProgramName()
  {
    // Prints its first argument.
    write_module(scratch_, "bin/name.wasm", R"((module
      (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "args_get" (func $get (param i32 i32) (result i32)))
      (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
      (memory (export "memory") 1)
      (func (export "_start") (local $end i32)
        (drop (call $get (i32.const 64) (i32.const 1024)))
        (local.set $end (i32.const 1024))
        (loop $next
          (local.set $end (i32.add (local.get $end) (i32.const 1)))
          (br_if $next (i32.load8_u (local.get $end))))
        (i32.store (i32.const 0) (i32.const 1024))
        (i32.store (i32.const 4) (i32.sub (local.get $end) (i32.const 1024)))
        (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))))");
  }

  std::string name_with(std::vector<std::string> options, const std::string& program = "bin/name.wasm")
  {
    options.push_back(program);
    const command_result run = run_made(scratch_, std::move(options));
    EXPECT_TRUE(ends_with(run, 0));
    return run.out;
  }

  scratch_directory scratch_;
};

TEST_F(ProgramName, IsTheGuestsPathWhenTheGuestCanSeeTheProgram)
{
  EXPECT_EQ(name_with({"--dir", ".::/app"}), "/app/bin/name.wasm");
  EXPECT_EQ(name_with({"--dir", "bin::/"}), "/name.wasm");
  EXPECT_EQ(name_with({"--dir", "bin"}), "/bin/name.wasm");
  EXPECT_EQ(name_with({"--dir", "."}), "/bin/name.wasm");
  EXPECT_EQ(name_with({"--dir", "."}, "./bin/../bin/name.wasm"), "/bin/name.wasm");
  EXPECT_EQ(name_with({"--dir", scratch_.path() + "::/app"}), "/app/bin/name.wasm");
  EXPECT_EQ(name_with({"--dir", ".::/app"}, scratch_ / "bin/name.wasm"), "/app/bin/name.wasm");
}

TEST_F(ProgramName, IsTheFilesNameOtherwise)
{
  std::filesystem::create_directory(scratch_ / "other");
  EXPECT_EQ(name_with({}), "name.wasm");
  EXPECT_EQ(name_with({"--dir", "other"}), "name.wasm");
  EXPECT_EQ(name_with({"--dir", "other"}, scratch_ / "bin/name.wasm"), "name.wasm");
}

TEST_F(ProgramName, IsNotThePathOfAFileBehindAnotherDirectory)
{
  std::filesystem::create_directory(scratch_ / "other");
  EXPECT_EQ(name_with({"--dir", ".::/app", "--dir", "other::/app/bin"}), "name.wasm");
}

TEST_F(ProgramName, FollowsLinksAsTheGuestCould)
{
  std::filesystem::create_directory_symlink("bin", scratch_ / "link");
  EXPECT_EQ(name_with({"--dir", ".::/app"}, "link/name.wasm"), "/app/bin/name.wasm");
  std::filesystem::create_symlink("bin/name.wasm", scratch_ / "tool");
  EXPECT_EQ(name_with({"--dir", ".::/app"}, "tool"), "/app/tool");
}

TEST_F(ProgramName, CanBeGiven)
{
  EXPECT_EQ(name_with({"--dir", ".::/app", "--argv0", "/usr/bin/tool"}), "/usr/bin/tool");
}

TEST_F(ProgramName, MayBeginWithADashBehindASeparator)
{
  std::filesystem::copy_file(scratch_ / "bin/name.wasm", scratch_ / "--dir");
  EXPECT_EQ(name_with({"--dir", ".::/app", "--"}, "--dir"), "/app/--dir");
}

class Origin : public testing::Test {
protected:
  Origin()
  {
    write_module(scratch_, "lib/liba.so",
                 "(module " + dylink_section({"libb.so"}, {"$ORIGIN/more"}) +
                     R"((func (export "answer") (result i32) (i32.const 42))))");
    write_module(scratch_, "lib/more/libb.so", "(module " + dylink_section() + ")");
    write_module(scratch_, "bin/m.wasm", "(module " + dylink_section({"liba.so"}, {"$ORIGIN/../lib"}) + R"(
      (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
      (import "env" "memory" (memory 0))
      (import "env" "answer" (func $answer (result i32)))
      (func (export "_start") (call $exit (call $answer)))))");
  }

  scratch_directory scratch_;
};

TEST_F(Origin, OfAProgramIsItsDirectoryInTheGuest)
{
  for (const std::string directory : {".::/app", ".", ".::/", ".::app"}) {
    EXPECT_TRUE(ends_with(run_made(scratch_, {"--dir", directory, "bin/m.wasm"}), 42)) << directory;
  }
}

TEST_F(Origin, IsSeenByLddAndCheckAsItIsWhenTheProgramRuns)
{
  const command_result tree = run_command({"ldd", "--dir", ".::/app", "bin/m.wasm"}, {.directory = scratch_.path()});
  EXPECT_TRUE(ends_with(tree, 0));
  EXPECT_TRUE(tree.out.contains("liba.so => /app/bin/../lib/liba.so\n")) << tree.out;
  const command_result checked = run_made(scratch_, {"--check", "--dir", ".::/app", "bin/m.wasm"});
  EXPECT_TRUE(ends_with(checked, 0));
  EXPECT_EQ(checked.out, "bin/m.wasm: can be linked, with 2 libraries\n");
}

TEST_F(Origin, OfAProgramThatTheGuestCannotSeeIsTheCurrentDirectory)
{
  EXPECT_TRUE(ends_with(run_made(scratch_, {"--dir", "lib::/data/lib", "--dir", "lib::/lib", "bin/m.wasm"}), 42));
  const command_result run = run_made(scratch_, {"--dir", "lib::/data", "bin/m.wasm"});
  EXPECT_TRUE(ends_with(run, 127));
  EXPECT_TRUE(run.err.contains("tried /data/../lib/liba.so")) << run.err;
}

} // namespace
} // namespace interlink
