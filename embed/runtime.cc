// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runtimes and programs.
#include "actors/guest_thread.hh"
#include "engine/wasmtime_engine.hh"

#include <thread>

#include "embed/conversions.hh"
#include "embed/memory_file.hh"
#include "embed/own_thread.hh"
#include "embed/states.hh"

namespace interlink::v0::detail {

namespace {

interlink::result<program_ptr> compiled(const runtime_ptr& in, interlink::result<found_module> found,
                                        const std::string& name)
{
  if (!found) {
    return interlink::fail(std::move(found.error()));
  }
  module_cache modules(in->own->engine(), true);
  modules.share(in->modules);
  auto bytes = library_files::read(*found);
  if (!bytes) {
    return interlink::fail(std::move(bytes.error()));
  }
  auto content = modules.read(std::move(*bytes), name);
  if (!content) {
    return interlink::fail(std::move(content.error()));
  }
  if (auto instrumented = modules.instrument(*content, name); !instrumented) {
    return interlink::fail(std::move(instrumented.error()));
  }
  auto prepared = modules.compile(*content, name);
  if (!prepared) {
    return interlink::fail(std::move(prepared.error()));
  }
  return std::make_shared<const program_state>(program_state{in, name, std::move(*found), std::move(*prepared)});
}

/// Its last user may be a turn on its own thread, which cannot wait for itself.
void end_runtime(runtime_state* ended)
{
  const auto background = ended->own->background();
  const auto* const own = background.target<asio::thread_pool::executor_type>();
  if (own == nullptr || !own->running_in_this_thread()) {
    delete ended;
    return;
  }
  constexpr std::size_t stack_bytes = std::size_t{256} << 10;
  static_cast<void>(guest_thread::start(stack_bytes, [ended] { delete ended; })); // refused: it stays
}

} // namespace

result<runtime_ptr> make_runtime(const runtime_options& options)
{
  engine::engine_options wanted;
  wanted.cache_directory = options.cache_directory;
  wanted.interruptible = options.interruptible;
  wanted.guest_stack_bytes = options.guest_stack_bytes;
  const bool is_parallel = options.parallel_compilation && host_allows_threads(std::thread::hardware_concurrency());
  auto engine = engine::make_wasmtime_engine(wanted, is_parallel ? engine::parallel_compilation::always
                                                                 : engine::parallel_compilation::never);
  if (!engine) {
    return fail(to_public(engine.error()));
  }
  auto made = interlink::runtime::make(std::move(*engine));
  if (!made) {
    return fail(to_public(made.error()));
  }
  return runtime_ptr(new runtime_state(std::move(*made)), end_runtime);
}

void compile(const runtime_ptr& in, std::string path, const std::shared_ptr<operation<program_ptr>>& done)
{
  on_own_thread(done, [in, path = std::move(path)] {
    return to_public(compiled(in, library_files::open_host_file(path), path));
  });
}

void compile(const runtime_ptr& in, std::vector<std::byte> bytes, std::string name,
             const std::shared_ptr<operation<program_ptr>>& done)
{
  on_own_thread(done, [in, bytes = std::move(bytes), name = std::move(name)] {
    return to_public(compiled(in, make_memory_file(bytes, name), name));
  });
}

const std::string& name_of(const program_state& program)
{
  return program.name;
}

} // namespace interlink::v0::detail
