// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/process_core.hh"

#include "groups/instance_group.hh"
#include "groups/waiting_groups.hh"
#include "linker/planner.hh"
#include "messages/limits.hh"

#include <asio/post.hpp>

#include <algorithm>
#include <cstring>
#include <mutex>
#include <system_error>
#include <utility>

#include "loader/cache_reach.hh"
#include "loader/program_memory.hh"
#include "process/abi/guest_abi.hh"
#include "process/event_lines.hh"
#include "process/option_effects.hh"
#include "process/program_entry.hh"
#include "process/static_program.hh"
#include "process/wait_report.hh"
#include "wasm/reserved_names.hh"

namespace interlink {

namespace {

/// A memory that the embedder gives to a static program in place of one of its own.
engine::shared_memory_ptr given_memory(const module_info& info, const host_registry& registry)
{
  for (const import_info& import : info.imports) {
    const host_registry::entry* entry = registry.find(import.module_name, import.name);
    const auto* memory = entry == nullptr ? nullptr : std::get_if<engine::shared_memory_ptr>(entry);
    if (memory != nullptr) {
      return *memory;
    }
  }
  return nullptr;
}

/// From another thread than this one, which is in a turn.
void wake_waiting_groups(std::weak_ptr<process_core> process, const asio::any_io_executor& background)
{
  asio::post(background, [process = std::move(process)] {
    if (const auto alive = process.lock()) {
      for (const std::shared_ptr<instance_group>& each : alive->threads.alive()) {
        each->wake_waits();
      }
    }
  });
}

} // namespace

process_core::process_core() : group_services(abi::runtime_calls()) {}

result<std::shared_ptr<process_core>> process_core::make(engine::engine_ptr engine, const std::string& program_path,
                                                         process_options options, host_registry embedder_functions,
                                                         asio::any_io_executor background)
{
  std::shared_ptr<process_core> made(new process_core);
  made->options_ = std::move(options);
  made->environment.engine = std::move(engine);
  made->environment.registry = abi::make_guest_abi(std::move(embedder_functions));
  made->family = std::make_shared<process_family>();
  auto program = library_files::open_host_file(program_path);
  if (!program) {
    return fail(std::move(program.error()));
  }
  made->loader.program.file = std::move(*program);
  auto finished = finish_making(made, program_path, std::move(background));
  if (finished) {
    if (auto logged = made->log_events(); !logged) {
      return fail(std::move(logged.error()));
    }
    static_cast<void>(made->family->add(no_process, made, process_family::keeping::no));
  }
  return finished;
}

result<std::shared_ptr<process_core>>
process_core::make_successor(const process_core& parent, std::shared_ptr<wasi::system> system, found_module program)
{
  std::shared_ptr<process_core> made(new process_core);
  made->options_ = parent.options_;
  made->options_.runs_command = true;
  made->options_.serves_calls = false;
  made->environment.engine = parent.environment.engine;
  made->environment.registry = parent.environment.registry;
  made->family = parent.family;
  made->started_by_ = parent.loader.program.file.path;
  made->wasi_system = std::move(system);
  const std::string path = program.path;
  made->loader.program.file = std::move(program);
  return finish_making(std::move(made), path, parent.background_);
}

result<std::shared_ptr<process_core>> process_core::finish_making(std::shared_ptr<process_core> made,
                                                                  const std::string& program_path,
                                                                  asio::any_io_executor background)
{
  const bool is_embedders = made->wasi_system == nullptr;
  if (made->options_.longest_call && !made->environment.engine->is_interruptible()) {
    return fail(errc::invalid_argument, "a deadline of calls needs an interruptible engine, which has code that can be "
                                        "ended");
  }
  made->recorder = std::make_shared<event_recorder>(made->options_.events_per_actor);
  made->is_watched = made->options_.watchdog > std::chrono::milliseconds(0);
  made->loader.longest_open_wait = made->options_.longest_open_wait;
  made->loader.log.configure(made->options_.debug, made->options_.report, made->loader.program.file.path);
  made->loader.policy = made->options_.policy;
  if (made->loader.log.enabled().statistics) {
    made->counts = std::make_unique<statistics>();
  }
  if (auto opened = made->open_files(program_path); !opened) {
    return fail(std::move(opened.error()));
  }
  auto program = made->read_program(program_path);
  if (!program) {
    return fail(std::move(program.error()));
  }
  if (!is_embedders) {
    if (auto allowed = made->audit_program(*program); !allowed) {
      return fail(std::move(allowed.error()));
    }
  }
  const module_info& info = *program->info;
  if (auto unfit = find_nothing_to_run(info, {made->options_.runs_command, made->options_.serves_calls})) {
    return fail(unfit->with_context(program_path));
  }
  made->describe_program(info);
  if (auto memory = made->make_memories(info); !memory) {
    return fail(memory.error().with_context(program_path));
  }
  if (!made->program().is_dynamic) {
    if (auto prepared = made->prepare_static_program(*program, program_path); !prepared) {
      return fail(std::move(prepared.error()));
    }
  }
  if (made->environment.engine->is_interruptible()) {
    try {
      made->interrupts_.emplace(background);
    } catch (const std::system_error& failure) { // asio has no other way to say that there are no descriptors left
      return fail(errc::engine_refused, std::string("no timer for interrupts: ") + failure.what());
    }
  }
  made->background_ = background;
  made->make_coordinator(std::move(background));
  made->trace.emplace(made->recorder, program_path);
  if (is_embedders) {
    made->report_options_without_effect(info);
  }
  return made;
}

result<void> process_core::log_events()
{
  auto lines = event_lines(loader.log);
  auto watched = lines ? trace->watch(std::move(lines)) : result<void>();
  return watched ? watched : fail(watched.error().with_context("INTERLINK_DEBUG"));
}

result<void> process_core::open_files(const std::string& program_path)
{
  if (!wasi_system) {
    if (!options_.wasi.report) {
      options_.wasi.report = [log = loader.log](const std::string& line) {
        log.report(no_group, line);
      };
    }
    auto system = wasi::make_system(options_.wasi);
    if (!system) {
      return fail(std::move(system.error()));
    }
    wasi_system = std::move(*system);
    // For `$ORIGIN` of the main module. A program that the guest cannot see lies in its current directory.
    loader.program.file.path = guest_path_of(options_.wasi.preopens, program_path)
                                   .value_or(join_path(wasi_system->current_directory(), file_name_of(program_path)));
  }
  auto directories = library_files::make(wasi_system, options_.library_path);
  if (!directories) {
    return fail(std::move(directories.error()));
  }
  loader.files = std::move(*directories);
  return {};
}

result<module_content> process_core::read_program(const std::string& program_path)
{
  const phase_timer timer(counts.get(), load_phase::read);
  loader.closures = std::make_shared<closure_code>(environment.engine, counts.get());
  loader.modules = std::make_shared<module_cache>(environment.engine, options_.instrument_checks, counts.get(),
                                                  options_.memory.maximum_bytes);
  if (options_.modules) {
    loader.modules->share(options_.modules);
  }
  keep_modules();
  return loader.modules->read_file(loader.program.file, program_path);
}

result<void> process_core::audit_program(const module_content& content) const
{
  const std::string& path = loader.program.file.path;
  const std::string requester = wasi_system->args().empty() ? std::string() : wasi_system->args().front();
  return loader.policy.open ? loader.policy.open({requester, path, to_text(content.key), started_by_, no_group})
                            : result<void>();
}

void process_core::keep_modules()
{
  const auto* const images = dynamic_cast<const engine::module_images*>(environment.engine.get());
  if (images == nullptr || images->cache_directory().empty()) {
    return;
  }
  const std::string& path = images->cache_directory();
  const auto report = [this](const std::string& text) {
    loader.log.report(no_group, text);
  };
  if (const auto reach = writable_directory_around(path, options_.wasi.preopens)) {
    report("compiled modules are not kept in " + path + ": the guest can write there, for it has " + *reach +
           "; keep them in another directory, or give the guest this one read-only (:ro)");
    return;
  }
  auto directory = cache_directory::open(path);
  if (!directory) {
    report("compiled modules are not kept: " + directory.error().message());
    return;
  }
  loader.modules->keep_in(std::move(*directory));
}

result<void> process_core::prepare_static_program(module_content& content, const std::string& program_path)
{
  auto plan = plan_static_program(content.info, program_path, *environment.registry->catalog());
  if (!plan) {
    return fail(std::move(plan.error()));
  }
  if (loader.policy.import) {
    for (const host_import& each : find_host_imports(*make_empty_snapshot(), **plan)) {
      if (auto allowed = loader.policy.import({each.importer, each.module_name, each.name, each.type}); !allowed) {
        return allowed;
      }
    }
  }
  if (auto done = loader.modules->instrument(content, program_path); !done) {
    return done;
  }
  auto prepared = loader.modules->compile(content, program_path);
  if (!prepared) {
    return fail(std::move(prepared.error()));
  }
  (*plan)->modules.front().artifact = prepared->code;
  static_program = std::move(*plan);
  return {};
}

void process_core::describe_program(const module_info& info)
{
  program_facts& facts = loader.program;
  facts.is_dynamic = info.dylink.has_value();
  facts.exports_spawn_group = exports_spawn_group(info);
  facts.has_wasix_libc = has_wasix_libc(info);
  wasi_system->has_wasix_libc = facts.has_wasix_libc;
  for (const export_info& exported : info.exports) {
    if (std::holds_alternative<function_type>(exported.type)) { // one of another type is named when it is to be called
      handler_exports_.insert(exported.name);
    }
  }
  const bool asks_for_directory = std::ranges::any_of(info.imports, [](const import_info& import) {
    return import.module_name == "wasix_32v1" && import.name == "getcwd";
  });
  // A program that needs libraries may have its C library among them.
  if (!options_.wasi.initial_directory.empty() && !facts.is_dynamic && !asks_for_directory) {
    loader.log.report(no_group,
                      "--cwd has no effect: the program's C library does not ask the host for its first directory");
  }
  environment.function_table = {wasm::funcref, {1, std::nullopt}, false};
  for (const import_info& import : info.imports) {
    if (const auto* table = std::get_if<table_type>(&import.type)) {
      environment.function_table.size.minimum = std::max<std::uint64_t>(1, table->size.minimum);
      environment.function_table.size.maximum = table->size.maximum;
    }
  }
  environment.on_unimplemented = [this](const std::string& name) {
    report_unimplemented(name);
  };
}

result<void> process_core::make_memories(const module_info& info)
{
  const bool is_dynamic = program().is_dynamic;
  main_layout& layout = loader.program.layout;
  auto planned = is_dynamic ? plan_main_layout(info, options_.memory) : plan_static_layout(info, options_.memory);
  if (!planned) {
    return fail(std::move(planned.error()));
  }
  layout = *planned;
  const engine::shared_memory_ptr given = given_memory(info, *environment.registry);
  if (given && is_dynamic) {
    error_detail detail;
    detail.message = "the embedder's memory cannot be that of a dynamically linked program";
    detail.expected = "a memory that the linker has laid out for the program, its stack and its libraries";
    detail.found = "one of " + std::to_string(given->size_bytes()) + " bytes, laid out by the embedder";
    detail.remedy = "leave it out of the host functions, and use the program's own memory; or link the program without "
                    "-pie";
    return fail(error(errc::invalid_argument, std::move(detail)));
  }
  if (given) {
    environment.linked_memory = given;
  } else if (layout.memory.is_shared) {
    auto memory = environment.engine->make_shared_memory(layout.memory);
    if (!memory) {
      return fail(std::move(memory.error()));
    }
    environment.linked_memory = std::move(*memory);
  } else if (is_dynamic || imports_memory(info)) {
    environment.private_memory = layout.memory;
  }
  if (!program().is_dynamic) {
    return {}; // its code has no checks: the published version need not be in a memory, which reserves 4 GiB of
               // addresses
  }
  constexpr std::uint64_t pages = reserved::control_memory_pages;
  auto control = environment.engine->make_shared_memory({{pages, pages}, true, false, 16});
  if (!control) {
    return fail(std::move(control.error()));
  }
  environment.control_memory = std::move(*control);
  return {};
}

void process_core::make_coordinator(asio::any_io_executor background)
{
  topology initial = make_topology(program().layout, environment.registry->catalog(),
                                   environment.function_table.size.maximum.value_or(environment.limits.table_elements));
  initial.resting_slots = options_.resting_slots;
  initial.module_limit = std::min(initial.module_limit, options_.library_limit.value_or(limit::modules) + 1);
  initial.group_limit = std::min(initial.group_limit, options_.thread_limit.value_or(limit::groups));
  coordinator_observer observer;
  // Of a program whose code does not read it. It lives as long as the coordinator, which has the observer.
  const auto head_without_memory = std::make_shared<std::uint64_t>(0);
  observer.keep_alive = [self = weak_from_this(), head_without_memory]() -> std::shared_ptr<void> {
    return self.lock();
  };
  observer.recorder = recorder;
  observer.watchdog = options_.watchdog;
  observer.on_long_wait = [this](group_id waiter, const linker_wait& wait, std::chrono::milliseconds waited) {
    on_long_wait(waiter, wait, waited);
  };
  statistics* const into = counts.get();
  if (into != nullptr) {
    observer.on_turn = [into] {
      count(into, &statistics::turns);
    };
  }
  observer.on_publish = [this, into](topology_version version, const operation_body& operation) {
    if (into != nullptr) {
      count_operation(*into, operation);
    }
    if (version.value % operations_between_wakes == 0) {
      wake_waiting_groups(weak_from_this(), background_); // not in this turn
    }
  };
  std::uint64_t* const head =
      environment.control_memory
          ? reinterpret_cast<std::uint64_t*>(environment.control_memory->data() + reserved::head_address)
          : head_without_memory.get();
  coordinator_ = std::make_unique<coordinator>(std::move(initial), head, std::move(background), std::move(observer));
}

void process_core::report_options_without_effect(const module_info& info) const
{
  const process_options usual;
  given_options given;
  given.stack_size = options_.memory.stack_bytes != usual.memory.stack_bytes;
  given.arena = options_.memory.arena_bytes != usual.memory.arena_bytes;
  given.maximum_memory = options_.memory.maximum_bytes.has_value();
  given.library_path = !options_.library_path.empty();
  given.watchdog = options_.watchdog.count() != 0 && options_.watchdog != usual.watchdog;
  given.has_embedders_memory = !program().is_dynamic && given_memory(info, *environment.registry) != nullptr;
  for (const std::string& line : options_without_effect(info, given)) {
    loader.log.report(no_group, line);
  }
}

process_core::~process_core() = default;

process_core& process_of(const instance_group& group)
{
  return static_cast<process_core&>(group.services());
}

void process_core::report_unimplemented(const std::string& name)
{
  {
    std::lock_guard lock(mutex_);
    if (!reported_unimplemented_.insert(name).second) {
      return;
    }
  }
  loader.log.report(no_group, fmt::format("the guest called {}, which is not implemented and answers Notsup", name));
}

void process_core::on_long_wait(group_id waiter, const linker_wait& wait, std::chrono::milliseconds waited)
{
  if (waited >= options_.watchdog && loader.log.has_reports()) {
    if (const auto group = threads.find(waiter)) {
      actor_events& events = group->events();
      const auto holder = wait.holder.load();
      events.write({.name = holder == nullptr ? 0 : events.name(holder->library),
                    .peer = holder == nullptr ? no_group : holder->group,
                    .kind = event_kind::watchdog});
    }
    loader.log.report(waiter, describe_wait(coordination(), threads, waiter, wait, waited));
  }
  // For this report, when it is the early notice, or for the next: what it holds up may be seen in its frames.
  const auto holder = wait.holder.load();
  if (const auto group = holder == nullptr ? nullptr : threads.find(holder->group)) {
    group->ask_for_frames();
  }
}

void process_core::watch_deadlines()
{
  std::lock_guard lock(mutex_);
  if (!deadline_watch_ && !outcome_) {
    look_at_deadlines_after(std::chrono::milliseconds(1));
  }
}

void process_core::look_at_deadlines_after(std::chrono::milliseconds pause)
{
  try {
    deadline_watch_.emplace(background_, pause);
  } catch (const std::system_error&) {
    return; // no descriptor is left for a timer: the next operation tries again
  }
  deadline_watch_->async_wait([weak = weak_from_this()](const asio::error_code& cancelled) {
    const auto self = weak.lock();
    if (self != nullptr && !cancelled) {
      self->look_at_deadlines();
    }
  });
}

void process_core::look_at_deadlines()
{
  static constexpr std::chrono::milliseconds shortest_pause{1};
  static constexpr std::chrono::milliseconds longest_pause{50};
  {
    std::lock_guard lock(mutex_);
    deadline_watch_.reset(); // an operation that begins from here on sets it again
  }
  const auto now = parker::clock::now();
  std::optional<parker::clock::time_point> next;
  bool is_overdue = false;
  for (const auto& group : threads.alive()) {
    const auto deadline = group->deadline.load(std::memory_order_acquire);
    if (deadline == parker::clock::time_point::max()) {
      continue;
    }
    next = std::min(next.value_or(deadline), deadline);
    if (deadline <= now) {
      is_overdue = true;
      group->interrupt(); // what waits goes on, and then is ended as what computes
    }
  }
  if (is_overdue) {
    environment.engine->increment_epoch();
  }
  std::lock_guard lock(mutex_);
  if (next && !deadline_watch_ && !outcome_) {
    look_at_deadlines_after(
        std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*next - now), shortest_pause, longest_pause));
  }
}

void process_core::watch_calls(const instance_group& group)
{
  if (options_.watchdog.count() == 0 || !loader.log.has_reports() || !calls_held_up_by(group)) {
    return;
  }
  std::lock_guard lock(mutex_);
  if (!call_watch_ && !outcome_) {
    look_at_calls_after(options_.watchdog);
  }
}

void process_core::look_at_calls_after(std::chrono::milliseconds pause)
{
  try {
    call_watch_.emplace(background_, pause);
  } catch (const std::system_error&) {
    return; // no descriptor is left for a timer: this report is left out
  }
  call_watch_->async_wait([weak = weak_from_this(), pause](const asio::error_code& cancelled) {
    const auto self = weak.lock();
    if (self != nullptr && !cancelled) {
      self->look_at_calls(pause);
    }
  });
}

void process_core::look_at_calls(std::chrono::milliseconds waited)
{
  bool is_held_up = false;
  for (const auto& group : threads.alive()) {
    if (const auto held = calls_held_up_by(*group)) {
      is_held_up = true;
      if (held->since >= options_.watchdog) {
        loader.log.report(group->id(), describe(*held, group->id()));
      }
    }
  }
  std::lock_guard lock(mutex_);
  call_watch_.reset();
  if (is_held_up && !outcome_) {
    look_at_calls_after(2 * waited);
  }
}

std::vector<std::string> process_core::library_path() const
{
  static constexpr std::string_view variable = "LD_LIBRARY_PATH=";
  for (const std::string& entry : wasi_system->env()) {
    if (entry.starts_with(variable)) {
      return split_library_path(std::string_view(entry).substr(variable.size()));
    }
  }
  return {};
}

} // namespace interlink
