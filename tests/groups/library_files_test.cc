// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finding and reading library files, in real directories.
#include "loader/library_files.hh"

#include "tests/support/temporary_directory.hh"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace interlink {
namespace {

using support::temporary_directory;

void write(const std::string& path, const std::string& text)
{
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << text;
}

/// A guest directory `/data` and one library directory of the embedder's.
class LibraryFiles : public testing::Test {
protected:
  void SetUp() override
  {
    write(embedder.path() + "/libboth.so", "embedder");
    write(guest.path() + "/libs/libguest.so", "guest");
    wasi::options options;
    options.stdin_fd = options.stdout_fd = options.stderr_fd = -1;
    options.preopens = {{guest.path(), "/data"}};
    system = wasi::make_system(options).value();
    files = library_files::make(system, {embedder.path()}).value();
  }

  std::string read(std::string_view name, const std::vector<std::string>& path = {})
  {
    const auto found = files.find(name, path, {}, "/data/main.wasm");
    if (!found) {
      return found.error().message();
    }
    std::string text;
    const auto bytes = library_files::read(*found);
    for (const std::byte byte : bytes.value()) {
      text.push_back(static_cast<char>(byte));
    }
    return text;
  }

  temporary_directory embedder;
  temporary_directory guest;
  std::shared_ptr<wasi::system> system;
  library_files files;
};

TEST_F(LibraryFiles, FindsABareNameInTheEmbeddersDirectories)
{
  EXPECT_EQ(read("libboth.so"), "embedder");
}

TEST_F(LibraryFiles, FindsAPathInTheGuestsDirectories)
{
  EXPECT_EQ(read("/data/libs/libguest.so"), "guest");
}

TEST_F(LibraryFiles, FindsABareNameByTheCallsLibraryPathFirst)
{
  write(guest.path() + "/libs/libboth.so", "call");
  EXPECT_EQ(read("libboth.so", {"/data/libs"}), "call");
}

TEST_F(LibraryFiles, ListsEveryPathItTried)
{
  const auto found = files.find("libnone.so", {"/data/libs"}, {}, "/data/main.wasm");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code(), errc::library_not_found);
  EXPECT_GE(found.error().detail().paths_tried.size(), 2U);
}

TEST_F(LibraryFiles, SayInWordsWhyACandidateIsNone)
{
  std::filesystem::create_directory(guest.path() + "/folder");
  std::filesystem::create_symlink("loop", guest.path() + "/loop");
  EXPECT_TRUE(read("/data/folder").contains("tried /data/folder: is a directory")) << read("/data/folder");
  EXPECT_TRUE(read("/data/loop").contains("tried /data/loop: too many links")) << read("/data/loop");
  EXPECT_TRUE(read("/data/none.so").contains("tried /data/none.so: no such file")) << read("/data/none.so");
  EXPECT_TRUE(read("/data/libs/libguest.so/x").contains("x: not a directory")) << read("/data/libs/libguest.so/x");
  EXPECT_TRUE(read("/elsewhere/x.so").contains("tried /elsewhere/x.so: ")) << read("/elsewhere/x.so");
}

TEST_F(LibraryFiles, DoesNotLeaveTheGuestsDirectories)
{
  write(guest.path() + "-outside/libout.so", "outside");
  std::filesystem::create_symlink(guest.path() + "-outside/libout.so", guest.path() + "/link.so");
  EXPECT_FALSE(files.find("/data/link.so", {}, {}, ""));
  EXPECT_FALSE(files.find("/data/../" + std::filesystem::path(guest.path()).filename().string() + "-outside/libout.so",
                          {}, {}, ""));
  std::filesystem::remove_all(guest.path() + "-outside");
}

TEST_F(LibraryFiles, GivesOneIdentityToTwoNamesOfAFile)
{
  std::filesystem::create_hard_link(embedder.path() + "/libboth.so", embedder.path() + "/libalias.so");
  EXPECT_EQ(files.find("libboth.so", {}, {}, "")->identity, files.find("libalias.so", {}, {}, "")->identity);
}

TEST_F(LibraryFiles, ReadsAFileThatWasRemovedAfterItWasFound)
{
  const auto found = files.find("libboth.so", {}, {}, "");
  ASSERT_TRUE(found);
  std::filesystem::remove(embedder.path() + "/libboth.so");
  EXPECT_EQ(library_files::read(*found)->size(), 8U);
}

TEST_F(LibraryFiles, RefusesWhatIsNoRegularFile)
{
  std::filesystem::create_directory(embedder.path() + "/libdir.so");
  EXPECT_FALSE(files.find("libdir.so", {}, {}, ""));
}

TEST_F(LibraryFiles, RefusesAnEmptyName)
{
  EXPECT_EQ(files.find("", {}, {}, "").error().code(), errc::library_not_found);
}

TEST_F(LibraryFiles, RefusesANameWithAZeroByte)
{
  EXPECT_EQ(files.find(std::string_view("libboth.so\0x", 12), {}, {}, "").error().code(), errc::library_not_found);
}

TEST_F(LibraryFiles, NamesADirectoryThatIsMissing)
{
  const auto made = library_files::make(system, {"/no/such/directory"});
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code(), errc::invalid_argument);
}

} // namespace
} // namespace interlink
