// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "loader/library_closer.hh"

#include "actors/schedule_point.hh"
#include "groups/instance_group.hh"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace interlink {

namespace {

using engine::value_slot;

std::vector<module_id> modules_of(const exit_handler& handler)
{
  std::vector<module_id> modules{handler.owner};
  if (handler.provider != no_module && handler.provider != handler.owner) {
    modules.push_back(handler.provider);
  }
  return modules;
}

/// A handler that this thread runs. However its scope ends, it counts as run.
class handler_run {
public:
  handler_run(const loader_services& loader, instance_group& group, handler_id id, const exit_handler& handler)
      : loader_(loader), group_(group), id_(id), handler_(handler)
  {
  }

  /// It has run. Returns the closing modules whose closer has left the rest of the close to this thread.
  std::vector<module_id> finish()
  {
    is_over_ = true;
    auto left = loader_.handlers->finish(id_);
    if (handler_.kind == registration::thread_exit) {
      group_.ask(pin_request{modules_of(handler_), true});
    }
    return left;
  }

  handler_run(const handler_run&) = delete;
  handler_run& operator=(const handler_run&) = delete;

  ~handler_run()
  {
    if (is_over_) {
      return;
    }
    // The thread or the process ends in it: what handlers are left of the modules are left out.
    if (auto left = finish(); !left.empty()) {
      group_.ask(unload_request{std::move(left)});
    }
  }

private:
  const loader_services& loader_;
  instance_group& group_;
  handler_id id_;
  exit_handler handler_;
  bool is_over_ = false;
};

error left_by_exception(const instance_group& group, const exit_handler& handler)
{
  error_detail detail;
  detail.message = "an exception left a handler that runs when a library is closed or the program ends";
  detail.module_name = group.services().name_of(handler.owner);
  detail.trap = trap_record{detail.message, {}};
  return {errc::guest_trapped, std::move(detail)};
}

/// Calls a function by its slot, after a check of the type: an engine would trap without naming it.
result<void> call_slot(instance_group& group, const exit_handler& handler, const function_type& type)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return caught_up;
  }
  const engine::function function = group.store().slot(handler.function);
  if (!engine::is_null(function) && group.store().store().type_of(function) == type) {
    std::array<value_slot, 1> values{value_slot::of_i32(handler.argument)};
    return group.call(function, std::span(values).first(type.parameters.size()));
  }
  error_detail detail;
  detail.message = "a handler that was registered for the close of a library or the end of the program is no function "
                   "of the right type";
  detail.module_name = group.services().name_of(handler.owner);
  detail.expected = to_string(extern_type(type));
  detail.found = "slot " + std::to_string(handler.function.value);
  if (!engine::is_null(function)) {
    detail.found += ", " + to_string(extern_type(group.store().store().type_of(function)));
  }
  detail.trap = trap_record{detail.message, {}};
  return fail(error(errc::guest_trapped, std::move(detail)));
}

result<void> end_close(const loader_services& loader, instance_group& group, const std::vector<module_id>& closing);

result<void> call(instance_group& group, const exit_handler& handler)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return caught_up;
  }
  const snapshot& now = group.applied();
  const bool is_there =
      now.find(handler.owner) != nullptr && (handler.provider == no_module || now.find(handler.provider) != nullptr);
  if (!is_there) {
    return {}; // its thread ended within the close, and with it the handlers that were left
  }
  const bool takes_argument = handler.kind == registration::cxa_atexit || handler.kind == registration::thread_exit;
  auto ran = call_slot(group, handler, takes_argument ? function_type{{wasm::i32}, {}} : function_type{});
  return !ran && ran.error() == errc::guest_threw ? fail(left_by_exception(group, handler)) : ran;
}

/// Pre: marked begun.
result<void> run(const loader_services& loader, instance_group& group, handler_id id, const exit_handler& handler)
{
  const event_slice slice(group.events(), {.subject = handler.owner.value, .kind = event_kind::handler});
  handler_run running(loader, group, id, handler);
  if (auto called = call(group, handler); !called) {
    return called;
  }
  const std::vector<module_id> left = running.finish();
  return left.empty() ? result<void>{} : end_close(loader, group, left);
}

result<void> run_handlers_of(const loader_services& loader, instance_group& group, module_id module)
{
  loader.log.write(log_category::libs, group.id(), "calling fini: {}", group.services().name_of(module));
  while (const auto next = loader.handlers->begin_newest_of(module)) {
    if (auto ran = run(loader, group, next->first, next->second); !ran) {
      return ran;
    }
  }
  return {};
}

/// What follows the first turn: handlers, until none of them is left, and the second turn.
result<void> end_close(const loader_services& loader, instance_group& group, const std::vector<module_id>& closing)
{
  auto may_unload = exit_handlers::retirement::run_more;
  while (may_unload == exit_handlers::retirement::run_more) {
    for (const module_id module : closing) {
      if (auto ran = run_handlers_of(loader, group, module); !ran) {
        return ran; // the leave of this group, or the end of the process, ends the close
      }
    }
    may_unload = loader.handlers->retire(closing);
  }
  if (may_unload == exit_handlers::retirement::granted) {
    for (const module_id module : closing) {
      loader.closed->add(group.services().name_of(module), pointed_types(group, module));
    }
    group.ask(unload_request{closing});
  }
  return group.catch_up_if_behind();
}

/// A function of the program's C library, if it has one of this type.
std::optional<engine::function> find_in_main(instance_group& group, std::string_view name, const function_type& type)
{
  auto found = group.store().find_function(main_module, name);
  return found && group.store().store().type_of(*found) == type ? found : std::nullopt;
}

/// Which functions of the program's C library take a registration of this kind, the best first.
std::vector<std::string_view> registrars_in_main(registration kind)
{
  switch (kind) {
  case registration::cxa_atexit:
  case registration::atexit:
    return {"__cxa_atexit"};
  case registration::quick_exit:
    return {"at_quick_exit"};
  case registration::thread_exit:
    return {"__cxa_thread_atexit_impl", "__cxa_thread_atexit"};
  }
  return {};
}

/// The program's C library gets an entry that calls the host; nothing when it cannot keep any.
result<std::optional<bool>> enter_in_main(instance_group& group, registration kind, table_index function,
                                          std::uint32_t argument, memory_address mark)
{
  const bool is_quick = kind == registration::quick_exit;
  const function_type type = type_of(is_quick ? kind : registration::cxa_atexit);
  for (const std::string_view name : registrars_in_main(kind)) {
    if (const auto registrar = find_in_main(group, name, type)) {
      std::array<value_slot, 3> values{value_slot::of_i32(function.value), value_slot::of_i32(argument),
                                       value_slot::of_i32(static_cast<std::uint32_t>(mark.value))};
      if (auto called = group.call(*registrar, std::span(values).first(type.parameters.size())); !called) {
        return fail(std::move(called.error()));
      }
      return values[0].i32() == 0;
    }
  }
  return std::nullopt;
}

/// Main's own, called through a pointer: it goes where main's direct calls go.
result<bool> register_for_main(instance_group& group, registration kind, table_index function, std::uint32_t argument,
                               memory_address mark)
{
  if (kind == registration::atexit) {
    const auto own = find_in_main(group, "atexit", type_of(kind));
    std::array<value_slot, 1> values{value_slot::of_i32(function.value)};
    if (!own) {
      return false;
    }
    auto called = group.call(*own, values);
    return called ? result<bool>(values[0].i32() == 0) : fail(std::move(called.error()));
  }
  auto entered = enter_in_main(group, kind, function, argument, mark);
  return entered ? result<bool>(entered->value_or(false)) : fail(std::move(entered.error()));
}

} // namespace

result<void> close_library(const loader_services& loader, instance_group& group, library_handle handle)
{
  const scoped_count inside(group.linker_depth);
  if (handle == main_handle) {
    return {};
  }
  const bool is_traced = group.events().has_details(); // most closes are no more than a count
  const loaded_module* library = is_traced ? group.applied().find(module_id{handle.value}) : nullptr;
  const event_slice slice(group.events(),
                          {.subject = handle.value,
                           .name = library == nullptr ? 0 : group.events().name(library->plan().name),
                           .kind = event_kind::close},
                          is_traced);
  const auto closing = give_back_handle(group, handle);
  if (!closing) {
    return fail(closing.error());
  }
  return closing->empty() ? result<void>{} : end_close(loader, group, *closing);
}

result<std::vector<module_id>> give_back_handle(instance_group& group, library_handle handle)
{
  const loaded_module* library = group.applied().find(module_id{handle.value});
  if (library != nullptr && library->opens->close_one_of_several([] { schedule_point(schedule_place::count_read); })) {
    schedule_point(schedule_place::count_changed);
    return std::vector<module_id>{};
  }
  coordinator_reply reply = group.ask(close_request{handle});
  if (auto* failure = std::get_if<error>(&reply)) {
    return fail(std::move(*failure));
  }
  return std::move(std::get<close_reply>(reply).closing);
}

result<bool> register_handler(const loader_services& loader, instance_group& group, registration kind, module_id caller,
                              table_index function, std::uint32_t argument, memory_address mark)
{
  if (auto caught_up = group.catch_up_if_behind(); !caught_up) {
    return fail(std::move(caught_up.error()));
  }
  const snapshot& now = group.applied();
  exit_handler handler{kind, function, argument, caller, no_module, group.id()};
  if (mark.value != 0) {
    handler.owner = module_with_data(now, mark).value_or(caller);
  }
  handler.provider = module_with_slot(now, function).value_or(no_module);
  if (handler.owner == main_module && (handler.provider == main_module || handler.provider == no_module)) {
    return register_for_main(group, kind, function, argument, mark);
  }
  const bool is_quick = kind == registration::quick_exit;
  const import_info& runner = is_quick ? quick_exit_handler_runner() : exit_handler_runner();
  const table_index slot = slot_of_host(now, runner.module_name, runner.name, runner.type);
  const bool is_of_thread = kind == registration::thread_exit;
  if (is_of_thread && std::holds_alternative<error>(group.ask(pin_request{modules_of(handler)}))) {
    return false;
  }
  const handler_id id = loader.handlers->add(handler);
  auto entered = enter_in_main(group, kind, slot, id.value, {});
  // A program without a list of its own: handlers run when their library is closed, and for threads not at all.
  const bool is_kept = entered && entered->value_or(!is_of_thread);
  if (!is_kept) {
    loader.handlers->remove(id);
    if (is_of_thread) {
      group.ask(pin_request{modules_of(handler), true});
    }
  }
  return entered ? result<bool>(is_kept) : fail(std::move(entered.error()));
}

result<void> run_handler(const loader_services& loader, instance_group& group, handler_id id)
{
  const auto handler = loader.handlers->begin(id);
  return handler ? run(loader, group, id, *handler) : result<void>{};
}

result<void> run_next_quick_handler(const loader_services& loader, instance_group& group)
{
  const auto next = loader.handlers->begin_next_quick();
  return next ? run(loader, group, next->first, next->second) : result<void>{};
}

} // namespace interlink
