// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of absurd length, with NUL bytes, not UTF-8: of libraries, symbols, search paths and files, given by a running
// program; and of imports and exports in a module.
#include "tests/scenarios/hostile/hostile_run.hh"

namespace interlink {
namespace {

using namespace test;
using support::wasm_builder;
using support::wasm_code;

const function_type gives_number{{}, {wasm::i32}};

TEST(AbsurdNames, AreRefusedWhereverTheyAreGiven)
{
  const scratch_directory scratch;
  scratch.copy_guest("libplain.so", "libplain.so");
  const command_result run = run_guest("asks_with_absurd_names", {.options = {"--dir", scratch.path() + "::."}});
  EXPECT_TRUE(succeeds_saying(run, {}));
}

TEST(AbsurdNames, InExportsAreNamesLikeOthersUpToTheLimit)
{
  const scratch_directory scratch;
  const std::string longest(100'000, 's');
  wasm_builder module = make_library();
  const auto add = [&](std::int32_t value, const std::string& name) {
    module.function(gives_number, wasm_code().i32_const(value), name);
  };
  add(1, longest);
  add(2, std::string("nul\0here", 8));
  add(3, "which");
  const auto empty = module.function(gives_number, wasm_code().i32_const(4));
  module.export_entry("", extern_kind::function, empty);
  add(5, "line\nfeed\x1b[31m");
  scratch.write("lib.so", content_of(module));
  command_options options;
  options.options = {"--dir", scratch.path() + "::."};
  options.script = {{.write = "open ./lib.so\ncall which\nend\n"}};
  EXPECT_TRUE(succeeds_saying(run_guest("obeys", options), {"2: result 3\n"}));
}

TEST(AbsurdNames, OfMissingSymbolsAreReported)
{
  const auto importing = [](const std::string& module_name, const std::string& name) {
    wasm_builder module = make_library();
    module.import_function(module_name, name, gives_number);
    return content_of(module);
  };
  const std::string longest(100'000, 's');
  const std::string beyond(100'001, 's');
  EXPECT_TRUE(all_are_refused({
      {"long.so", importing("env", longest), {"sssss"}},
      {"long_module.so", importing(longest, "f"), {"sssss"}},
      {"too_long.so", importing("env", beyond), {"100001", "100000"}},
      {"too_long_module.so", importing(beyond, "f"), {"100001", "100000"}},
      {"nul.so", importing("env", std::string("a\0b", 3)), {}},
      {"empty.so", importing("env", ""), {}},
      {"empty_module.so", importing("", ""), {}},
      {"got.so", importing("GOT.mem", "address"), {}},
      {"not_utf8.so", importing("env", "a\xff"), {"UTF-8"}},
  }));
}

TEST(AbsurdNames, InAProgramsFileNameAreReported)
{
  for (const std::string& name :
       {std::string(5'000, 'x'), std::string("\xff\xfe.wasm"), std::string("new\nline.wasm")}) {
    const command_result run = run_command({"run", name}, {});
    EXPECT_TRUE(is_in_order(run));
    EXPECT_TRUE(ends_with(run, 127));
  }
}

} // namespace
} // namespace interlink
