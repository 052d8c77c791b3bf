// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "bench/support/guest_process.hh"

#include "engine/wasmtime_engine.hh"

#include <asio/use_future.hpp>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <future>

#include "loader/symbol_lookup.hh"

namespace interlink::bench {

namespace {

engine::engine_ptr make_engine(bool has_compile_cache)
{
  engine::engine_options options;
  options.cache_directory = has_compile_cache ? INTERLINK_BENCH_CACHE : "";
  return need(engine::make_wasmtime_engine(options));
}

process make_process(asio::any_io_executor executor, runtime& shared, const std::string& program,
                     const guest_options& options)
{
  process_options wanted;
  wanted.wasi.preopens.push_back({INTERLINK_GUEST_DIR, "."});
  if (!options.copies.empty()) {
    wanted.wasi.preopens.push_back({options.copies, "/copies"});
  }
  wanted.instrument_checks = options.has_checks;
  return need(process::make(std::move(executor), shared, std::string(INTERLINK_GUEST_DIR) + "/" + program + ".wasm",
                            std::move(wanted), options.host_functions));
}

} // namespace

void give_up(const std::string& why)
{
  std::fprintf(stderr, "ERROR OCCURRED: %s\n", why.c_str());
  std::exit(1);
}

guest_process::guest_process(const std::string& program, const guest_options& options)
    : runtime_(make_engine(options.has_compile_cache)),
      process_(make_process(executor_.get_executor(), runtime_, program, options))
{
  need(process_.async_start(asio::use_future).get());
}

guest_process::~guest_process()
{
  const auto stopped = process_.async_stop(std::chrono::seconds(10), asio::use_future).get();
  if (!stopped || !stopped->still_running.empty()) {
    give_up("a guest thread does not end");
  }
  executor_.join();
}

void guest_process::in_group(group_id group, const std::function<void(instance_group&)>& work)
{
  const auto target = core().threads.find(group);
  std::promise<bool> done;
  if (target == nullptr || target->calls.post([&](instance_group* in) {
        if (in != nullptr) {
          work(*in);
        }
        done.set_value(in != nullptr);
      }) != post_outcome::accepted) {
    give_up("the group takes no calls");
  }
  if (!done.get_future().get()) {
    give_up("the group has ended");
  }
}

group_id guest_process::spawn_group()
{
  return need(process_.async_spawn_group(asio::use_future).get()).id();
}

std::uint32_t call_export(instance_group& group, std::string_view name, std::uint32_t argument)
{
  const auto callee = group.store().find_function(main_module, name);
  if (!callee) {
    give_up("main exports no " + std::string(name));
  }
  return call_function(group, *callee, argument);
}

void call_checked(instance_group& group, std::string_view name, std::uint32_t argument)
{
  if (const std::uint32_t answer = call_export(group, name, argument); answer != 0) {
    give_up(std::string(name) + " answers " + std::to_string(answer));
  }
}

engine::function find_callable(instance_group& group, std::string_view name)
{
  if (const auto own = group.store().find_function(main_module, name)) {
    return *own;
  }
  const table_index slot = need(find_function(process_of(group).loader, group, default_scope_handle, name)).slot;
  need(group.catch_up());
  return group.store().slot(slot);
}

std::uint32_t call_function(instance_group& group, const engine::function& callee, std::uint32_t argument)
{
  std::array<engine::value_slot, 1> values{engine::value_slot::of_i32(argument)};
  need(group.call(callee, values));
  return values[0].i32();
}

} // namespace interlink::bench
