// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/scenarios/hostile/hostile_run.hh"

#include <array>
#include <string_view>

namespace interlink::test {

namespace {

/// Each is a way in which the command would report a mistake of its own.
constexpr std::array<std::string_view, 6> own_mistakes{"internal error", "terminate called", "Sanitizer",
                                                       "runtime error:", "panicked",         "corrupted"};

testing::AssertionResult has_words(const std::string& text, const std::vector<std::string>& words)
{
  for (const std::string& word : words) {
    if (!text.contains(word)) {
      return testing::AssertionFailure() << "no '" << word << "' in\n" << text;
    }
  }
  return testing::AssertionSuccess();
}

/// The line that the program printed about this file.
std::string line_about(const command_result& run, const std::string& file)
{
  const std::string start = "./" + file + ": ";
  const auto at = run.out.find(start);
  return at == std::string::npos ? std::string() : run.out.substr(at, run.out.find("\n./", at) - at);
}

} // namespace

testing::AssertionResult is_in_order(const command_result& run)
{
  for (const std::string_view mistake : own_mistakes) {
    if (run.err.contains(mistake)) {
      return testing::AssertionFailure() << "'" << mistake << "' in\n" << run.err;
    }
  }
  const bool says_why = run.exit_code != trap_exit_code || run.err.contains("interlink: ");
  return !run.was_killed && says_why ? ends_with(run, run.exit_code) : ends_with(run, 0);
}

testing::AssertionResult traps_saying(const command_result& run, const std::vector<std::string>& words)
{
  if (auto ended = is_in_order(run); !ended) {
    return ended;
  }
  if (auto trapped = ends_with(run, trap_exit_code); !trapped) {
    return trapped;
  }
  return has_words(run.err, words);
}

testing::AssertionResult succeeds_saying(const command_result& run, const std::vector<std::string>& words)
{
  if (auto ended = is_in_order(run); !ended) {
    return ended;
  }
  if (auto succeeded = succeeds(run); !succeeded) {
    return succeeded;
  }
  return has_words(run.out, words);
}

testing::AssertionResult all_are_refused(const std::vector<named_content>& files)
{
  const scratch_directory scratch;
  scratch.copy_guest("libplain.so", "libplain.so");
  command_options options;
  options.options = {"--dir", scratch.path() + "::."};
  options.arguments = {"-n", "3"};
  for (const named_content& file : files) {
    scratch.write(file.name, file.content);
    options.arguments.push_back("./" + file.name);
  }
  const command_result run = run_guest("fails_to_open", options);
  if (auto went_on = succeeds_saying(run, {}); !went_on) {
    return went_on;
  }
  for (const named_content& file : files) {
    const std::string line = line_about(run, file.name);
    if (!line.contains(file.name)) {
      return testing::AssertionFailure() << "nothing about " << file.name << " in\n" << run.out;
    }
    if (auto said = has_words(line, file.words); !said) {
      return said;
    }
  }
  return testing::AssertionSuccess();
}

std::string content_of(const support::wasm_builder& module)
{
  const std::vector<std::byte> bytes = module.build();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

support::wasm_builder make_library(const dylink_info& info)
{
  support::wasm_builder module;
  module.dylink(info);
  module.side_module_imports();
  return module;
}

std::string library_number(std::int32_t number)
{
  support::wasm_builder module = make_library();
  module.function({{}, {wasm::i32}}, support::wasm_code().i32_const(number), "which");
  return content_of(module);
}

} // namespace interlink::test
