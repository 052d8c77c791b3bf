// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/ldd_command.hh"

#include "cli/messages.hh"
#include "cli/needed_tree.hh"
#include "cli/program_plan.hh"

#include <utility>

#include "process/option_effects.hh"

namespace interlink::cli {

namespace {

int report(const error& failure)
{
  print_line("interlink ldd: " + failure.message());
  return failure.code() == errc::invalid_argument ? exit_wrong_usage : exit_cannot_inspect;
}

/// Says why, for each entry that the tree shows as missing. Returns the exit code.
int report_failures(const needed_tree& tree)
{
  flush_results(); // so that on a terminal the tree stands above its explanations
  int code = 0;
  for (const error& failure : tree.failures()) {
    report(failure);
    code = exit_cannot_inspect;
  }
  return code;
}

int show_tree(const needed_tree& tree)
{
  if (tree.modules[0].needed.empty()) {
    print_result("    needs no libraries\n");
    return 0;
  }
  print_result(to_text(tree));
  return report_failures(tree);
}

int show_plan(const needed_tree& tree, const ldd_options& options)
{
  if (!is_main_module(*tree.modules[0].info)) {
    print_line("interlink ldd: " + options.file +
               ": --plan needs a main module, which exports _start, _initialize or aligned_alloc: where a library is "
               "placed depends on the program that opens it");
    return exit_cannot_inspect;
  }
  if (const int code = report_failures(tree); code != 0) {
    return code;
  }
  const auto text = describe_program_plan(tree, options.memory);
  if (!text) {
    return report(text.error());
  }
  print_result(*text);
  given_options given;
  given.stack_size = options.memory.stack_bytes != memory_options{}.stack_bytes;
  given.maximum_memory = options.memory.maximum_bytes.has_value();
  for (const std::string& line : options_without_effect(*tree.modules[0].info, given)) {
    print_line("interlink ldd: " + line);
  }
  return 0;
}

/// The tree, then a line for each symbol that nobody defines.
int show_undefined(const needed_tree& tree, const ldd_options& options)
{
  const int shown = show_tree(tree);
  if (shown != 0) {
    return shown;
  }
  const auto failure = find_undefined(tree, options.memory);
  if (!failure) {
    return 0;
  }
  flush_results();
  if (failure->detail().missing.empty()) {
    return report(*failure);
  }
  for (const missing_symbol& symbol : failure->detail().missing) {
    print_line("undefined symbol: " + symbol.symbol_name + " (" + symbol.module_name + ")");
  }
  return exit_cannot_inspect;
}

} // namespace

int show_needed(const ldd_options& options)
{
  auto inspected = open_for_inspection(options.file, options.guest_files);
  if (!inspected) {
    return report(inspected.error());
  }
  const auto tree = read_needed_tree(inspected->libraries, std::move(inspected->file));
  if (!tree) {
    return report(tree.error().with_context(options.file));
  }
  if (!tree->modules[0].info->dylink) {
    print_line("    not a dynamic executable");
    return exit_cannot_inspect;
  }
  if (options.undefined && !options.plan) {
    return show_undefined(*tree, options);
  }
  return options.plan ? show_plan(*tree, options) : show_tree(*tree);
}

} // namespace interlink::cli
