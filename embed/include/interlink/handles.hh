// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Libraries and functions of a guest, as values. Included by <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>
#include <interlink/values.hh>

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace INTERLINK_NAMESPACE {

/// Flags of async_open, as of dlopen; `|` combines them.
enum class open_flag : std::uint32_t {
  lazy = 1,       ///< a function that nobody defines is an error when it is called
  now = 2,        ///< it is an error of the open
  global = 4,     ///< its symbols serve later libraries
  no_load = 8,    ///< only if it is open already
  no_delete = 16, ///< it stays when it is closed
  deep_bind = 32, ///< its own symbols come before global ones
  reload = 64,    ///< looks at the file again although a library of this name is open: another file is another library,
                  ///< beside the old one until that is closed. Not for one of global scope
};

constexpr open_flag operator|(open_flag a, open_flag b)
{
  return static_cast<open_flag>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}

/// A library that is open in a process. A copy does not open it again: whoever opened it closes it, once. Context:
/// any thread; means nothing in another process, and is refused there.
class library {
public:
  /// None. Every look-up refuses it.
  library() = default;

  /// As dlopen(NULL): the program itself, then what is of global scope.
  static library of_program() { return {1, {}}; }

  library(std::uint32_t handle, std::weak_ptr<const void> process) : handle_(handle), process_(std::move(process)) {}

  std::uint32_t handle() const { return handle_; }

  const std::weak_ptr<const void>& process() const { return process_; }

private:
  std::uint32_t handle_{};
  std::weak_ptr<const void> process_;
};

namespace detail {

struct function_facts {
  function_facts(std::uint32_t in_slot, std::string by_name, signature of_type, std::weak_ptr<const void> of_process)
      : slot(in_slot), name(std::move(by_name)), type(std::move(of_type)), process(std::move(of_process))
  {
  }

  std::uint32_t slot; ///< of the function table; 0 in a program that is not dynamically linked
  std::string name;
  signature type;
  std::weak_ptr<const void> process;
  /// Where the type was compared last with the function's in the slot: group and version of its table, in one word. A
  /// slot's function does not change within a version.
  mutable std::array<std::atomic<std::uint64_t>, 8> compared{};
};

} // namespace detail

/// A guest function. `function<int(int, int)>` has been compared with the guest's own type when it was found;
/// `function<>` is called with guest_values, which are compared at each call. Context: any thread; means nothing in
/// another process, and is refused there. It is the embedder's to keep its library open.
template <class Signature = void>
class function;

template <>
class function<void> {
public:
  /// None. Every call refuses it.
  function() = default;

  explicit function(std::shared_ptr<const detail::function_facts> facts) : facts_(std::move(facts)) {}

  explicit operator bool() const { return facts_ != nullptr; }

  /// What a guest calls the function's address, the same in every thread; 0 in a program that is not dynamically
  /// linked.
  guest_ptr<> address() const { return {facts_ == nullptr ? 0 : facts_->slot}; }

  /// Pre: not none.
  const std::string& name() const { return facts_->name; }

  /// The guest's own type. Pre: not none.
  const signature& type() const { return facts_->type; }

  const std::shared_ptr<const detail::function_facts>& facts() const { return facts_; }

private:
  std::shared_ptr<const detail::function_facts> facts_;
};

template <class R, class... A>
class function<R(A...)> : public function<> {
public:
  function() = default;

  /// Pre: `untyped` has this type.
  explicit function(function<> untyped) : function<>(std::move(untyped)) {}
};

} // namespace INTERLINK_NAMESPACE
