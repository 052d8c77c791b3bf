// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/fuzz/module_run.hh"

#include "tests/fuzz/provider_module.hh"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <utility>

#include "process/abi/atomic_access.hh"
#include "wasm/reserved_names.hh"

namespace interlink::fuzz {

namespace {

using engine::extern_value;
using engine::value_slot;

constexpr std::chrono::milliseconds longest_run{250};
constexpr std::size_t most_calls = 24;
constexpr std::uint64_t most_pages = 64; ///< that a module may want at once

bool is_reference(const value_type& type)
{
  return type.code == 0x63 || type.code == 0x64;
}

/// Numbers as bits, NaNs as one; of references only whether they are null.
std::string text_of(const value_type& type, const value_slot& value)
{
  if (is_reference(type)) {
    return value.low == 0 ? "null" : "reference";
  }
  if (type == wasm::i32) {
    return std::to_string(value.i32());
  }
  if (type == wasm::f32) {
    return std::isnan(std::bit_cast<float>(value.i32())) ? "NaN" : "f32 " + std::to_string(value.i32());
  }
  if (type == wasm::f64) {
    return std::isnan(std::bit_cast<double>(value.low)) ? "NaN" : "f64 " + std::to_string(value.low);
  }
  return std::to_string(value.low) + (type == wasm::v128 ? ":" + std::to_string(value.high) : "");
}

std::uint64_t hash_of_bytes(std::span<const std::byte> bytes)
{
  std::uint64_t hash = bytes.size();
  for (; bytes.size() >= sizeof hash; bytes = bytes.subspan(sizeof hash)) {
    std::uint64_t word{};
    std::memcpy(&word, bytes.data(), sizeof word);
    hash = std::rotl((hash ^ word) * 0x9e3779b97f4a7c15U, 29);
  }
  return hash;
}

std::unexpected<error> trap(const std::string& what)
{
  error_detail detail;
  detail.message = "wasm trap: " + what;
  detail.trap = trap_record{detail.message, {}};
  return fail(error(errc::guest_trapped, std::move(detail)));
}

class runner {
public:
  runner(engine::engine& engine, const run_subject& original, const instrumented_module* instrumented,
         const run_options& options)
      : engine_(engine),
        layout_(original.layout),
        original_(original.info),
        instrumented_(instrumented),
        options_(options),
        random_(options.seed)
  {
  }

  module_run run(const engine::compiled_module& module)
  {
    if (make_store() && provide_imports() && provide_runtime()) {
      carry_out(module);
    }
    return std::move(out_);
  }

private:
  bool make_store()
  {
    engine::store_limits limits;
    limits.memory_bytes = std::uint64_t{1} << 25U;
    limits.table_elements = 100'000;
    auto made = engine_.make_store(limits);
    if (!made) {
      return break_off("no store: " + made.error().message());
    }
    store_ = *std::move(made);
    const auto end = std::chrono::steady_clock::now() + longest_run;
    store_->set_interrupt([end] { return std::chrono::steady_clock::now() > end; });
    return true;
  }

  bool break_off(std::string reason)
  {
    out_.broke_off = std::move(reason);
    return false;
  }

  void write(std::string line) { out_.lines.push_back(std::move(line)); }

  std::uint64_t next_random()
  {
    random_ += 0x9e3779b97f4a7c15U;
    std::uint64_t mixed = (random_ ^ (random_ >> 30U)) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ (mixed >> 27U)) * 0x94d049bb133111ebU;
    return mixed ^ (mixed >> 31U);
  }

  /// Mostly small: addresses and indices are to lie inside. Nothing for a reference that must not be null.
  std::optional<value_slot> make_value(const value_type& type)
  {
    const std::uint64_t number = next_random();
    if (is_reference(type)) {
      return type.code == 0x63 ? std::optional(value_slot{}) : std::nullopt;
    }
    const std::uint64_t chosen = number % 8 == 0 ? number : number / 8 % 64;
    if (type == wasm::f32) {
      return value_slot::of_i32(std::bit_cast<std::uint32_t>(static_cast<float>(chosen)));
    }
    if (type == wasm::f64) {
      return value_slot::of_i64(std::bit_cast<std::uint64_t>(static_cast<double>(chosen)));
    }
    return type == wasm::i32 ? value_slot::of_i32(static_cast<std::uint32_t>(chosen)) : value_slot{chosen, number};
  }

  // ---- What the module imports ----

  bool provide_imports()
  {
    for (std::size_t ordinal = 0; ordinal < original_.imports.size(); ++ordinal) {
      const import_info& import = original_.imports[ordinal];
      auto made = std::visit([&](const auto& type) { return provide(type, ordinal); }, import.type);
      if (!made) {
        made = provide_by_module(ordinal);
      }
      if (!made) {
        return break_off("the host cannot provide a " + to_string(import.type));
      }
      note_linked_memory(import, *made);
      imports_.push_back(*std::move(made));
    }
    return true;
  }

  std::optional<extern_value> provide(const function_type& type, std::size_t ordinal)
  {
    auto made = store_->make_function(type, [this, &type, ordinal](engine::store&, std::span<value_slot> values) {
      return answer(type, ordinal, values);
    });
    return engine::is_null(made) ? std::nullopt : std::optional<extern_value>(made);
  }

  std::optional<extern_value> provide(const table_type& type, std::size_t)
  {
    auto made = store_->make_table(type);
    return made ? std::optional<extern_value>(*made) : std::nullopt;
  }

  std::optional<extern_value> provide(const memory_type& type, std::size_t)
  {
    if (type.size.minimum > most_pages) {
      return std::nullopt;
    }
    if (type.is_shared) {
      auto made = engine_.make_shared_memory(type);
      return made ? std::optional<extern_value>(*made) : std::nullopt;
    }
    auto made = store_->make_memory(type);
    return made ? std::optional<extern_value>(*made) : std::nullopt;
  }

  std::optional<extern_value> provide(const global_type& type, std::size_t ordinal)
  {
    constexpr std::uint32_t stack_high = std::uint32_t{1} << 15;
    const bool is_stack =
        type.value == wasm::i32 && original_.imports[ordinal].name == reserved::environment_stack_pointer;
    const auto value = is_stack ? value_slot::of_i32(stack_high) : make_value(type.value);
    if (!value) {
      return std::nullopt;
    }
    auto made = store_->make_global(type, *value);
    return made ? std::optional<extern_value>(*made) : std::nullopt;
  }

  std::optional<extern_value> provide(const tag_type& type, std::size_t)
  {
    auto made = store_->make_tag(type);
    return made ? std::optional<extern_value>(*made) : std::nullopt;
  }

  std::optional<extern_value> provide_by_module(std::size_t ordinal)
  {
    if (!provider_) {
      const auto compiled = engine_.compile(make_provider_module(layout_));
      auto made = compiled ? store_->instantiate(**compiled, {}) : result<engine::instance>(fail(compiled.error()));
      if (!made) {
        return std::nullopt;
      }
      provider_ = *made;
    }
    return store_->find_export(*provider_, std::to_string(ordinal));
  }

  result<void> answer(const function_type& type, std::size_t ordinal, std::span<value_slot> values)
  {
    std::string line = "host function " + std::to_string(ordinal) + " gets";
    for (std::size_t i = 0; i < type.parameters.size(); ++i) {
      line += " " + text_of(type.parameters[i], values[i]);
    }
    write(std::move(line));
    publish();
    for (std::size_t i = 0; i < type.results.size(); ++i) {
      const auto value = make_value(type.results[i]);
      if (!value) {
        return trap("the host has no such reference");
      }
      values[i] = *value;
    }
    return {};
  }

  /// As the linker chooses it: `env.memory`, else the first one.
  void note_linked_memory(const import_info& import, const extern_value& made)
  {
    const auto* shared = std::get_if<engine::shared_memory_ptr>(&made);
    const bool is_memory = kind_of(import.type) == extern_kind::memory;
    const bool has_the_name =
        import.module_name == reserved::environment_module && import.name == reserved::environment_memory;
    if (is_memory && (!has_memory_ || (has_the_name && !is_memory_by_name_))) {
      has_memory_ = true;
      is_memory_by_name_ = has_the_name;
      linked_memory_ = shared != nullptr ? *shared : nullptr;
    }
  }

  // ---- What the linker adds ----

  bool provide_runtime()
  {
    if (instrumented_ == nullptr) {
      return true;
    }
    if (instrumented_->imports_control_memory) {
      auto made = engine_.make_shared_memory({{1, 1}, true});
      if (!made) {
        return break_off("no control memory: " + made.error().message());
      }
      control_ = *made;
      imports_.emplace_back(*std::move(made));
    }
    if (instrumented_->imports_runtime_table) {
      auto made = store_->make_table({wasm::funcref, {reserved::runtime_table_size, std::nullopt}});
      if (!made) {
        return break_off("no runtime table: " + made.error().message());
      }
      const std::array<std::pair<function_type, engine::host_function>, 4> calls{{
          {{}, [this](engine::store&, std::span<value_slot>) { return catch_up(); }},
          {{{wasm::i32, wasm::i32, wasm::i64, wasm::i64}, {wasm::i32}},
           [this](engine::store&, std::span<value_slot> values) { return wait<std::uint32_t>(values); }},
          {{{wasm::i32, wasm::i64, wasm::i64, wasm::i64}, {wasm::i32}},
           [this](engine::store&, std::span<value_slot> values) { return wait<std::uint64_t>(values); }},
          {{{wasm::i32, wasm::i32, wasm::i64}, {wasm::i32}},
           [this](engine::store&, std::span<value_slot> values) { return notify(values); }},
      }};
      for (std::size_t slot = 0; slot < calls.size(); ++slot) {
        const auto set = store_->table_set(*made, slot, store_->make_function(calls[slot].first, calls[slot].second));
        if (!set) {
          return break_off("no runtime function: " + set.error().message());
        }
      }
      imports_.emplace_back(*std::move(made));
    }
    return true;
  }

  std::uint32_t head() const
  {
    std::uint32_t version{};
    std::memcpy(&version, control_->data() + reserved::head_address, sizeof version);
    return version;
  }

  /// A new version, of which the guest knows nothing yet.
  void publish()
  {
    if (control_) {
      const std::uint32_t version = head() + 1;
      std::memcpy(control_->data() + reserved::head_address, &version, sizeof version);
    }
  }

  result<void> catch_up()
  {
    ++out_.catch_ups;
    if (applied_) {
      store_->global_set(*applied_, value_slot::of_i32(head()));
    }
    if (options_.is_always_behind) {
      publish();
    }
    return {};
  }

  template <class Word>
  result<std::byte*> word_at(std::uint32_t address, std::uint64_t offset)
  {
    const auto place = abi::atomic_place(address, offset, linked_memory_->size_bytes(), sizeof(Word));
    return place ? result<std::byte*>(linked_memory_->data() + *place) : trap(std::string(place.error()));
  }

  /// Nobody notifies: a wait for what is there times out.
  template <class Word>
  result<void> wait(std::span<value_slot> values)
  {
    const auto place = word_at<Word>(values[0].i32(), values[3].i64());
    if (!place) {
      return fail(place.error());
    }
    Word found{};
    std::memcpy(&found, *place, sizeof found);
    values[0] = value_slot::of_i32(found == static_cast<Word>(values[1].i64()) ? 2 : 1);
    return {};
  }

  result<void> notify(std::span<value_slot> values)
  {
    const auto place = word_at<std::uint32_t>(values[0].i32(), values[2].i64());
    if (!place) {
      return fail(place.error());
    }
    values[0] = value_slot::of_i32(0);
    return {};
  }

  // ---- The run ----

  void carry_out(const engine::compiled_module& module)
  {
    auto made = store_->instantiate(module, imports_);
    if (!made && made.error() == errc::engine_refused) {
      break_off("not instantiated: " + made.error().message());
      return;
    }
    if (made && !prepare_instance(*made)) {
      return;
    }
    if (made && !run_start(*made)) {
      return;
    }
    if (!made && !tell("instantiated", made.error())) {
      return;
    }
    if (!made) {
      look_at_imports();
      return;
    }
    if (started_) {
      write("instantiated");
      fill_tables(*made);
      call_exports(*made);
    }
    if (out_.broke_off.empty()) {
      look_at_imports();
      look_at_exports(*made);
    }
  }

  bool prepare_instance(const engine::instance& made)
  {
    if (instrumented_ == nullptr || !instrumented_->exports_applied) {
      return true;
    }
    const auto applied = store_->find_export(made, reserved::applied_global);
    if (!applied || !std::holds_alternative<engine::global>(*applied)) {
      write("an instrumented module without its version");
      return false;
    }
    applied_ = std::get<engine::global>(*applied);
    publish();
    return !instrumented_->exports_stack_low || give_stack(made);
  }

  /// As to a thread of which nobody told where its stack ends: whatever is near the pointer's first value is its stack.
  bool give_stack(const engine::instance& made)
  {
    constexpr std::uint32_t far_below = std::uint32_t{1} << 30;
    const auto low = store_->find_export(made, reserved::stack_low_global);
    for (std::size_t i = 0; i < original_.imports.size(); ++i) {
      if (original_.imports[i].name == reserved::environment_stack_pointer) {
        stack_pointer_ = std::get<engine::global>(imports_[i]);
      }
    }
    if (!low || !stack_pointer_) {
      write("an instrumented module without the end of its stack");
      return false;
    }
    const std::uint32_t first = store_->global_get(*stack_pointer_).i32();
    stack_low_ = std::max(first > far_below ? first - far_below : 0, reserved::small_frame_bytes);
    store_->global_set(std::get<engine::global>(*low), value_slot::of_i32(stack_low_));
    return true;
  }

  bool has_left_its_stack()
  {
    return stack_pointer_ && static_cast<std::int32_t>(store_->global_get(*stack_pointer_).i32() - stack_low_) < 0;
  }

  /// The start function that the instrumenter took away. A failure reads as one of the instantiation.
  bool run_start(const engine::instance& made)
  {
    started_ = true;
    if (instrumented_ == nullptr || !instrumented_->exports_start) {
      return true;
    }
    const auto start = store_->find_export(made, reserved::start_function);
    if (!start || !std::holds_alternative<engine::function>(*start)) {
      write("an instrumented module without its start function");
      return false;
    }
    const auto ran = store_->call(std::get<engine::function>(*start), {});
    if (ran) {
      return true;
    }
    started_ = false;
    if (tell("instantiated", ran.error())) {
      look_at_imports();
    }
    return false;
  }

  /// Writes down how something ended; false when the run breaks off there.
  bool tell(const std::string& what, const error& failure)
  {
    const std::string message = failure.detail().trap ? failure.detail().trap->message : failure.detail().message;
    const std::string first_line = message.substr(0, message.find('\n'));
    if (failure == errc::stopping || first_line.contains("interrupt")) {
      return break_off(what + " lasts too long");
    }
    if (first_line.contains("stack exhausted") || first_line.contains("stack overflow")) {
      return break_off(what + " uses up the stack");
    }
    if (first_line.contains("unreachable") && has_left_its_stack()) {
      return break_off(what + " leaves the stack in memory");
    }
    const auto begin = first_line.find("wasm trap: ");
    write(what + " ends with " + std::to_string(static_cast<int>(failure.code())) + " " +
          (begin == std::string::npos ? std::string() : first_line.substr(begin)));
    return true;
  }

  /// Gives the guest something to call: its own exported functions, in slots that are empty.
  void fill_tables(const engine::instance& made)
  {
    std::vector<engine::function> functions;
    for (const export_info& exported : original_.exports) {
      const auto found = store_->find_export(made, exported.name);
      if (found && std::holds_alternative<engine::function>(*found)) {
        functions.push_back(std::get<engine::function>(*found));
      }
    }
    for (std::size_t ordinal = 0; ordinal < original_.imports.size() && !functions.empty(); ++ordinal) {
      const auto* type = std::get_if<table_type>(&original_.imports[ordinal].type);
      if (type == nullptr || type->element != wasm::funcref) {
        continue;
      }
      const auto& into = std::get<engine::table>(imports_[ordinal]);
      const std::uint64_t end = std::min<std::uint64_t>(store_->table_size(into), 16);
      for (std::uint64_t slot = 1; slot < end; ++slot) {
        const auto& chosen = functions[next_random() % functions.size()];
        if (engine::is_null(store_->table_get(into, slot))) {
          static_cast<void>(store_->table_set(into, slot, chosen));
        }
      }
    }
  }

  void call_exports(const engine::instance& made)
  {
    std::size_t calls = 0;
    for (unsigned round = 0; round < 2; ++round) {
      for (const export_info& exported : original_.exports) {
        const auto* type = std::get_if<function_type>(&exported.type);
        if (type != nullptr && calls++ < most_calls && !call(made, exported, *type)) {
          return;
        }
      }
    }
  }

  bool call(const engine::instance& made, const export_info& exported, const function_type& type)
  {
    std::vector<value_slot> values(std::max(type.parameters.size(), type.results.size()));
    for (std::size_t i = 0; i < type.parameters.size(); ++i) {
      const auto value = make_value(type.parameters[i]);
      if (!value) {
        return true;
      }
      values[i] = *value;
    }
    // A generated module counts down what it may still do.
    if (const auto fuel = store_->find_export(made, "interlink_fuel")) {
      if (const auto* counter = std::get_if<engine::global>(&*fuel)) {
        store_->global_set(*counter, value_slot::of_i32(1000));
      }
    }
    publish();
    const auto found = store_->find_export(made, exported.name);
    const auto done = store_->call(std::get<engine::function>(*found), values);
    if (!done) {
      return tell(exported.name, done.error());
    }
    std::string line = exported.name + " gives";
    for (std::size_t i = 0; i < type.results.size(); ++i) {
      line += " " + text_of(type.results[i], values[i]);
    }
    write(std::move(line));
    return true;
  }

  // ---- What is left behind ----

  void look_at_imports()
  {
    for (std::size_t ordinal = 0; ordinal < original_.imports.size(); ++ordinal) {
      look_at("import " + std::to_string(ordinal), original_.imports[ordinal].type, imports_[ordinal]);
    }
  }

  void look_at_exports(const engine::instance& made)
  {
    for (const export_info& exported : original_.exports) {
      if (const auto found = store_->find_export(made, exported.name)) {
        look_at(exported.name, exported.type, *found);
      } else {
        write(exported.name + " is missing");
      }
    }
  }

  void look_at(const std::string& name, const extern_type& type, const extern_value& value)
  {
    if (const auto* global = std::get_if<engine::global>(&value)) {
      write(name + " is " + text_of(std::get<global_type>(type).value, store_->global_get(*global)));
    } else if (const auto* memory = std::get_if<engine::memory>(&value)) {
      look_at(name, store_->memory_data(*memory));
    } else if (const auto* shared = std::get_if<engine::shared_memory_ptr>(&value)) {
      look_at(name, {(*shared)->data(), (*shared)->size_bytes()});
    } else if (const auto* table = std::get_if<engine::table>(&value)) {
      look_at(name, std::get<table_type>(type), *table);
    }
  }

  void look_at(const std::string& name, std::span<const std::byte> bytes)
  {
    write(name + " holds " + std::to_string(bytes.size()) + " bytes, " + std::to_string(hash_of_bytes(bytes)));
  }

  /// Functions are told apart by the order in which they are met, and by their types.
  void look_at(const std::string& name, const table_type& type, const engine::table& table)
  {
    const std::uint64_t size = store_->table_size(table);
    std::string line = name + " has " + std::to_string(size) + " slots";
    for (std::uint64_t slot = 0; slot < std::min<std::uint64_t>(size, 64) && type.element == wasm::funcref; ++slot) {
      const engine::function function = store_->table_get(table, slot);
      if (!engine::is_null(function)) {
        const auto [known, is_new] = met_.try_emplace(function.bits, met_.size());
        line += ", " + std::to_string(slot) + ": " + std::to_string(known->second) + " " +
                to_string(store_->type_of(function));
      }
    }
    write(std::move(line));
  }

  engine::engine& engine_;
  const module_layout& layout_;
  const module_info& original_;
  const instrumented_module* instrumented_;
  const run_options options_;
  std::uint64_t random_;
  module_run out_;
  std::unique_ptr<engine::store> store_;
  std::vector<extern_value> imports_;
  std::optional<engine::instance> provider_;
  engine::shared_memory_ptr control_;
  engine::shared_memory_ptr linked_memory_; ///< null when it is not shared
  bool has_memory_ = false;
  bool is_memory_by_name_ = false;
  bool started_ = false;
  std::optional<engine::global> applied_;
  std::optional<engine::global> stack_pointer_; ///< of a module that compares it
  std::uint32_t stack_low_{};
  std::map<std::array<std::uint64_t, 3>, std::size_t> met_;
};

} // namespace

module_run run_module(engine::engine& engine, const engine::compiled_module& module, const run_subject& original,
                      const instrumented_module* instrumented, const run_options& options)
{
  return runner(engine, original, instrumented, options).run(module);
}

std::string difference(const module_run& a, const module_run& b)
{
  const std::size_t common = std::min(a.lines.size(), b.lines.size());
  for (std::size_t i = 0; i < common; ++i) {
    if (a.lines[i] != b.lines[i]) {
      return "line " + std::to_string(i) + ": “" + a.lines[i] + "” and “" + b.lines[i] + "”";
    }
  }
  const bool a_is_shorter = a.lines.size() < b.lines.size();
  const module_run& shorter = a_is_shorter ? a : b;
  if (a.lines.size() != b.lines.size() && shorter.broke_off.empty()) {
    return "only one run has “" + (a_is_shorter ? b : a).lines[common] + "”";
  }
  return {};
}

} // namespace interlink::fuzz
