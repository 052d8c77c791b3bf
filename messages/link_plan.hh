// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A link plan: the ordered steps that bring a set of modules into any group, with every number already chosen. A group
// only carries them out; it decides nothing, so all groups end the same. Plans are values: they can be printed,
// compared, replayed and hashed.
#pragma once

#include "messages/ids.hh"
#include "messages/module_info.hh"

#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace interlink {

/// Compiled code of a module, opaque to all layers that do not run it.
class module_artifact {
public:
  virtual ~module_artifact() = default;
};

using module_artifact_ptr = std::shared_ptr<const module_artifact>;

/// A function of the guest ABI or of the embedder: an import of it, with the function's type.
using host_function_ptr = std::shared_ptr<const import_info>;

/// An exported function of a loaded module, or a host function when `provider` is `no_module`.
/// The ordinal is the place in `module_info::exports`.
struct function_source {
  module_id provider;
  std::uint32_t export_ordinal{};
  host_function_ptr host{}; ///< only for host functions

  friend bool operator==(const function_source& a, const function_source& b)
  {
    return a.provider == b.provider && a.export_ordinal == b.export_ordinal &&
           (a.host == b.host || (a.host && b.host && is_same_function(*a.host, *b.host)));
  }

private:
  static bool is_same_function(const import_info& a, const import_info& b)
  {
    return a.module_name == b.module_name && a.name == b.name && a.type == b.type;
  }
};

/// What one import of an instance is bound to.
namespace binding {

/// The guest ABI or the embedder provides it, found by the import's module and name.
struct host {
  friend auto operator<=>(const host&, const host&) = default;
};

/// The process's linear memory.
struct linked_memory {
  friend auto operator<=>(const linked_memory&, const linked_memory&) = default;
};

/// The group's `__indirect_function_table`.
struct function_table {
  friend auto operator<=>(const function_table&, const function_table&) = default;
};

/// The group's one mutable `__stack_pointer`.
struct stack_pointer {
  friend auto operator<=>(const stack_pointer&, const stack_pointer&) = default;
};

/// `GOT.mem.__stack_low` or `__stack_high`: bounds of the group's own stack.
struct stack_bound {
  bool is_high{};
  friend auto operator<=>(const stack_bound&, const stack_bound&) = default;
};

/// A new global of the import's type with this value: bases, GOT entries, weak zeros.
struct constant {
  std::uint64_t value{};
  friend auto operator<=>(const constant&, const constant&) = default;
};

/// A new global holding the address of a TLS symbol in this group: `provider`'s block plus `offset`.
struct tls_address {
  module_id provider;
  std::uint64_t offset{};
  friend auto operator<=>(const tls_address&, const tls_address&) = default;
};

/// The export itself, of an instance made earlier in every group. Any kind: function, global, tag.
struct direct {
  module_id provider;
  std::uint32_t export_ordinal{};
  friend auto operator<=>(const direct&, const direct&) = default;
};

/// Function `number` of the module's thunk instance.
struct thunk {
  std::uint32_t number{};
  friend auto operator<=>(const thunk&, const thunk&) = default;
};

/// The store's one tag of this name (`__cpp_exception`, `__c_longjmp`).
struct shared_tag {
  friend auto operator<=>(const shared_tag&, const shared_tag&) = default;
};

} // namespace binding

using import_binding = std::variant<binding::host, binding::linked_memory, binding::function_table,
                                    binding::stack_pointer, binding::stack_bound, binding::constant,
                                    binding::tls_address, binding::direct, binding::thunk, binding::shared_tag>;

/// A generated function that tail-calls a canonical slot. With slot 0 it first asks the linker (lazy, or weak and
/// undefined: then the call traps). One that tells its caller calls the slot between two writes of the group's caller:
/// the importer, then nobody.
struct thunk_plan {
  function_type type;
  std::uint32_t import_ordinal{};
  table_index slot;
  bool tells_caller{};

  friend auto operator<=>(const thunk_plan&, const thunk_plan&) = default;
};

/// All that is decided about one module.
struct module_plan {
  module_id id;
  std::string name; ///< guest path, for messages and `$ORIGIN`
  module_info_ptr info;
  module_artifact_ptr artifact; ///< empty in plans that are only printed
  memory_address memory_base;   ///< 0 when the module has no data
  table_index table_base;       ///< 0 when the module has no table slots
  std::uint64_t memory_size{};
  bool needs_zeroing{};                ///< the range was used before; its new owner zeroes it after prepare
  std::vector<import_binding> imports; ///< one for each of `info->imports`
  std::vector<thunk_plan> thunks;
};

/// Fill one slot of the function table.
struct slot_fill {
  table_index slot;
  function_source source;

  friend bool operator==(const slot_fill&, const slot_fill&) = default;
};

/// A block reserved for one group: the TLS block of `module`, or its scratch stack when `module` is `no_module`.
struct group_block {
  group_id group;
  module_id module;
  memory_address address;
  std::uint64_t size{};

  friend auto operator<=>(const group_block&, const group_block&) = default;
};

/// One load. Order of `modules` is instantiation order: main first, then dependencies before their users; those that
/// need each other stand together, the one reached second first.
struct load_plan {
  load_id id;
  std::vector<module_plan> modules;
  std::vector<slot_fill> slots;
  std::uint64_t table_size{};   ///< length that the table must have
  std::uint64_t memory_pages{}; ///< length that the memory must have
};

using load_plan_ptr = std::shared_ptr<const load_plan>;

} // namespace interlink
