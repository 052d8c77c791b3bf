// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/engine/fixture.hh"

#include <array>
#include <atomic>
#include <thread>

namespace interlink::engine {
namespace {

memory_type shared_type(std::uint64_t minimum, std::uint64_t maximum)
{
  memory_type type;
  type.size = {minimum, maximum};
  type.is_shared = true;
  return type;
}

constexpr std::size_t page_bytes = 65536;

constexpr std::string_view peek_and_poke_module = R"(
  (module
    (import "env" "memory" (memory 1 4 shared))
    (func (export "peek") (param i32) (result i32) (i32.load8_u (local.get 0)))
    (func (export "poke") (param i32) (i32.store8 (local.get 0) (i32.const 77)))
    (func (export "grow") (result i32) (memory.grow (i32.const 1))))
)";

using SharedMemory = EngineTest;

TEST_F(SharedMemory, TellsItsTypeAndStartsZeroed)
{
  auto made = need(engine_->make_shared_memory(shared_type(2, 4)));
  EXPECT_EQ(made->type(), shared_type(2, 4));
  EXPECT_EQ(made->size_bytes(), 2 * page_bytes);
  EXPECT_EQ(made->data()[2 * page_bytes - 1], std::byte{0});
}

TEST_F(SharedMemory, GrowsInPlace)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
  auto* data = made->data();
  EXPECT_EQ(made->grow(3), 1U);
  EXPECT_EQ(made->data(), data);
  EXPECT_EQ(made->size_bytes(), 4 * page_bytes);
  data[4 * page_bytes - 1] = std::byte{1};
}

TEST_F(SharedMemory, NamesItsMaximumWhenItCannotGrow)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
  for (std::uint64_t delta : {std::uint64_t{4}, ~std::uint64_t{0}}) {
    auto refused = made->grow(delta);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), errc::memory_exhausted);
    EXPECT_NE(refused.error().message().find("its maximum is 4 pages"), std::string::npos);
  }
  EXPECT_EQ(made->size_bytes(), page_bytes);
}

TEST_F(SharedMemory, WithoutAMaximumIsAnInvalidArgument)
{
  auto type = shared_type(1, 1);
  type.size.maximum.reset();
  auto refused = engine_->make_shared_memory(type);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
}

TEST_F(SharedMemory, ThatIsNotSharedIsAnInvalidArgument)
{
  auto type = shared_type(1, 1);
  type.is_shared = false;
  auto refused = engine_->make_shared_memory(type);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::invalid_argument);
}

// Each import makes the memory known to the engine once more; an access beyond its length must not ask which one it
// was.
TEST_F(SharedMemory, ThatTwoInstancesImportTrapsBeyondItsLength)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
  auto first = need(instantiate(peek_and_poke_module, {made}));
  auto second = need(instantiate(peek_and_poke_module, {made}));
  for (const auto& instance : {first, second}) {
    for (std::uint32_t address : {static_cast<std::uint32_t>(page_bytes), 0x80000000U, 0xffffffffU}) {
      std::array<value_slot, 1> values{value_slot::of_i32(address)};
      auto trapped = store_->call(exported<function>(instance, "peek"), values);
      ASSERT_FALSE(trapped);
      EXPECT_EQ(trapped.error().code(), errc::guest_trapped);
      EXPECT_NE(trapped.error().message().find("out of bounds memory access"), std::string::npos);
      ASSERT_FALSE(trapped.error().detail().trap->frames.empty());
    }
  }
}

TEST_F(SharedMemory, TrapsBeyondItsLengthAfterOthersHaveGone)
{
  for (int round = 0; round < 3; ++round) {
    auto gone = need(engine_->make_shared_memory(shared_type(1, 1)));
    auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
    gone.reset();
    auto store = need(engine_->make_store({}));
    const std::array<extern_value, 1> imports{made};
    const auto module = compile(peek_and_poke_module);
    need(store->instantiate(*module, imports));
    auto instance = need(store->instantiate(*module, imports));
    auto poke = std::get<function>(*store->find_export(instance, "poke"));
    std::array<value_slot, 1> values{value_slot::of_i32(0xfffffff0)};
    EXPECT_EQ(store->call(poke, values).error().code(), errc::guest_trapped);
  }
}

TEST_F(SharedMemory, IsOneMemoryForTwoStores)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
  auto module = compile(peek_and_poke_module);
  auto other = need(engine_->make_store({}));
  std::array<extern_value, 1> imports{made};
  auto here = need(store_->instantiate(*module, imports));
  auto there = need(other->instantiate(*module, imports));
  std::array<value_slot, 1> last{value_slot::of_i32(page_bytes - 1)};
  ASSERT_TRUE(other->call(std::get<function>(*other->find_export(there, "poke")), last));
  EXPECT_EQ(call_i32(exported<function>(here, "peek"), {value_slot::of_i32(page_bytes - 1)}), 77U);
}

TEST_F(SharedMemory, ShowsThePageThatAnotherThreadGrew)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
  auto module = compile(peek_and_poke_module);
  std::array<extern_value, 1> imports{made};
  auto here = need(store_->instantiate(*module, imports));
  std::thread([&] {
    auto other = need(engine_->make_store({}));
    auto there = need(other->instantiate(*module, imports));
    std::array<value_slot, 1> values;
    need(other->call(std::get<function>(*other->find_export(there, "grow")), values));
    values[0] = value_slot::of_i32(2 * page_bytes - 1);
    need(other->call(std::get<function>(*other->find_export(there, "poke")), values));
  }).join();
  EXPECT_EQ(made->size_bytes(), 2 * page_bytes);
  EXPECT_EQ(call_i32(exported<function>(here, "peek"), {value_slot::of_i32(2 * page_bytes - 1)}), 77U);
}

TEST_F(SharedMemory, GrowthByTheHostIsSeenByARunningGuest)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
  auto growing = host([&](store&, std::span<value_slot>) {
    need(made->grow(3));
    made->data()[4 * page_bytes - 1] = std::byte{9};
    return result<void>();
  });
  auto run = guest(R"((module (import "env" "memory" (memory 1 4 shared)) (import "env" "host" (func $h))
                       (func (export "run") (result i32) (call $h) (i32.load8_u (i32.const 262143)))))",
                   "run", {made, growing});
  EXPECT_EQ(call_i32(run), 9U);
}

TEST_F(SharedMemory, GrownByManyThreadsLosesNoPage)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 401)));
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int round = 0; round < 100; ++round) {
        auto before = need(made->grow(1));
        made->data()[(before + 1) * page_bytes - 1] = std::byte{1};
      }
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(made->size_bytes(), 401 * page_bytes);
}

TEST_F(SharedMemory, WithALargerMaximumThanDeclaredIsRefused)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 5)));
  auto refused = instantiate(peek_and_poke_module, {made});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
  EXPECT_NE(refused.error().message().find("env::memory"), std::string::npos) << refused.error().message();
}

TEST_F(SharedMemory, ImportedAsUnsharedIsRefused)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
  auto refused = instantiate(R"((module (import "env" "memory" (memory 1 4))))", {made});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
}

TEST_F(SharedMemory, OfAnotherEngineIsRefusedByName)
{
  auto other = need(make_wasmtime_engine({}));
  auto refused = instantiate(peek_and_poke_module, {need(other->make_shared_memory(shared_type(1, 4)))});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
  EXPECT_NE(refused.error().message().find("another engine"), std::string::npos);
}

TEST_F(SharedMemory, OutlivesStoresAndEngine)
{
  auto other = need(make_wasmtime_engine({}));
  auto made = need(other->make_shared_memory(shared_type(1, 4)));
  other.reset();
  EXPECT_EQ(made->grow(1), 1U);
  made->data()[2 * page_bytes - 1] = std::byte{1};
}

TEST_F(SharedMemory, ExportedByAGuestIsTheSameMemory)
{
  auto made = need(engine_->make_shared_memory(shared_type(1, 4)));
  auto inside = need(instantiate(R"((module (import "env" "m" (memory 1 4 shared)) (export "m" (memory 0))))", {made}));
  auto found = exported<shared_memory_ptr>(inside, "m");
  EXPECT_EQ(found->data(), made->data());
  need(found->grow(1));
  EXPECT_EQ(made->size_bytes(), 2 * page_bytes);
}

TEST_F(SharedMemory, AndASecondOneServeOneModule)
{
  auto linear = need(engine_->make_shared_memory(shared_type(1, 4)));
  auto control = need(engine_->make_shared_memory(shared_type(1, 1)));
  auto run = guest(R"((module (import "env" "a" (memory $a 1 4 shared)) (import "env" "b" (memory $b 1 1 shared))
                       (func (export "run") (result i32) (i32.atomic.load $b (i32.const 0)))))",
                   "run", {linear, control});
  std::atomic_ref(*reinterpret_cast<std::uint32_t*>(control->data())).store(31);
  EXPECT_EQ(call_i32(run), 31U);
}

} // namespace
} // namespace interlink::engine
