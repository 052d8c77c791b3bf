// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/nm_command.hh"

#include "cli/data_extent.hh"
#include "cli/messages.hh"
#include "cli/symbol_list.hh"
#include "groups/library_files.hh"

#include <utility>

#include "wasm/module_reader.hh"

namespace interlink::cli {

namespace {

result<std::vector<listed_symbol>> read_symbols(const std::string& path)
{
  auto file = library_files::open_host_file(path);
  if (!file) {
    return fail(std::move(file.error()));
  }
  const auto bytes = library_files::read(*file);
  if (!bytes) {
    return fail(bytes.error());
  }
  const auto info = read_module(*bytes);
  if (!info) {
    return fail(info.error().with_context(path));
  }
  return list_symbols(*info, find_data_end(*bytes));
}

} // namespace

CLI::App* add_nm_command(CLI::App& app, nm_options& options)
{
  CLI::App* command = app.add_subcommand("nm", "List the symbols of modules");
  command->add_option("FILE", options.files, "Modules to read")->required();
  CLI::Option* undefined = command->add_flag("-u,--undefined-only", options.undefined_only, "Only undefined symbols");
  command->add_flag("--defined-only", options.defined_only, "Only defined symbols")->excludes(undefined);
  command->add_flag("-D,--dynamic", options.dynamic, "Accepted and ignored: every symbol of a module is a dynamic one");
  command->footer(
      "Each line has a value, a letter and a name, sorted by name:\n"
      "  T  function; the value is its index in the module\n"
      "  D  data; the value is the offset from the module's memory base (the address, in a module at fixed addresses)\n"
      "  B  data that are zero at first; the value is the same\n"
      "  W  weak function          V  weak datum          A  a number that is no address\n"
      "  U  undefined              w  undefined and weak: absent, it is 0\n"
      "[tls] marks a thread-local symbol, whose value is the offset in the module's TLS block; [tag] an exception "
      "tag.\n"
      "An import from another place than env and the GOT is listed as module.name.");
  return command;
}

int list_symbols_of_files(const nm_options& options)
{
  int code = 0;
  for (const std::string& path : options.files) {
    const auto symbols = read_symbols(path);
    if (!symbols) {
      print_line("interlink nm: " + symbols.error().message());
      code = exit_cannot_inspect;
      continue;
    }
    std::string text = options.files.size() > 1 ? "\n" + path + ":\n" : std::string();
    if (symbols->empty()) {
      print_line("interlink nm: " + path + ": no symbols");
    }
    for (const listed_symbol& symbol : *symbols) {
      const bool is_hidden = symbol.is_undefined() ? options.defined_only : options.undefined_only;
      text += is_hidden ? std::string() : to_text(symbol) + "\n";
    }
    print_result(text);
  }
  return code;
}

} // namespace interlink::cli
