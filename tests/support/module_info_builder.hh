// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Module facts in a few lines, without bytes: what a test of the linker needs to see of its modules stands in the test.
#pragma once

#include "messages/module_info.hh"

#include <cstdint>
#include <string>
#include <vector>

namespace interlink::test {

inline const function_type void_function{{}, {}};
inline const function_type int_function{{wasm::i32}, {wasm::i32}};
inline const global_type address_import{wasm::i32, true};
inline const global_type constant_int{wasm::i32, false};

/// A side module as wasm-ld emits it: dylink.0, no data, no table slots, nothing imported, until told otherwise.
class module_info_builder {
public:
  module_info_builder();

  module_info_builder& data_size(std::uint32_t bytes, std::uint32_t alignment_log2 = 4);
  module_info_builder& table_size(std::uint32_t slots, std::uint32_t alignment_log2 = 0);
  module_info_builder& needs(const std::string& library);
  module_info_builder& without_dylink();

  module_info_builder& import(const std::string& module_name, const std::string& name, extern_type type,
                              std::uint32_t flags = 0);
  module_info_builder& import_function(const std::string& name, function_type type = void_function);
  module_info_builder& import_weak_function(const std::string& name, function_type type = void_function);
  module_info_builder& import_data(const std::string& name, std::uint32_t flags = 0);
  module_info_builder& import_address(const std::string& name, std::uint32_t flags = 0);
  /// `env.memory` of `minimum` to `maximum` pages, shared.
  module_info_builder& import_memory(std::uint64_t minimum = 1, std::uint64_t maximum = 65'536, bool is_shared = true);
  /// `__memory_base`, `__table_base` and the function table, as every PIE and shared library has.
  module_info_builder& import_bases();

  /// Defines a function and exports it under each of `names`.
  module_info_builder& aliases(const std::vector<std::string>& names, function_type type = void_function);
  module_info_builder& function(const std::string& name, function_type type = void_function);
  /// Exports the imported function `imported` again as `name`.
  module_info_builder& pass_on(const std::string& imported, const std::string& name);
  module_info_builder& data(const std::string& name, std::uint64_t value, std::uint32_t flags = 0);
  module_info_builder& tls_variable(const std::string& name, std::uint64_t offset, std::uint32_t flags = 0);
  module_info_builder& mutable_global(const std::string& name);
  module_info_builder& tag(const std::string& name);
  /// Thread-local storage with all the exports that a linker needs.
  module_info_builder& tls(std::uint64_t size, std::uint64_t alignment = 16);
  module_info_builder& tls_size_only(std::uint64_t size);
  /// Puts the function exported as `name` into the module's element segment.
  module_info_builder& element(const std::string& name, std::uint32_t offset, bool is_relative = true);
  module_info_builder& open_start();
  module_info_builder& grows_memory();
  module_info_builder& soname(const std::string& name);

  module_info_ptr build() const;

private:
  struct pending_element {
    std::string name;
    std::uint32_t offset;
    bool is_relative;
  };

  module_info info_;
  std::vector<std::uint32_t> defined_exports_; ///< export ordinals whose index counts from the defined functions
  std::vector<pending_element> elements_;
};

} // namespace interlink::test
