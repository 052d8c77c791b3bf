// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/module_files.hh"

#include "tests/support/fake_guests.hh"
#include "tests/support/module_info_builder.hh"
#include "tests/support/temporary_directory.hh"

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "wasm/module_reader.hh"

namespace interlink {
namespace {

namespace fs = std::filesystem;

/// Its image is its text.
struct text_module final : engine::compiled_module {
  explicit text_module(std::string given) : text(std::move(given)) {}

  std::string text;
};

/// An engine's images without an engine. A file is read to the marker, as an engine knows where its image ends.
class text_images final : public engine::module_images {
public:
  bool can_map = true;

  const std::string& cache_directory() const override { return none_; }

  std::string identity() const override { return "text"; }

  result<std::vector<std::byte>> write_image(const engine::compiled_module& module) override
  {
    const std::string image = dynamic_cast<const text_module&>(module).text + '\0';
    const auto bytes = std::as_bytes(std::span(image));
    return std::vector(bytes.begin(), bytes.end());
  }

  result<engine::compiled_module_ptr> map_image(int file) override
  {
    if (!can_map) {
      return fail(errc::engine_refused, "no exec");
    }
    std::string text(4096, '\0');
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(file, text.data(), text.size(), 0))));
    return std::make_shared<text_module>(text.substr(0, text.find('\0')));
  }

  result<engine::compiled_module_ptr> read_image(std::span<const std::byte> image) override
  {
    return std::make_shared<text_module>(std::string(reinterpret_cast<const char*>(image.data()), image.size() - 1));
  }

private:
  std::string none_;
};

content_hash key_of(const std::string& text)
{
  return hash_of(std::as_bytes(std::span(text)));
}

class ModuleFiles : public testing::Test {
protected:
  ModuleFiles()
  {
    fs::create_directory(path_);
    fs::permissions(path_, fs::perms::owner_all);
  }

  cache_directory directory() const { return std::move(cache_directory::open(path_)).value(); }

  module_files files(const module_variant& variant = {"engine", "processor", "sources", "checks"},
                     std::uint64_t most_bytes = module_files::usual_bytes)
  {
    return {images_, directory(), variant, most_bytes};
  }

  static module_facts facts_of(const std::string& name)
  {
    module_info info = *test::module_info_builder().needs("libneeded.so").function("f").build();
    info.name = name;
    module_facts facts;
    facts.info = std::make_shared<const module_info>(std::move(info));
    facts.imports_control_memory = true;
    facts.places = std::make_shared<const module_places>(module_places{name + "@engine", "hash", {}, facts.info});
    return facts;
  }

  void keep(const module_files& in, const std::string& text)
  {
    const module_facts facts = facts_of(text);
    in.keep(key_of(text), text_module(text), &facts);
  }

  static bool finds(const module_files& in, const std::string& text)
  {
    const auto kept = in.find(key_of(text));
    return kept && dynamic_cast<const text_module&>(*kept->compiled).text == text && kept->facts->info->name == text;
  }

  /// The only file.
  std::string file() const
  {
    const auto names = directory().list();
    return names.size() == 1 ? path_ + "/" + names.front().name : std::string();
  }

  /// Writes past the mode that keeps guests away.
  static void change(const std::string& path, std::size_t at, char bits)
  {
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    {
      std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      const auto byte = static_cast<char>(file.get() ^ bits);
      file.seekp(static_cast<std::streamoff>(at));
      file.put(byte);
    }
    fs::permissions(path, fs::perms::owner_read);
  }

  support::temporary_directory scratch_;
  std::string path_ = scratch_.path() + "/cache";
  text_images images_;
};

TEST_F(ModuleFiles, GivesBackWhatWasKept)
{
  keep(files(), "one");
  const auto kept = files().find(key_of("one"));
  ASSERT_TRUE(kept);
  EXPECT_EQ(dynamic_cast<const text_module&>(*kept->compiled).text, "one");
  EXPECT_EQ(pack(*kept->facts), pack(facts_of("one")));
  EXPECT_EQ(kept->facts->places->info, kept->facts->info);
  EXPECT_TRUE(kept->facts->info->find_export("f"));
  EXPECT_FALSE(files().find(key_of("other")));
}

TEST_F(ModuleFiles, KeepsCodeWithoutFacts)
{
  files().keep(key_of("thunks"), text_module("thunks"), nullptr);
  const auto kept = files().find(key_of("thunks"));
  ASSERT_TRUE(kept);
  EXPECT_FALSE(kept->facts);
}

TEST_F(ModuleFiles, PassesOverAFileWithAnyBitFlipped)
{
  keep(files(), "one");
  const std::string path = file();
  const auto size = static_cast<std::size_t>(fs::file_size(path));
  for (std::size_t at = 0; at < size; ++at) {
    const auto bit = static_cast<char>(1U << (at % 8));
    change(path, at, bit);
    EXPECT_FALSE(files().find(key_of("one"))) << at << " of " << size;
    change(path, at, bit);
  }
  EXPECT_TRUE(finds(files(), "one"));
}

TEST_F(ModuleFiles, PassesOverAFileCutShortOrLengthened)
{
  keep(files(), "one");
  const std::string path = file();
  const auto size = fs::file_size(path);
  const auto has_size = [&](std::uintmax_t bytes) {
    fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
    fs::resize_file(path, bytes);
    fs::permissions(path, fs::perms::owner_read);
  };
  has_size(size + 1);
  EXPECT_FALSE(files().find(key_of("one")));
  for (std::uintmax_t bytes = size; bytes-- > 0;) {
    has_size(bytes);
    EXPECT_FALSE(files().find(key_of("one"))) << bytes;
  }
  keep(files(), "one"); // in its place
  EXPECT_TRUE(finds(files(), "one"));
}

TEST_F(ModuleFiles, PassesOverAFileUnderAnothersName)
{
  keep(files(), "one");
  const std::string one = file();
  fs::remove(one);
  keep(files(), "two");
  fs::rename(file(), one);
  EXPECT_FALSE(files().find(key_of("one")));
}

TEST_F(ModuleFiles, PassesOverAFileThatOthersCouldHaveMade)
{
  keep(files(), "one");
  const std::string path = file();
  // As a guest makes its files, and every other mode.
  for (const mode_t mode : {0644U, 0600U, 0404U, 0440U, 0500U, 04400U}) {
    ::chmod(path.c_str(), mode);
    EXPECT_FALSE(files().find(key_of("one"))) << mode;
  }
  ::chmod(path.c_str(), 0400);
  ASSERT_TRUE(finds(files(), "one"));

  fs::create_hard_link(path, scratch_.path() + "/second name");
  EXPECT_FALSE(files().find(key_of("one")));
  fs::remove(path);
  fs::create_symlink(scratch_.path() + "/second name", path);
  EXPECT_FALSE(files().find(key_of("one")));
  fs::remove(path);
  ASSERT_EQ(::mkfifo(path.c_str(), 0400), 0);
  EXPECT_FALSE(files().find(key_of("one"))); // nor does it wait
  fs::remove(path);
  fs::create_directory(path);
  EXPECT_FALSE(files().find(key_of("one")));
  keep(files(), "one"); // cannot take a directory's place
  EXPECT_FALSE(files().find(key_of("one")));
}

TEST_F(ModuleFiles, PassesOverForeignFilesAndDirectories)
{
  if (::geteuid() != 0) {
    GTEST_SKIP() << "only root gives files away";
  }
  keep(files(), "one");
  constexpr uid_t other = 65534;
  ASSERT_EQ(::chown(file().c_str(), other, 0), 0);
  EXPECT_FALSE(files().find(key_of("one")));
  ASSERT_EQ(::chown(path_.c_str(), other, 0), 0);
  const auto foreign = cache_directory::open(path_);
  ASSERT_FALSE(foreign);
  EXPECT_TRUE(foreign.error().message().contains("another user")) << foreign.error().message();
}

TEST_F(ModuleFiles, RefusesADirectoryThatOthersCanWriteToOrALink)
{
  for (const mode_t mode : {0770U, 0702U, 01777U}) {
    ::chmod(path_.c_str(), mode);
    const auto opened = cache_directory::open(path_);
    ASSERT_FALSE(opened);
    EXPECT_TRUE(opened.error().message().contains("chmod go-w")) << opened.error().message();
  }
  ::chmod(path_.c_str(), 0755);
  EXPECT_TRUE(cache_directory::open(path_));
  fs::create_directory_symlink(path_, scratch_.path() + "/link");
  EXPECT_FALSE(cache_directory::open(scratch_.path() + "/link"));
  EXPECT_FALSE(cache_directory::open(scratch_.path() + "/none"));
}

TEST_F(ModuleFiles, KeepsVariantsBesideEachOther)
{
  const std::vector<module_variant> variants{
      {"engine", "processor", "sources", "checks"}, {"other", "processor", "sources", "checks"},
      {"engine", "other", "sources", "checks"},     {"engine", "processor", "other", "checks"},
      {"engine", "processor", "sources", "other"},  {"enginep", "rocessor", "sources", "checks"}};
  for (std::size_t made = 0; made < variants.size(); ++made) {
    keep(files(variants[made]), "one");
    for (std::size_t asked = 0; asked < variants.size(); ++asked) {
      EXPECT_EQ(finds(files(variants[asked]), "one"), asked <= made) << made << ' ' << asked;
    }
  }
}

TEST_F(ModuleFiles, ServesEightWritersAndReaders)
{
  std::vector<std::jthread> writers;
  writers.reserve(8);
  for (int i = 0; i < 8; ++i) {
    writers.emplace_back([this, i] {
      const module_files own = files({}, i % 2 == 0 ? module_files::usual_bytes : 2000); // some make room all the time
      for (int round = 0; round < 100; ++round) {
        const std::string text = "module " + std::to_string(round % 10);
        keep(own, text);
        const auto kept = own.find(key_of(text));
        EXPECT_TRUE(!kept || dynamic_cast<const text_module&>(*kept->compiled).text == text);
      }
    });
  }
  writers.clear();
  keep(files({}), "last");
  EXPECT_TRUE(finds(files({}), "last"));
  for (const fs::directory_entry& each : fs::directory_iterator(path_)) {
    EXPECT_FALSE(each.path().extension() == ".tmp") << each.path();
  }
}

TEST_F(ModuleFiles, LetsGoOfTheLeastRecentlyUsedButNotOfWhatIsOpen)
{
  keep(files(), "old");
  const std::string old = file();
  const auto size = static_cast<std::uint64_t>(fs::file_size(old));
  const auto open = directory().find(fs::path(old).filename());
  ASSERT_TRUE(open);
  keep(files(), "used");
  for (const cache_directory::entry& each : directory().list()) {
    const timespec long_ago[2] = {{1000, 0}, {1000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (path_ + "/" + each.name).c_str(), long_ago, 0), 0);
  }
  EXPECT_EQ(inspect(directory()).size(), 2U); // is no use of them
  EXPECT_TRUE(finds(files(), "used"));        // and so it is not the oldest
  keep(files({"engine", "processor", "sources", "checks"}, 2 * size + size / 2), "new");
  EXPECT_FALSE(files().find(key_of("old")));
  EXPECT_TRUE(finds(files(), "used"));
  EXPECT_TRUE(finds(files(), "new"));
  std::string text(3, '\0');
  EXPECT_EQ(::pread(open->value(), text.data(), text.size(), 0), 3);
  EXPECT_EQ(text, "old");
}

TEST_F(ModuleFiles, RemovesTemporaryFilesThatNobodyWritesAnyMore)
{
  const auto make = [&](const std::string& name, bool is_old) {
    std::ofstream(path_ + "/" + name) << "half";
    if (is_old) {
      fs::last_write_time(path_ + "/" + name, fs::file_time_type::clock::now() - std::chrono::hours(2));
    }
  };
  make(".1.tmp", true);
  make(".2.tmp", false);
  make("of others", true);
  keep(files(), "one");
  EXPECT_FALSE(fs::exists(path_ + "/.1.tmp"));
  EXPECT_TRUE(fs::exists(path_ + "/.2.tmp"));
  EXPECT_TRUE(fs::exists(path_ + "/of others"));
}

TEST_F(ModuleFiles, ReadsACopyWhereFilesCannotBeMapped)
{
  keep(files(), "one");
  images_.can_map = false;
  EXPECT_TRUE(finds(files(), "one"));
}

TEST_F(ModuleFiles, LeavesNothingBehindOnAFullDisk)
{
  rlimit usual{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &usual), 0);
  rlimit small = usual;
  small.rlim_cur = 20;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  keep(files(), "one");
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &usual), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_TRUE(fs::is_empty(path_));
  EXPECT_FALSE(files().find(key_of("one")));
}

TEST_F(ModuleFiles, ServesWhatItHasWhereNothingCanBeWritten)
{
  // Root writes everywhere: a child becomes somebody else, and with it the directory.
  const auto try_it = [this] {
    constexpr uid_t other = 65534;
    if (::geteuid() == 0 && (::chmod(scratch_.path().c_str(), 0755) != 0 || ::chown(path_.c_str(), other, 0) != 0 ||
                             ::setresuid(other, other, other) != 0)) {
      return false;
    }
    keep(files(), "one");
    ::chmod(path_.c_str(), 0500);
    keep(files(), "two");
    return finds(files(), "one") && !files().find(key_of("two")) && directory().list().size() == 1;
  };
  EXPECT_EXIT(std::_Exit(try_it() ? 0 : 1), testing::ExitedWithCode(0), "");
}

TEST_F(ModuleFiles, NoteWhatAFileHoldsUntilItChanges)
{
  const std::string path = scratch_.path() + "/libx.so";
  std::ofstream(path) << "contents";
  const wasi::unique_fd library(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  files().note_content(library.value(), key_of("contents"));
  EXPECT_FALSE(files().find_content(library.value())); // a change might bear the same time
  const auto later = std::chrono::system_clock::now() + std::chrono::seconds(3);
  files().note_content(library.value(), key_of("contents"), later);
  EXPECT_EQ(files().find_content(library.value()), key_of("contents"));
  std::ofstream(path, std::ios::in) << "Contents";
  EXPECT_FALSE(files().find_content(library.value()));
}

TEST_F(ModuleFiles, FactsAreThoseOfTheBytes)
{
  for (std::uint32_t number = 0; number < 40; ++number) {
    const auto bytes = support::make_library({.number = number});
    module_facts facts;
    facts.info = std::make_shared<const module_info>(read_module(bytes).value());
    const code_edit edits[] = {{20, 0, 7}, {30, 3, 500}};
    facts.places =
        std::make_shared<const module_places>(module_places{"engine's", "hash", code_map(10, 11, edits), facts.info});
    const auto packed = pack(facts);
    const auto read = unpack_facts(packed);
    ASSERT_TRUE(read);
    EXPECT_EQ(pack(*read), packed);
    EXPECT_EQ(read->info->export_index, facts.info->export_index);
    EXPECT_EQ(read->info->canonical_export, facts.info->canonical_export);
    EXPECT_EQ(read->info->element_of_function, facts.info->element_of_function);
    EXPECT_EQ(read->places->code.original_of(600), facts.places->code.original_of(600));
    for (std::size_t size = 0; size < packed.size(); ++size) {
      EXPECT_FALSE(unpack_facts(std::span(packed).first(size))) << size;
    }
  }
}

TEST_F(ModuleFiles, AreToldOneByOne)
{
  keep(files(), "one");
  const std::string path = file();
  ASSERT_EQ(inspect(directory()).size(), 1U);
  EXPECT_TRUE(inspect(directory()).front().is_sound);
  EXPECT_EQ(inspect(directory()).front().module_name, "one");
  change(path, 1, 1);
  EXPECT_FALSE(inspect(directory()).front().is_sound);
}

TEST(ContentHash, IsThatOfTheStandard)
{
  // Source: FIPS 180-2, appendix B.1.
  EXPECT_EQ(to_text(key_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const support::temporary_directory scratch;
  std::ofstream(scratch.path() + "/file") << "abc";
  const wasi::unique_fd file(::open((scratch.path() + "/file").c_str(), O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(hash_of_file(file.value()), key_of("abc"));
  EXPECT_FALSE(hash_of_file(-1));
}

} // namespace
} // namespace interlink
