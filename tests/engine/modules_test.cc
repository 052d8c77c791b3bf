// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/module_images.hh"
#include "tests/engine/fixture.hh"

#include <algorithm>
#include <array>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <unistd.h>

namespace interlink::engine {
namespace {

using Modules = EngineTest;

std::vector<std::byte> bytes_of(std::initializer_list<int> values)
{
  std::vector<std::byte> bytes;
  for (int value : values) {
    bytes.push_back(static_cast<std::byte>(value));
  }
  return bytes;
}

bool contains(std::string_view text, std::string_view part)
{
  return text.find(part) != std::string_view::npos;
}

// (module (func try catch_all end)): try is 0x06, catch_all is 0x19 in the legacy encoding.
const std::vector<std::byte> legacy_module =
    bytes_of({0x00, 0x61, 0x73, 0x6d, 1, 0,    0,    0,                  // header
              1,    4,    1,    0x60, 0, 0,                              // type () -> ()
              3,    2,    1,    0,                                       // one function
              10,   8,    1,    6,    0, 0x06, 0x40, 0x19, 0x0b, 0x0b}); // its body

TEST_F(Modules, RefusesBytesThatAreNoModule)
{
  auto compiled = engine_->compile(bytes_of({'n', 'o', 't', ' ', 'w', 'a', 's', 'm'}));
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code(), errc::malformed_module);
}

TEST_F(Modules, RefusesEmptyBytes)
{
  auto compiled = engine_->compile({});
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code(), errc::malformed_module);
}

TEST_F(Modules, RefusesTextInsteadOfBytes)
{
  std::string text = "(module)";
  auto compiled = engine_->compile(std::as_bytes(std::span(text)));
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code(), errc::malformed_module);
}

TEST_F(Modules, TellsTheOffsetOfAnInvalidInstruction)
{
  auto bytes = wat("(module (func (result i32) i32.const 1))");
  ASSERT_FALSE(bytes.empty());
  // The constant becomes an unreachable and a nop: what follows is an i32.const without its value.
  auto constant = std::find(bytes.rbegin(), bytes.rend(), std::byte{0x41});
  *constant = std::byte{0xff};
  auto compiled = engine_->compile(bytes);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code(), errc::malformed_module);
  EXPECT_EQ(compiled.error().detail().offset, static_cast<std::uint64_t>(bytes.rend() - constant - 1));
}

TEST_F(Modules, ValidatesWithoutCompiling)
{
  EXPECT_TRUE(engine_->validate(wat("(module (func))")));
  EXPECT_FALSE(engine_->validate(bytes_of({0, 1, 2, 3})));
}

TEST_F(Modules, RefusesLegacyExceptionsWithTheFlagThatHelps)
{
  auto compiled = engine_->compile(legacy_module);
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code(), errc::unsupported_module);
  EXPECT_TRUE(contains(compiled.error().detail().remedy, "-wasm-use-legacy-eh=false"));
}

TEST_F(Modules, RefusesAProposalThatIsOffAsUnsupported)
{
  auto compiled = engine_->compile(wat("(module (memory 1 (pagesize 1)))"));
  ASSERT_FALSE(compiled);
  EXPECT_EQ(compiled.error().code(), errc::unsupported_module) << compiled.error().message();
}

TEST_F(Modules, TakesEveryProposalThatGuestsMayUse)
{
  for (std::string_view text : {
           "(module (memory 1 1 shared) (func (drop (i32.atomic.load (i32.const 0)))))",
           "(module (func $f) (func return_call $f))",
           "(module (table 1 externref) (func (param externref)))",
           "(module (type $t (func)) (func (param (ref null $t)) (call_ref $t (local.get 0))))",
           "(module (type (struct (field i32))) (func (drop (struct.new 0 (i32.const 1)))))",
           "(module (func (result v128) v128.const i64x2 1 2))",
           "(module (func (param v128 v128 v128) (result v128) (i8x16.relaxed_swizzle (local.get 0) (local.get 1))))",
           "(module (memory 1) (func (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))",
           "(module (func (result i32 i32) i32.const 1 i32.const 2))",
           "(module (memory 1) (memory 1))",
           "(module (memory i64 1))",
           "(module (tag $e) (func (drop (block $b (result exnref) (try_table (catch_all_ref $b) (throw $e))"
           " return))))",
       }) {
    auto compiled = engine_->compile(wat(text));
    EXPECT_TRUE(compiled) << text << '\n' << (compiled ? "" : compiled.error().message());
  }
}

TEST_F(Modules, NamesTheImportWhoseTypeDoesNotMatch)
{
  auto refused = instantiate(R"((module (import "env" "f" (func (param i32)))))",
                             {host([](store&, std::span<value_slot>) { return result<void>(); })});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
  auto text = refused.error().message();
  EXPECT_TRUE(contains(text, "env::f") && contains(text, "(func (param i32))")) << text;
}

TEST_F(Modules, RefusesTooFewImports)
{
  auto refused = instantiate(R"((module (import "env" "f" (func))))");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
}

TEST_F(Modules, RefusesTheNullFunctionAsAnImport)
{
  auto refused = instantiate(R"((module (import "env" "f" (func))))", {function{}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
}

TEST_F(Modules, RefusesAModuleOfAnotherEngine)
{
  auto other = need(make_wasmtime_engine({}));
  auto refused = store_->instantiate(*need(other->compile(wat("(module)"))), {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
}

TEST_F(Modules, CompilesOnSeveralThreadsAtOnce)
{
  auto bytes = wat("(module (func (export \"f\") (result i32) i32.const 7))");
  std::atomic<int> compiled = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 10; ++round) {
        compiled += engine_->compile(bytes).has_value() ? 1 : 0;
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(compiled, 40);
}

TEST_F(Modules, OutliveTheirEngine)
{
  auto other = need(make_wasmtime_engine({}));
  auto module = need(other->compile(wat("(module (func (export \"f\") (result i32) i32.const 7))")));
  auto own_store = need(other->make_store({}));
  other.reset();
  auto made = need(own_store->instantiate(*module, {}));
  std::array<value_slot, 1> values;
  ASSERT_TRUE(own_store->call(std::get<function>(*own_store->find_export(made, "f")), values));
  EXPECT_EQ(values[0].i32(), 7U);
}

/// A folder of this test's own that goes away with it.
class CacheDirectory : public testing::Test {
protected:
  CacheDirectory() : path_(testing::TempDir() + "interlink-engine-" + std::to_string(::getpid())) { remove(); }

  ~CacheDirectory() override { remove(); }

  void remove()
  {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  engine_options options(std::string directory) const
  {
    engine_options made;
    made.cache_directory = std::move(directory);
    return made;
  }

  std::string path_;
};

constexpr std::string_view cached_module = "(module (func (export \"f\") (result i32) i32.const 11))";

TEST_F(CacheDirectory, IsMadeForItsOwnerWhenMissing)
{
  auto made = need(make_wasmtime_engine(options(path_ + "/deep/er")));
  need(made->compile(wat(cached_module)));
  EXPECT_EQ(dynamic_cast<module_images&>(*made).cache_directory(), std::filesystem::canonical(path_ + "/deep/er"));
  EXPECT_EQ(std::filesystem::status(path_ + "/deep/er").permissions(), std::filesystem::perms::owner_all);
  EXPECT_TRUE(std::filesystem::is_empty(path_ + "/deep/er")); // the engine itself keeps nothing
}

/// What the module's `f` returns, in a store of that engine.
std::uint32_t result_of(engine& of, const compiled_module& module)
{
  auto own_store = need(of.make_store({}));
  std::array<value_slot, 1> values;
  auto f = own_store->find_export(need(own_store->instantiate(module, {})), "f");
  EXPECT_TRUE(own_store->call(std::get<function>(*f), values));
  return values[0].i32();
}

TEST_F(CacheDirectory, ImagesServeAnotherEngine)
{
  auto first = need(make_wasmtime_engine(options({})));
  auto image = need(dynamic_cast<module_images&>(*first).write_image(*need(first->compile(wat(cached_module)))));
  std::filesystem::create_directories(path_);
  std::ofstream file(path_ + "/image", std::ios::binary);
  file.write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
  file << "and what follows";
  file.close();
  auto second = need(make_wasmtime_engine(options({})));
  auto& images = dynamic_cast<module_images&>(*second);
  EXPECT_EQ(images.identity(), dynamic_cast<module_images&>(*first).identity());
  EXPECT_EQ(result_of(*second, *need(images.read_image(image))), 11U);
  const int opened = ::open((path_ + "/image").c_str(), O_RDONLY | O_CLOEXEC);
  auto mapped = need(images.map_image(opened));
  ::close(opened);
  std::filesystem::remove(path_ + "/image"); // its bytes stay as long as the module
  EXPECT_EQ(result_of(*second, *mapped), 11U);
  EXPECT_FALSE(images.map_image(-1));
  EXPECT_FALSE(images.read_image(std::span(image).first(image.size() / 2)));
  EXPECT_FALSE(images.read_image({}));

  auto interruptible = options({});
  interruptible.interruptible = true;
  auto other = need(make_wasmtime_engine(interruptible));
  EXPECT_NE(dynamic_cast<module_images&>(*other).identity(), images.identity());
  EXPECT_FALSE(dynamic_cast<module_images&>(*other).read_image(image)); // and the engine itself says so
}

TEST_F(CacheDirectory, IsRefusedWhenItIsAFile)
{
  std::filesystem::create_directories(path_);
  std::ofstream(path_ + "/file") << "x";
  auto refused = make_wasmtime_engine(options(path_ + "/file"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::file_unreadable);
  EXPECT_TRUE(contains(refused.error().message(), path_ + "/file"));
}

TEST_F(CacheDirectory, IsRefusedWhenItCannotBeMade)
{
  std::filesystem::create_directories(path_);
  std::ofstream(path_ + "/file") << "x";
  auto refused = make_wasmtime_engine(options(path_ + "/file/below"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::file_unreadable);
}

TEST(EngineOptions, RefuseAStackOutsideOfItsRange)
{
  for (std::size_t bytes : {std::size_t{0}, (std::size_t{16} << 10) - 1, (std::size_t{1} << 32) + 1}) {
    engine_options options;
    options.guest_stack_bytes = bytes;
    auto refused = make_wasmtime_engine(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::invalid_argument);
  }
}

TEST(EngineOptions, TakeAStackAtTheEndsOfItsRange)
{
  for (std::size_t bytes : {std::size_t{16} << 10, std::size_t{1} << 32}) {
    engine_options options;
    options.guest_stack_bytes = bytes;
    EXPECT_TRUE(make_wasmtime_engine(options));
  }
}

std::ptrdiff_t threads_of_this_process()
{
  return std::ranges::distance(std::filesystem::directory_iterator("/proc/self/task"));
}

// The engine ends the host when it cannot start them, so they are there before a guest can use up what threads there
// are.
TEST(CompilerThreads, AreStartedWithTheFirstEngineOrNever)
{
  GTEST_FLAG_SET(death_test_style, "threadsafe"); // in a process of its own, which has no engine yet
  EXPECT_EXIT(
      {
        const auto before = threads_of_this_process();
        const auto alone = need(make_wasmtime_engine({}, parallel_compilation::never));
        need(alone->compile(wat("(module (func) (func))")));
        const bool is_alone = threads_of_this_process() == before;
        const auto engine = need(make_wasmtime_engine({}));
        const auto started = threads_of_this_process();
        need(engine->compile(wat("(module (func) (func))")));
        std::_Exit(is_alone && started > before && threads_of_this_process() == started ? 0 : 1);
      },
      testing::ExitedWithCode(0), "");
}

} // namespace
} // namespace interlink::engine
