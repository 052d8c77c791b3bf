// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/check_command.hh"

#include "cli/invocation.hh"
#include "cli/messages.hh"
#include "cli/needed_tree.hh"
#include "cli/program_plan.hh"
#include "engine/wasmtime_engine.hh"

#include <fmt/format.h>

#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "loader/closure_reader.hh"
#include "process/abi/guest_abi.hh"
#include "process/main_program.hh"
#include "process/option_effects.hh"
#include "process/program_entry.hh"
#include "process/static_program.hh"
#include "wasm/instrumenter.hh"

namespace interlink::cli {

namespace {

/// Every module as a load would look at it before it is compiled: the engine's rules, then the linker's.
result<void> check_modules(const needed_tree& tree)
{
  const auto engine = engine::make_wasmtime_engine({});
  if (!engine) {
    return fail(engine.error());
  }
  for (const needed_module& module : tree.modules) {
    const auto bytes = library_files::read(module.file);
    if (!bytes) {
      return fail(bytes.error());
    }
    if (const auto valid = (*engine)->validate(*bytes); !valid) {
      return fail(valid.error().with_context(module.file.path));
    }
    if (const auto instrumented = instrument(*bytes, *module.info); !instrumented) {
      return fail(instrumented.error().with_context(module.file.path));
    }
  }
  return {};
}

result<void> check_static(const needed_module& main, const memory_options& memory)
{
  if (const auto layout = plan_static_layout(*main.info, memory); !layout) {
    return fail(layout.error());
  }
  const auto plan = plan_static_program(main.info, main.file.path, *abi::make_guest_abi({})->catalog());
  return plan ? result<void>() : fail(plan.error());
}

result<void> check_entry(const module_info& main, const std::optional<std::string>& function)
{
  if (auto unfit = find_nothing_to_run(main, {!function, function.has_value()})) {
    return fail(std::move(*unfit));
  }
  const export_info* exported = function ? main.find_export(*function) : nullptr;
  if (function && (exported == nullptr || !std::holds_alternative<function_type>(exported->type))) {
    return fail(no_such_function(*function, main));
  }
  return {};
}

std::vector<std::string> guest_library_path(const run_options& options)
{
  constexpr std::string_view variable = "LD_LIBRARY_PATH=";
  for (const std::string& entry : guest_environment(options)) {
    if (entry.starts_with(variable)) {
      return split_library_path(std::string_view(entry).substr(variable.size()));
    }
  }
  return {};
}

given_options given_by(const run_options& options)
{
  given_options given;
  given.stack_size = options.memory.stack_bytes != memory_options{}.stack_bytes;
  given.maximum_memory = options.memory.maximum_bytes.has_value();
  given.library_path = !options.guest_files.library_path.empty();
  given.watchdog = options.watchdog.has_value() && options.watchdog->count() != 0;
  return given;
}

/// The number of libraries that the program needs.
result<std::size_t> check(const run_options& options, const std::string& program)
{
  auto inspected = open_for_inspection(program, options.guest_files, false);
  if (!inspected) {
    return fail(inspected.error());
  }
  auto tree = read_needed_tree(inspected->libraries, std::move(inspected->file), guest_library_path(options));
  if (!tree) {
    return fail(tree.error().with_context(program));
  }
  needed_module& main = tree->modules.front();
  if (!main.info->dylink) {
    main.file.path = program; // as `run` names a program that has no libraries to tell from
  }
  if (auto entry = check_entry(*main.info, options.function); !entry) {
    return fail(entry.error());
  }
  if (const auto failures = tree->failures(); !failures.empty()) {
    return fail(combine(failures));
  }
  if (main.info->dylink) {
    if (const auto plan = describe_program_plan(*tree, options.memory); !plan) {
      return fail(plan.error());
    }
  } else if (auto linked = check_static(main, options.memory); !linked) {
    return fail(linked.error());
  }
  if (auto checked = check_modules(*tree); !checked) {
    return fail(checked.error());
  }
  for (const std::string& line : options_without_effect(*main.info, given_by(options))) {
    print_line("interlink: " + line);
  }
  return tree->modules.size() - 1;
}

} // namespace

int check_program(const run_options& options, const std::string& program)
{
  const auto libraries = check(options, program);
  if (!libraries) {
    print_failure(program, libraries.error());
    const bool is_usage = libraries.error().code() == errc::invalid_argument;
    return is_usage ? exit_wrong_usage : static_cast<int>(exit_code_of_load_failure);
  }
  print_result(fmt::format("{}: can be linked{}\n", program,
                           *libraries == 0   ? std::string()
                           : *libraries == 1 ? std::string(", with 1 library")
                                             : fmt::format(", with {} libraries", *libraries)));
  return 0;
}

} // namespace interlink::cli
