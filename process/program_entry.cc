// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/program_entry.hh"

#include <algorithm>
#include <utility>

namespace interlink {

std::vector<entry_name> entries_of(const entry_options& options)
{
  std::vector<entry_name> names;
  if (options.runs_command) {
    names.push_back({"_start", true});
  }
  names.push_back({"_initialize", false});
  if (options.serves_calls) {
    names.push_back({"__wasm_call_ctors", false});
  }
  return names;
}

std::optional<error> find_nothing_to_run(const module_info& main, const entry_options& options)
{
  const bool has_entry = std::ranges::any_of(
      entries_of(options), [&](const entry_name& entry) { return main.find_export(entry.name) != nullptr; });
  // A static program's start function is its entry as well; a dynamic one's is an initialiser of the linker's.
  const bool has_start = !main.dylink && main.start_function.has_value();
  if (has_entry || has_start || options.serves_calls) {
    return std::nullopt;
  }
  error_detail detail;
  detail.message = "there is nothing to run: it exports neither _start nor _initialize";
  const bool is_object = std::ranges::any_of(main.imports, [](const import_info& import) {
    return import.module_name == "env" && import.name == "__linear_memory"; // as the compiler names it before the link
  });
  if (is_object) {
    detail.message = "there is nothing to run: it is an object file, which is not linked yet";
    detail.remedy = "link it with wasm-ld, or with the compiler";
    return error(errc::unsupported_module, std::move(detail));
  }
  detail.remedy = main.dylink
                      ? "a library is opened by a program that runs; interlink run --invoke NAME calls one of its "
                        "functions"
                      : "a program exports _start (link it without --no-entry); interlink run --invoke NAME calls "
                        "one of the module's functions";
  return error(errc::unsupported_module, std::move(detail));
}

} // namespace interlink
