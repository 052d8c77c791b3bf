// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/nm_command.hh"

#include "cli/data_extent.hh"
#include "cli/messages.hh"
#include "cli/symbol_list.hh"

#include <utility>

#include "loader/library_files.hh"
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
