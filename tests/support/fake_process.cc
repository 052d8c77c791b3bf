// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/fake_process.hh"

#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <optional>

#include "loader/memory_supply.hh"
#include "loader/symbol_lookup.hh"
#include "process/main_program.hh"
#include "process/thread_spawner.hh"

namespace interlink::support {

namespace {

using engine::value_slot;

process_options with_defaults(process_options options, const std::string& directory)
{
  options.library_path.insert(options.library_path.begin(), directory);
  if (options.wasi.stdin_fd == wasi::options{}.stdin_fd) {
    options.wasi.stdin_fd = -1;
  }
  if (options.memory.stack_bytes == memory_options{}.stack_bytes) {
    options.memory.stack_bytes = 65'536; // so that a small memory holds it
  }
  return options;
}

} // namespace

fake_process::fake_process(const main_shape& main, process_options options, bool is_interruptible)
    : engine_(std::make_shared<fake_engine>()), runtime_(engine_)
{
  engine_->interruptible = is_interruptible;
  add("main.wasm", make_main(main));
  auto made =
      process_core::make(engine_, directory_.path() + "/main.wasm",
                         with_defaults(std::move(options), directory_.path()), host_functions(), runtime_.background());
  EXPECT_TRUE(made) << made.error().message();
  core_ = std::move(*made);
  next_allocation_ = static_cast<std::uint32_t>(core_->program().layout.heap_base.value);
}

fake_process::~fake_process()
{
  core_->end({0, std::nullopt});
  core_->threads.join_all(std::nullopt);
}

host_registry fake_process::host_functions()
{
  host_registry registry;
  registry.add("test", "event", {{wasm::i32, wasm::i32}, {}},
               [this](instance_group& group, std::span<value_slot> values) {
                 {
                   const std::lock_guard lock(mutex_);
                   events_.push_back({group.id(), values[0].i32(), values[1].i32()});
                 }
                 return on_event ? on_event(group, values[0].i32(), values[1].i32()) : result<void>{};
               });
  registry.add("test", "index", {{}, {wasm::i32}}, [this](instance_group& group, std::span<value_slot> values) {
    values[0] = value_slot::of_i32(on_index ? on_index(group) : 0);
    return result<void>{};
  });
  registry.add("test", "thread", {{wasm::i32, wasm::i32}, {}},
               [this](instance_group& group, std::span<value_slot> values) {
                 return on_thread ? on_thread(group, values[1].i32()) : serve_calls(group);
               });
  registry.add("test", "allocate", {{wasm::i32, wasm::i32}, {wasm::i32}},
               [this](instance_group& group, std::span<value_slot> values) {
                 const std::uint32_t alignment = values[0].i32();
                 const std::uint32_t taken = next_allocation_.fetch_add(values[1].i32() + alignment);
                 const std::uint64_t end = std::uint64_t{taken} + alignment + values[1].i32();
                 const bool has_memory =
                     grow_memory(process_of(group).program(), group, (end + 0xFFFF) >> 16).has_value();
                 values[0] = value_slot::of_i32(has_memory ? (taken + alignment - 1) / alignment * alignment : 0);
                 return result<void>{};
               });
  return registry;
}

void fake_process::add(const library_shape& shape)
{
  add("lib" + std::to_string(shape.number) + ".so", make_library(shape));
}

void fake_process::add(const std::string& name, const std::vector<std::byte>& bytes)
{
  std::ofstream file(directory_.path() + "/" + name, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  ASSERT_TRUE(file.flush());
}

result<group_id> fake_process::try_start()
{
  auto loaded = std::make_shared<std::promise<result<void>>>();
  auto started = start_first_group(core_, [loaded](instance_group& group) {
    result<void> outcome = load_program(process_of(group).loader, group, process_of(group).library_path());
    loaded->set_value(outcome);
    return outcome ? serve_calls(group) : result<void>{};
  });
  if (!started) {
    return started;
  }
  const result<void> outcome = loaded->get_future().get();
  return outcome ? started : fail(outcome.error());
}

group_id fake_process::start()
{
  const auto started = try_start();
  EXPECT_TRUE(started) << started.error().message();
  return started.value_or(no_group);
}

group_id fake_process::add_group()
{
  const auto started = start_bare_group(core_, [](instance_group& group) { return serve_calls(group); });
  EXPECT_TRUE(started) << started.error().message();
  if (!started) {
    return no_group;
  }
  in(*started, [](instance_group&) {}); // it has caught up with what it was built from: what comes is up to the test
  return *started;
}

result<std::uint32_t> call_without_catch_up(instance_group& group, module_id module, const std::string& name,
                                            std::vector<std::uint32_t> arguments)
{
  const auto function = group.store().find_function(module, name);
  if (!function) {
    return fail(errc::symbol_not_found, name);
  }
  std::vector<value_slot> values;
  for (const std::uint32_t argument : arguments) {
    values.push_back(value_slot::of_i64(argument));
  }
  values.resize(std::max<std::size_t>(values.size(), 1));
  if (auto called = group.store().store().call(*function, values); !called) {
    return fail(std::move(called.error()));
  }
  return values[0].i32();
}

result<std::uint32_t> fake_process::call(group_id group, module_id module, const std::string& name,
                                         std::uint32_t argument)
{
  return in(group, [&](instance_group& at) { return call_without_catch_up(at, module, name, {argument}); });
}

result<std::uint32_t> fake_process::call(group_id group, const std::string& name, std::uint32_t argument)
{
  return call(group, main_module, name, argument);
}

result<std::uint32_t> fake_process::call_slot(group_id group, std::uint32_t slot)
{
  return call(group, "call_slot", slot);
}

result<library_handle> fake_process::open(group_id group, const std::string& name, std::uint32_t flags)
{
  return in(group, [&](instance_group& at) { return open_library(process_of(at).loader, at, name, flags, {}); });
}

result<std::uint32_t> fake_process::find(group_id group, library_handle library, const std::string& name)
{
  return in(group, [&](instance_group& at) { return find_address(process_of(at).loader, at, library, name); });
}

std::vector<guest_event> fake_process::events() const
{
  const std::lock_guard lock(mutex_);
  return events_;
}

} // namespace interlink::support
