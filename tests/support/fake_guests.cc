// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/fake_guests.hh"

#include "tests/support/wasm_builder.hh"

namespace interlink::support {

namespace {

const function_type returns_int{{}, {wasm::i32}};
const function_type takes_int{{wasm::i32}, {}};
const function_type int_to_int{{wasm::i32}, {wasm::i32}};
const function_type takes_two{{wasm::i32, wasm::i32}, {}};

constexpr std::uint32_t tls_bytes = 16;
constexpr std::uint32_t relocated_word = 4;
constexpr std::uint32_t relocation_target = 8;
constexpr std::uint32_t started_word = 12;

wasm_code load_word()
{
  return std::move(wasm_code().raw({0x28, 2, 0}));
}

/// Imports and bases that every module here has, by index.
struct common_imports {
  std::uint32_t memory_base{};
  std::uint32_t table_base{};
  std::uint32_t event{};
  std::uint32_t index{};
};

common_imports import_common(wasm_builder& module, std::uint32_t maximum_pages)
{
  module.import_memory("env", "memory", {{1, maximum_pages}, true, false, 16});
  module.import_table("env", "__indirect_function_table", {wasm::funcref, {0, std::nullopt}, false});
  common_imports made;
  made.memory_base = module.import_global("env", "__memory_base", {wasm::i32, false});
  made.table_base = module.import_global("env", "__table_base", {wasm::i32, false});
  made.event = module.import_function("test", "event", takes_two);
  made.index = module.import_function("test", "index", returns_int);
  return made;
}

std::uint32_t constant_global(wasm_builder& module, std::string_view name, std::int32_t value)
{
  return module.global({wasm::i32, false}, wasm_code().i32_const(value), name);
}

/// `__wasm_init_tls` and what reads the word back.
void add_tls(wasm_builder& module, std::uint32_t number)
{
  const auto base = module.global({wasm::i32, true}, wasm_code().i32_const(0), "__tls_base");
  constant_global(module, "__tls_size", tls_bytes);
  constant_global(module, "__tls_align", tls_bytes);
  module.function(takes_int,
                  wasm_code()
                      .local_get(0)
                      .global_set(base)
                      .local_get(0)
                      .i32_const(static_cast<std::int32_t>(tls_word_of(number)))
                      .raw({0x36, 2, 0}),
                  "__wasm_init_tls");
  module.function(returns_int, wasm_code().global_get(base).append(load_word()), "tls" + std::to_string(number));
}

std::vector<std::uint32_t> add_own_functions(wasm_builder& module, const library_shape& shape)
{
  std::vector<std::uint32_t> made;
  for (std::uint32_t k = 0; k < shape.functions; ++k) {
    const auto value = static_cast<std::int32_t>(shape.number * 1000 + k);
    made.push_back(module.function(returns_int, wasm_code().i32_const(value), function_name{shape.number, k}.text()));
  }
  return made;
}

std::vector<std::uint32_t> import_shared(wasm_builder& module, const std::vector<std::uint32_t>& uses)
{
  std::vector<std::uint32_t> made;
  for (const std::uint32_t shared : uses) {
    made.push_back(module.import_function("env", "shared_" + std::to_string(shared), returns_int));
  }
  return made;
}

void add_uses(wasm_builder& module, const std::vector<std::uint32_t>& imported, std::uint32_t number)
{
  for (std::size_t j = 0; j < imported.size(); ++j) {
    module.function(returns_int, wasm_code().call(imported[j]),
                    "use" + std::to_string(number) + "_" + std::to_string(j));
  }
}

/// What a library imports weakly, by index.
struct weak_import {
  std::uint32_t function{};
  std::uint32_t address{};
  std::uint32_t datum{};
};

std::vector<std::uint32_t> import_weak_functions(wasm_builder& module, const std::vector<std::uint32_t>& weak)
{
  std::vector<std::uint32_t> made;
  for (const std::uint32_t each : weak) {
    const std::string name = "maybe_" + std::to_string(each);
    made.push_back(module.import_function("env", name, returns_int));
    module.dylink_import_flags("env", name, symbol_flag::binding_weak | symbol_flag::undefined);
  }
  return made;
}

std::vector<weak_import> import_weak_addresses(wasm_builder& module, const std::vector<std::uint32_t>& weak,
                                               const std::vector<std::uint32_t>& functions)
{
  std::vector<weak_import> made;
  for (std::size_t i = 0; i < weak.size(); ++i) {
    const std::string function = "maybe_" + std::to_string(weak[i]);
    const std::string datum = "datum_" + std::to_string(weak[i]);
    made.push_back({functions[i], module.import_global("GOT.func", function, {wasm::i32, true}),
                    module.import_global("GOT.mem", datum, {wasm::i32, true})});
    module.dylink_import_flags("GOT.func", function, symbol_flag::binding_weak | symbol_flag::undefined);
    module.dylink_import_flags("GOT.mem", datum, symbol_flag::binding_weak | symbol_flag::undefined);
  }
  return made;
}

void add_weak(wasm_builder& module, const std::vector<weak_import>& imports, const std::string& number)
{
  constexpr std::uint32_t op_if = 0x04;
  constexpr std::uint32_t op_end = 0x0b;
  constexpr std::uint32_t local_set = 0x21;
  for (std::size_t j = 0; j < imports.size(); ++j) {
    const auto& [function, address, datum] = imports[j];
    const std::string suffix = number + "_" + std::to_string(j);
    module.function(returns_int, wasm_code().global_get(address), "ask" + suffix);
    module.function(
        returns_int,
        wasm_code().global_get(address).raw({op_if, 0x40}).call(function).raw({local_set, 0, op_end}).local_get(0),
        "try" + suffix, {wasm::i32});
    module.function(returns_int, wasm_code().call(function), "risk" + suffix);
    module.function(returns_int, wasm_code().global_get(datum), "see" + suffix);
  }
}

void add_offers(wasm_builder& module, const library_shape& shape)
{
  for (const std::uint32_t offered : shape.offers) {
    const std::string suffix = std::to_string(offered);
    const auto value = static_cast<std::int32_t>(maybe_value_of(shape.number, offered));
    module.function(returns_int, wasm_code().i32_const(value), "maybe_" + suffix);
    constant_global(module, "datum_" + suffix, static_cast<std::int32_t>(weak_data_offset(offered)));
  }
}

/// Computes while the word keeps the value and turns are left, then calls through it.
wasm_code spin_and_call(std::uint32_t type)
{
  constexpr std::uint32_t loop = 0x03;
  constexpr std::uint32_t br_if = 0x0d;
  constexpr std::uint32_t op_end = 0x0b;
  constexpr std::uint32_t local_tee = 0x22;
  constexpr std::uint32_t i32_eq = 0x46;
  constexpr std::uint32_t i32_sub = 0x6b;
  constexpr std::uint32_t i32_mul = 0x6c;
  wasm_code code;
  code.raw({loop, 0x40}).local_get(2).i32_const(1).raw({i32_sub, local_tee, 2});
  code.local_get(0).append(load_word()).local_get(1).raw({i32_eq, i32_mul, br_if, 0, op_end});
  code.local_get(0).append(load_word()).call_indirect(type);
  return code;
}

void add_start(wasm_builder& module, const library_shape& shape, const common_imports& imports)
{
  if (shape.start == start_shape::none) {
    return;
  }
  const auto number = static_cast<std::int32_t>(shape.number);
  wasm_code write;
  write.global_get(imports.memory_base).i32_const(number).raw({0x36, 2, started_word});
  wasm_code code;
  code.append(write);
  if (shape.start == start_shape::traps) {
    code.unreachable();
  }
  if (shape.start == start_shape::open) {
    constexpr std::uint32_t local_tee = 0x22;
    constexpr std::uint32_t op_if = 0x04;
    constexpr std::uint32_t op_end = 0x0b;
    code.i32_const(event_open_start).i32_const(number).call(imports.event);
    code.call(imports.index).raw({local_tee, 0, op_if, 0x40}).i32_const(event_called).local_get(0);
    code.call_indirect(module.type(returns_int)).call(imports.event).raw({op_end}).append(write);
  }
  module.start(module.function({}, code, {}, {wasm::i32}));
}

void add_constructor(wasm_builder& module, const library_shape& shape, const common_imports& imports)
{
  module.function({},
                  wasm_code()
                      .global_get(imports.memory_base)
                      .i32_const(1)
                      .prefixed(0xfe, 0x1e, {2, 0})
                      .drop()
                      .i32_const(event_constructor)
                      .i32_const(static_cast<std::int32_t>(shape.number))
                      .call(imports.event),
                  "__wasm_call_ctors");
}

void add_relocations(wasm_builder& module, const library_shape& shape, const common_imports& imports)
{
  wasm_code code;
  code.global_get(imports.memory_base)
      .global_get(imports.memory_base)
      .i32_const(relocation_target)
      .i32_add()
      .raw({0x36, 2, relocated_word});
  if (shape.relocations_trap) {
    code.unreachable();
  }
  module.function({}, code, "__wasm_apply_data_relocs");
}

} // namespace

std::vector<std::byte> make_library(const library_shape& shape)
{
  wasm_builder module;
  module.dylink({.memory_size = shape.data_bytes,
                 .memory_alignment_log2 = 4,
                 .table_size = shape.functions_in_table,
                 .table_alignment_log2 = 0,
                 .needed = shape.needed,
                 .runtime_path = {}});
  const common_imports imports = import_common(module, 65'536);
  std::vector<std::uint32_t> callees;
  for (const function_name& callee : shape.calls) {
    callees.push_back(module.import_function("env", callee.text(), returns_int));
  }
  const auto shared = import_shared(module, shape.uses);
  const auto weak_functions = import_weak_functions(module, shape.weak);
  std::vector<std::uint32_t> addresses;
  for (const function_name& target : shape.addresses) {
    addresses.push_back(module.import_global("GOT.func", target.text(), {wasm::i32, true}));
  }
  const auto weak = import_weak_addresses(module, shape.weak, weak_functions);
  auto own = add_own_functions(module, shape);
  const std::string number = std::to_string(shape.number);
  for (std::size_t j = 0; j < callees.size(); ++j) {
    module.function(returns_int, wasm_code().call(callees[j]), "call" + number + "_" + std::to_string(j));
  }
  for (std::size_t j = 0; j < addresses.size(); ++j) {
    module.function(returns_int, wasm_code().global_get(addresses[j]), "got" + number + "_" + std::to_string(j));
  }
  for (const std::uint32_t defined : shape.defines) {
    const auto value = static_cast<std::int32_t>(shared_value_of(shape.number, defined));
    module.function(returns_int, wasm_code().i32_const(value), "shared_" + std::to_string(defined));
  }
  add_uses(module, shared, shape.number);
  module.function({{wasm::i32, wasm::i32, wasm::i32}, {}},
                  wasm_code()
                      .local_get(1)
                      .local_get(2)
                      .i32_const(static_cast<std::int32_t>(backing_value_of(shape.number, 0)))
                      .i32_add()
                      .raw({0x36, 2, 0}),
                  "back" + number);
  add_weak(module, weak, number);
  add_offers(module, shape);
  if (shape.data_bytes > 0) {
    module.function(int_to_int, wasm_code().global_get(imports.memory_base).local_get(0).i32_add().append(load_word()),
                    "data" + number);
    add_relocations(module, shape, imports);
  }
  if (shape.has_constructor) {
    add_constructor(module, shape, imports);
  }
  if (shape.has_tls) {
    add_tls(module, shape.number);
  }
  add_start(module, shape, imports);
  own.resize(shape.functions_in_table);
  if (!own.empty()) {
    module.elements(wasm_code().global_get(imports.table_base), own);
  }
  return module.build();
}

std::vector<std::byte> make_main(const main_shape& shape)
{
  wasm_builder module;
  module.dylink({.memory_size = shelf_words * 4,
                 .memory_alignment_log2 = 4,
                 .table_size = 0,
                 .table_alignment_log2 = 0,
                 .needed = shape.needed,
                 .runtime_path = {}});
  import_common(module, shape.maximum_pages);
  module.import_global("env", "__stack_pointer", {wasm::i32, true});
  const auto thread = module.import_function("test", "thread", takes_two);
  const auto allocate = module.import_function("test", "allocate", {{wasm::i32, wasm::i32}, {wasm::i32}});
  std::vector<std::uint32_t> callees;
  for (const function_name& callee : shape.calls) {
    callees.push_back(module.import_function("env", callee.text(), returns_int));
  }
  const auto shared = import_shared(module, shape.uses);
  const auto type = module.type(returns_int);
  add_uses(module, shared, 0);
  module.function(int_to_int, wasm_code().local_get(0).append(load_word()).call_indirect(type), "call_at");
  module.function(int_to_int, wasm_code().local_get(0).call_indirect(type), "call_slot");
  module.function({{wasm::i32, wasm::i32, wasm::i32}, {wasm::i32}}, spin_and_call(type), "spin_at");
  module.function(int_to_int, wasm_code().local_get(0).append(load_word()), "load");
  module.function(takes_two, wasm_code().local_get(0).local_get(1).raw({0x36, 2, 0}), "store");
  module.function({{wasm::i32, wasm::i32, wasm::i64}, {wasm::i32}},
                  wasm_code().local_get(0).local_get(1).local_get(2).prefixed(0xfe, 0x01, {2, 0}), "wait");
  module.function({{wasm::i32, wasm::i32}, {wasm::i32}},
                  wasm_code().local_get(0).local_get(1).prefixed(0xfe, 0x00, {2, 0}), "notify");
  module.function({}, wasm_code().unreachable(), "trap");
  module.function(returns_int, wasm_code().i32_const(0), "f0_0");
  for (std::size_t j = 0; j < callees.size(); ++j) {
    module.function(returns_int, wasm_code().call(callees[j]), "callM_" + std::to_string(j));
  }
  if (shape.has_tls) {
    add_tls(module, 0);
  }
  if (shape.allocates) {
    module.function({{wasm::i32, wasm::i32}, {wasm::i32}}, wasm_code().local_get(0).local_get(1).call(allocate),
                    "aligned_alloc");
  }
  if (shape.has_thread_start) {
    module.function(takes_two, wasm_code().local_get(0).local_get(1).call(thread), "wasi_thread_start");
  }
  return module.build();
}

} // namespace interlink::support
