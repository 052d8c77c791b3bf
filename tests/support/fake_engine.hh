// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// An engine without compilation: tables, globals and memories are plain vectors, and code runs in a small interpreter.
// What it runs is what a real engine would: bytes that came through the reader, the instrumenter and the thunk maker,
// so the checks, waits and thunks of a test are the real ones. Every call can be refused, and a hook sees every step of
// guest code that other threads could notice.
#pragma once

#include "engine/engine.hh"
#include "tests/support/fake_module.hh"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace interlink::support {

/// Calls that an engine may refuse.
enum class fake_call : std::uint8_t { compile, make_store, instantiate, table_grow, memory_grow };

class fake_engine;

/// Where a function comes from: a place in an instance, or the host. Handles of different stores compare by this.
struct function_origin {
  std::uint64_t instance{}; ///< `engine::instance::bits[0]`; 0 for the host and for null
  std::uint32_t index{};    ///< in the module's function index space
};

/// Context: one thread at a time.
class fake_store final : public engine::store {
public:
  fake_store(fake_engine& engine, const engine::store_limits& limits);

  result<engine::instance> instantiate(const engine::compiled_module& module,
                                       std::span<const engine::extern_value> imports) override;

  std::uint64_t instance_count() const override { return instances_.size(); }

  std::optional<engine::extern_value> find_export(const engine::instance& from, std::string_view name) override;
  engine::function make_function(const function_type& type, engine::host_function body) override;
  result<engine::table> make_table(const table_type& type) override;
  result<engine::global> make_global(const global_type& type, engine::value_slot initial) override;
  result<std::vector<engine::global>> make_i32_globals(std::span<const std::uint32_t> initial) override;
  result<engine::tag> make_tag(const tag_type& type) override;
  result<engine::memory> make_memory(const memory_type& type) override;
  std::uint64_t table_size(const engine::table& of) override;
  engine::function table_get(const engine::table& of, std::uint64_t index) override;
  result<void> table_set(const engine::table& of, std::uint64_t index, const engine::function& value) override;
  result<std::uint64_t> table_grow(const engine::table& of, std::uint64_t delta) override;
  engine::value_slot global_get(const engine::global& of) override;
  void global_set(const engine::global& of, engine::value_slot value) override;
  std::span<std::byte> memory_data(const engine::memory& of) override;
  result<std::uint64_t> memory_grow(const engine::memory& of, std::uint64_t delta_pages) override;
  function_type type_of(const engine::function& of) override;
  result<void> call(const engine::function& callee, std::span<engine::value_slot> values) override;
  std::vector<guest_frame> backtrace() override;

  void set_interrupt(std::function<bool()>) override {}

  void set_frame_reader(std::function<void(guest_frame&)>) override {}

  function_origin origin_of(const engine::function& of) const;
  /// Values of the globals that the instance imports, in order: bases and GOT entries.
  std::vector<std::uint64_t> imported_globals(const engine::instance& of) const;

  /// Grows with every change of a table, of a global, or of the instances.
  std::uint64_t changes() const { return changes_; }

private:
  friend class fake_interpreter;

  struct instance_object {
    std::shared_ptr<const fake_module> module; ///< an instance keeps its code
    std::vector<std::uint64_t> functions;      ///< numbers of objects in this store, by the module's index spaces
    std::vector<std::uint64_t> tables;
    std::vector<std::uint64_t> memories;
    std::vector<std::uint64_t> globals;
  };

  struct function_object {
    function_type type;
    engine::host_function host; ///< empty for a guest function
    std::uint64_t instance{};
    std::uint32_t index{};
  };

  struct table_object {
    std::vector<std::uint64_t> elements; ///< numbers of functions; 0 is null
    std::uint64_t maximum{};
  };

  struct global_object {
    global_type type;
    engine::value_slot value;
  };

  struct memory_object {
    memory_type type;
    std::vector<std::byte> own;
    engine::shared_memory_ptr shared;
  };

  template <class Tag>
  engine::handle<Tag> handle_of(std::uint64_t number) const
  {
    return {{number, id_, 0}};
  }
  template <class Tag>
  std::uint64_t number_of(const engine::handle<Tag>& handle) const;
  std::optional<std::uint64_t> import_number(const engine::extern_value& value, extern_kind kind);
  result<void> bind_imports(instance_object& made, std::span<const engine::extern_value> imports);
  void define_globals(instance_object& made);
  result<void> fill_tables(const instance_object& made);
  std::uint64_t value_of(const instance_object& in, const linear_value& value) const;
  std::span<std::byte> bytes_of(std::uint64_t memory);

  fake_engine& engine_;
  std::uint64_t id_;
  engine::store_limits limits_;
  // Numbers are places plus one. Deques: a host call may add while the interpreter holds a reference.
  std::deque<instance_object> instances_;
  std::deque<function_object> functions_;
  std::deque<table_object> tables_;
  std::deque<global_object> globals_;
  std::deque<memory_object> memories_;
  std::uint64_t tags_ = 0;
  std::uint64_t changes_ = 0;
  unsigned call_depth_ = 0;
};

/// Context: any thread; the hooks are set before it is used.
class fake_engine final : public engine::engine {
public:
  /// Asked in front of each such call; true makes it fail. From any thread.
  std::function<bool(fake_call)> refuses;
  /// In front of every access of guest code to memory and of every turn of a loop.
  std::function<void()> on_step;

  result<void> validate(std::span<const std::byte> bytes) override;
  result<interlink::engine::compiled_module_ptr> compile(std::span<const std::byte> bytes) override;
  result<interlink::engine::shared_memory_ptr> make_shared_memory(const memory_type& type) override;
  result<std::unique_ptr<interlink::engine::store>> make_store(const interlink::engine::store_limits& limits) override;

  bool is_interruptible() const override { return interruptible; }

  void increment_epoch() override { ++epochs; }

  bool interruptible = false; ///< no guest of this engine takes notice
  std::atomic<std::uint64_t> epochs{0};

  std::uint64_t compiled_count() const { return compiled_; }

private:
  friend class fake_store;
  friend class fake_interpreter;

  bool is_refused(fake_call which) const { return refuses && refuses(which); }

  std::atomic<std::uint64_t> next_store_{1};
  std::atomic<std::uint64_t> compiled_{0};
};

} // namespace interlink::support
