// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What instrumenting adds to a module (the control memory, the runtime table, types, a global) is out of a guest's
// reach: by name, and by an index that is valid only after it was added. The original is validated first.
#include "tests/scenarios/hostile/hostile_run.hh"

#include "wasm/reserved_names.hh"

namespace interlink {
namespace {

using namespace test;
using support::wasm_builder;
using support::wasm_code;

using support::none_to_none;

TEST(ReservedNames, AreRefusedAsImports)
{
  const auto imports = [](auto add) {
    wasm_builder module = make_library();
    add(module);
    return content_of(module);
  };
  const std::string reserved(reserved::module_name);
  EXPECT_TRUE(all_are_refused({
      {"control.so",
       imports(
           [&](wasm_builder& m) { m.import_memory(reserved, reserved::control_memory, {{1, 1}, true, false, 16}); }),
       {"interlink", "control"}},
      {"runtime_table.so",
       imports([&](wasm_builder& m) {
         m.import_table(reserved, reserved::runtime_table, {wasm::funcref, {16, 16}, false});
       }),
       {"interlink", "runtime_table"}},
      {"function_table.so",
       imports([&](wasm_builder& m) {
         m.import_table(reserved, reserved::function_table, {wasm::funcref, {1, std::nullopt}, false});
       }),
       {"interlink", "function_table"}},
      {"module_number.so",
       imports([&](wasm_builder& m) { m.import_global(reserved, reserved::thunk_module_id, {wasm::i32, false}); }),
       {"interlink", "module"}},
      {"function.so",
       imports([&](wasm_builder& m) { m.import_function(reserved, "catch_up", none_to_none); }),
       {"interlink", "catch_up"}},
      // Not reserved, but nobody has them: thunk modules alone are given such imports.
      {"slot.so", imports([&](wasm_builder& m) { m.import_global("slot", "0", {wasm::i32, true}); }), {"slot"}},
  }));
}

TEST(ReservedNames, AreRefusedAsExports)
{
  std::vector<named_content> files;
  for (const std::string name : {"interlink.applied", "interlink.start", "interlink.", "interlink.anything"}) {
    wasm_builder function = make_library();
    function.function(none_to_none, {}, name);
    files.push_back({"function" + std::to_string(files.size()) + ".so", content_of(function), {name}});
    wasm_builder global = make_library();
    global.global({wasm::i32, true}, wasm_code().i32_const(0), name);
    files.push_back({"global" + std::to_string(files.size()) + ".so", content_of(global), {name}});
  }
  EXPECT_TRUE(all_are_refused(files));
}

TEST(ReservedNames, AreRefusedInAProgramToo)
{
  const scratch_directory scratch;
  wasm_builder module = make_library();
  module.import_memory(reserved::module_name, reserved::control_memory, {{1, 1}, true, false, 16});
  module.function(none_to_none, {}, "_start");
  scratch.write("program.wasm", content_of(module));
  const command_result run = run_command({"run", scratch / "program.wasm"}, {});
  EXPECT_TRUE(is_in_order(run));
  EXPECT_TRUE(ends_with(run, 127));
  EXPECT_TRUE(run.err.contains("program.wasm") && run.err.contains("control")) << run.err;
}

/// One function with this code, in a library with one memory, one table, two globals, and one type besides the given.
named_content with_code(const std::string& name, const wasm_code& code)
{
  wasm_builder module = make_library();
  module.function(none_to_none, code, "reaches");
  return {name, content_of(module), {"offset"}};
}

TEST(IndicesThatInstrumentingAdds, AreRefusedInTheOriginal)
{
  constexpr unsigned second = 1;
  EXPECT_TRUE(all_are_refused({
      // i32.const 0; i32.atomic.load of memory 1; drop
      with_code("loads_control.so", wasm_code().i32_const(0).raw({0xfe, 0x10, 0x42, second, 0x00}).drop()),
      // i32.const 0; i32.const 0; i32.store of memory 1
      with_code("stores_control.so", wasm_code().i32_const(0).i32_const(0).raw({0x36, 0x42, second, 0x00})),
      with_code("grows_control.so", wasm_code().i32_const(1).raw({0x40, second}).drop()),
      with_code("calls_runtime.so", wasm_code().i32_const(0).call_indirect(0, second)),
      with_code("returns_into_runtime.so", wasm_code().i32_const(0).return_call_indirect(0, second)),
      with_code("reads_runtime.so", wasm_code().i32_const(0).table_get(second).drop()),
      with_code("sets_runtime.so", wasm_code().i32_const(0).raw({0xd0, 0x70, 0x26, second})),
      with_code("sets_applied.so", wasm_code().i32_const(-1).global_set(2)),
      with_code("reads_applied.so", wasm_code().global_get(2).drop()),
      with_code("uses_added_type.so", wasm_code().i32_const(0).call_indirect(1)),
      with_code("uses_block_type.so", wasm_code().raw({0x02, 0x01, 0x0b})),
  }));
}

TEST(IndicesThatInstrumentingAdds, AreRefusedOutsideOfCodeToo)
{
  wasm_builder exports_memory = make_library();
  exports_memory.export_entry("control", extern_kind::memory, 1);
  wasm_builder exports_table = make_library();
  exports_table.export_entry("runtime", extern_kind::table, 1);
  wasm_builder exports_global = make_library();
  exports_global.export_entry("applied", extern_kind::global, 2);
  dylink_info one_slot;
  one_slot.table_size = 1;
  wasm_builder writes_runtime = make_library(one_slot);
  writes_runtime.function(none_to_none, {}, "f");
  writes_runtime.elements(wasm_code().i32_const(0), {0}, 1);
  EXPECT_TRUE(all_are_refused({
      {"exports_memory.so", content_of(exports_memory), {}},
      {"exports_table.so", content_of(exports_table), {}},
      {"exports_global.so", content_of(exports_global), {}},
      {"writes_runtime.so", content_of(writes_runtime), {}},
  }));
}

} // namespace
} // namespace interlink
