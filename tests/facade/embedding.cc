// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/facade/embedding.hh"

#include "engine/wasmtime_engine.hh"

#include <gtest/gtest.h>

#include <algorithm>
#include <utility>

namespace interlink::test {

embedding::embedding(const std::string& name, engine::engine_options engine_options, host_registry host_functions,
                     process_options options)
    : handlers_(std::make_unique<asio::thread_pool>(1))
{
  engine_options.cache_directory = INTERLINK_SCENARIO_CACHE;
  auto engine = engine::make_wasmtime_engine(engine_options);
  if (!engine) {
    refusal_ = engine.error();
    return;
  }
  shared_ = std::make_shared<runtime>(std::move(*engine));
  make(name, std::move(host_functions), std::move(options));
}

embedding::embedding(const std::string& name, const embedding& beside)
    : handlers_(std::make_unique<asio::thread_pool>(1)), shared_(beside.shared_)
{
  make(name);
}

void embedding::make(const std::string& name, host_registry host_functions, process_options options)
{
  options.wasi.preopens = {{INTERLINK_GUEST_DIR, "."}};
  options.wasi.stdin_fd = -1;
  auto made =
      process::make(handlers_->get_executor(), *shared_, std::string(INTERLINK_GUEST_DIR) + "/" + name + ".wasm",
                    std::move(options), std::move(host_functions));
  if (!made) {
    refusal_ = made.error();
    return;
  }
  process_.emplace(std::move(*made));
}

bool embedding::waits_in(group_id in, std::string_view call)
{
  return std::ranges::any_of(process_->core().threads.report(), [&](const thread_report& report) {
    return report.group == in && report.waiting_in == call;
  });
}

embedding::~embedding()
{
  if (process_) {
    constexpr std::chrono::seconds grace{10};
    const auto stopped = stop(grace);
    if (!stopped || !stopped->still_running.empty()) {
      ADD_FAILURE() << "the program could not be stopped";
      static_cast<void>(new std::optional<process>(std::move(process_)));
      static_cast<void>(new std::shared_ptr<runtime>(std::move(shared_)));
      static_cast<void>(handlers_.release());
      return;
    }
    process_.reset();
  }
  shared_.reset();
  handlers_->join();
}

result<std::vector<guest_value>> embedding::call(group in, const std::string& name, std::vector<guest_value> arguments)
{
  auto found = find(in, name);
  if (!found) {
    return fail(std::move(found.error()));
  }
  return await(in.async_call(std::move(*found), std::move(arguments), asio::use_future));
}

std::unique_ptr<computing_call> computing_call::start(embedding& guest, group in,
                                                      const std::function<void(const function&)>& call)
{
  const auto address = guest.call(in, "computes_state", {});
  const auto compute = guest.find(in, "computes_until_told");
  if (!address || !compute) {
    return nullptr;
  }
  std::unique_ptr<computing_call> made(
      new computing_call(guest.program().core().environment.linked_memory, std::get<std::int32_t>(address->at(0))));
  if (call) {
    call(*compute);
  } else {
    made->outcome_ = in.async_call(*compute, {}, asio::use_future);
  }
  return comes_true([&] { return made->state().load() == computing; }) ? std::move(made) : nullptr;
}

} // namespace interlink::test
