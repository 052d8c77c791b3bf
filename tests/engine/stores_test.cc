// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/engine/fixture.hh"

#include <array>
#include <atomic>
#include <thread>

namespace interlink::engine {
namespace {

using Stores = EngineTest;

TEST_F(Stores, HoldMoreInstancesThanTheEnginesDefault)
{
  auto module = compile("(module (func (export \"f\") (result i32) i32.const 3))");
  instance last;
  for (int i = 0; i < 10'100; ++i) {
    last = need(store_->instantiate(*module, {}));
  }
  EXPECT_EQ(store_->instance_count(), 10'100U);
  EXPECT_EQ(call_i32(exported<function>(last, "f")), 3U);
}

TEST_F(Stores, RefuseInstancesBeyondTheirLimit)
{
  store_limits limits;
  limits.instances = 2;
  auto limited = need(engine_->make_store(limits));
  auto module = compile("(module)");
  ASSERT_TRUE(limited->instantiate(*module, {}));
  ASSERT_TRUE(limited->instantiate(*module, {}));
  auto refused = limited->instantiate(*module, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), errc::engine_refused);
  EXPECT_EQ(limited->instance_count(), 2U);
}

TEST_F(Stores, CountInstancesWhoseStartTrapped)
{
  auto module = compile("(module (func $s unreachable) (start $s))");
  EXPECT_FALSE(store_->instantiate(*module, {}));
  EXPECT_EQ(store_->instance_count(), 1U);
}

TEST_F(Stores, CountNoInstanceThatWasRefused)
{
  EXPECT_FALSE(instantiate(R"((module (import "env" "f" (func))))"));
  EXPECT_EQ(store_->instance_count(), 0U);
}

TEST_F(Stores, FilledOnOneThreadRunAndEndOnOthers)
{
  auto counter = need(store_->make_global({wasm::i32, true}, value_slot::of_i32(40)));
  auto bump = host([&](store& caller, std::span<value_slot>) {
    caller.global_set(counter, value_slot::of_i32(caller.global_get(counter).i32() + 1));
    return result<void>();
  });
  auto run = guest(R"((module (import "env" "g" (global $g (mut i32))) (import "env" "bump" (func $b))
                       (func (export "run") (result i32) (call $b) (global.get $g))
                       (func (export "trap") unreachable)))",
                   "run", {counter, bump});
  std::uint32_t first = 0;
  std::thread([&] { first = need(call_i32(run)); }).join();
  EXPECT_EQ(first, 41U);
  EXPECT_EQ(call_i32(run), 42U);
  std::thread([&] { store_.reset(); }).join();
}

TEST_F(Stores, TrapOnTheThreadThatRunsThem)
{
  auto run = guest(R"((module (memory 1) (func (export "run") (drop (i32.load (i32.const -4))))))", "run");
  errc code{};
  std::thread([&] { code = store_->call(run, {}).error().code(); }).join();
  EXPECT_EQ(code, errc::guest_trapped);
}

TEST_F(Stores, RunAtTheSameTimeOnSeveralThreads)
{
  auto module = compile(R"((module (func (export "sum") (param i32) (result i32) (local i32)
                            (loop $l
                              (local.set 1 (i32.add (local.get 1) (local.get 0)))
                              (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
                            (local.get 1))))");
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      auto own = need(engine_->make_store({}));
      auto made = need(own->instantiate(*module, {}));
      std::array<value_slot, 1> values{value_slot::of_i32(1000)};
      bool done = own->call(std::get<function>(*own->find_export(made, "sum")), values).has_value();
      right += done && values[0].i32() == 500'500 ? 1 : 0;
    });
  }
  for (auto& thread : threads) {
    thread.join();
  }
  EXPECT_EQ(right, 4);
}

/// With the check of epochs in the code.
class Epochs : public testing::Test {
protected:
  static engine_options interruptible()
  {
    engine_options options;
    options.interruptible = true;
    return options;
  }

  engine_ptr engine_ = need(make_wasmtime_engine(interruptible()));
  std::unique_ptr<store> store_ = need(engine_->make_store({}));

  function exported(std::string_view text)
  {
    auto made = need(store_->instantiate(*need(engine_->compile(wat(text))), {}));
    return std::get<function>(*store_->find_export(made, "run"));
  }
};

TEST_F(Epochs, EndALoopWithoutCallsAsStopping)
{
  auto spin = exported(R"((module (func $spin (export "run") (loop $l (br $l)))))");
  store_->set_interrupt([] { return true; });
  std::atomic<bool> done = false;
  std::thread ticker([&] {
    while (!done) {
      engine_->increment_epoch();
      std::this_thread::yield();
    }
  });
  auto stopped = store_->call(spin, {});
  done = true;
  ticker.join();
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code(), errc::stopping);
  ASSERT_TRUE(stopped.error().detail().trap);
  ASSERT_EQ(stopped.error().detail().trap->frames.size(), 1U);
  EXPECT_EQ(stopped.error().detail().trap->frames[0].function_name, "spin");
}

TEST_F(Epochs, DoNotEndAStoreThatNeverAsks)
{
  auto run = exported(R"((module (func (export "run"))))");
  for (int i = 0; i < 100; ++i) {
    engine_->increment_epoch();
    EXPECT_TRUE(store_->call(run, {}));
  }
}

TEST_F(Epochs, AskOnceEachAndLetTheGuestGoOn)
{
  auto run = exported(R"((module (func (export "run"))))");
  int asked = 0;
  store_->set_interrupt([&] {
    ++asked;
    return false;
  });
  for (int i = 0; i < 3; ++i) {
    engine_->increment_epoch();
    EXPECT_TRUE(store_->call(run, {}));
    EXPECT_TRUE(store_->call(run, {}));
  }
  EXPECT_EQ(asked, 3);
}

TEST_F(Epochs, EndEveryCallFromThenOn)
{
  auto run = exported(R"((module (func (export "run"))))");
  store_->set_interrupt([] { return true; });
  EXPECT_TRUE(store_->call(run, {}));
  engine_->increment_epoch();
  for (int i = 0; i < 3; ++i) {
    auto stopped = store_->call(run, {});
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().code(), errc::stopping);
  }
}

TEST_F(Epochs, EndOneStoreAndLeaveTheOtherRunning)
{
  auto other = need(engine_->make_store({}));
  auto module = need(engine_->compile(wat(R"((module (func (export "run"))))")));
  auto run_in = [&](store& in) {
    auto made = need(in.instantiate(*module, {}));
    return std::get<function>(*in.find_export(made, "run"));
  };
  auto ended = run_in(*store_);
  auto left = run_in(*other);
  store_->set_interrupt([] { return true; });
  other->set_interrupt([] { return false; });
  engine_->increment_epoch();
  EXPECT_FALSE(store_->call(ended, {}));
  EXPECT_TRUE(other->call(left, {}));
}

TEST(GuestStack, LimitsRecursionByItsSize)
{
  auto depth_on = [](std::size_t bytes) {
    engine_options options;
    options.guest_stack_bytes = bytes;
    auto made = need(make_wasmtime_engine(options));
    auto own = need(made->make_store({}));
    auto module = need(made->compile(wat(R"((module (global $depth (export "depth") (mut i32) (i32.const 0))
        (func $f (export "run") (global.set $depth (i32.add (global.get $depth) (i32.const 1))) (call $f) (nop))))")));
    auto inside = need(own->instantiate(*module, {}));
    EXPECT_FALSE(own->call(std::get<function>(*own->find_export(inside, "run")), {}));
    return own->global_get(std::get<global>(*own->find_export(inside, "depth"))).i32();
  };
  auto small = depth_on(std::size_t{64} << 10);
  auto large = depth_on(std::size_t{3} << 20);
  EXPECT_GT(small, 100U);
  EXPECT_GT(large, 10 * small);
}

} // namespace
} // namespace interlink::engine
