// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/main_program.hh"

#include "groups/instance_group.hh"
#include "messages/guest_end.hh"

#include <utility>

#include "loader/library_loader.hh"
#include "process/abi/blocking.hh"
#include "process/process_core.hh"
#include "process/program_entry.hh"

namespace interlink {

namespace {

struct program_entry {
  std::optional<engine::function> entry; ///< `_start` of a command, `_initialize` of a reactor that has one
  bool is_command{};
};

result<program_entry> load(instance_group& group)
{
  if (process_of(group).program().is_dynamic) {
    if (auto loaded = load_program(process_of(group).loader, group, process_of(group).library_path()); !loaded) {
      return fail(std::move(loaded.error()));
    }
  }
  if (auto caught_up = group.catch_up(); !caught_up) {
    return fail(std::move(caught_up.error()));
  }
  const process_options& options = process_of(group).options();
  for (const auto& [name, is_command] : entries_of({options.runs_command, options.serves_calls})) {
    if (const auto entry = group.store().find_function(main_module, name)) {
      if (const function_type type = group.store().store().type_of(*entry); type != function_type{}) {
        return fail(errc::symbol_type_mismatch,
                    std::string(name) + " has type " + to_string(type) + ", expected (func)");
      }
      return program_entry{entry, is_command};
    }
  }
  return program_entry{};
}

} // namespace

result<void> run_program(instance_group& group, std::move_only_function<void(result<void>)> on_ready)
{
  process_core& process = process_of(group);
  const auto start = load(group);
  if (!start) {
    on_ready(fail(start.error()));
    if (!unwinds_guest(start.error().code())) {
      process.end(process_outcome{exit_code_of_load_failure, start.error()});
    }
    return fail(start.error());
  }
  if (start->is_command) {
    on_ready({});
    if (auto ran = group.call(*start->entry, {}); !ran) {
      return ran;
    }
    process.end(process_outcome{0, std::nullopt}); // as returning from C's main ends the process, other threads or not
    return {};
  }
  const result<void> initialised = start->entry ? group.call(*start->entry, {}) : result<void>{};
  on_ready(initialised);
  if (initialised && !process.options().serves_calls) {
    process.end(process_outcome{0, std::nullopt});
    return {};
  }
  return initialised ? serve_calls(group) : initialised;
}

result<void> serve_calls(instance_group& group)
{
  while (true) {
    auto call = [&group] {
      const abi::blocking_call blocking(group, "interlink_host.serve");
      return group.calls.take();
    }();
    if (!call) {
      return {};
    }
    (*call)(&group);
    if (group.unwinding) {
      return fail(*group.unwinding);
    }
    if (process_of(group).has_ended()) {
      return fail(errc::stopping, "the process is ending");
    }
  }
}

} // namespace interlink
