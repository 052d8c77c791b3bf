// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/support/module_info_builder.hh"

#include <algorithm>
#include <memory>
#include <utility>

#include "wasm/export_index.hh"

namespace interlink::test {

module_info_builder::module_info_builder()
{
  info_.dylink.emplace();
  info_.tls_alignment = 1;
}

module_info_builder& module_info_builder::data_size(std::uint32_t bytes, std::uint32_t alignment_log2)
{
  info_.dylink->memory_size = bytes;
  info_.dylink->memory_alignment_log2 = alignment_log2;
  return *this;
}

module_info_builder& module_info_builder::table_size(std::uint32_t slots, std::uint32_t alignment_log2)
{
  info_.dylink->table_size = slots;
  info_.dylink->table_alignment_log2 = alignment_log2;
  return *this;
}

module_info_builder& module_info_builder::needs(const std::string& library)
{
  info_.dylink->needed.push_back(library);
  return *this;
}

module_info_builder& module_info_builder::without_dylink()
{
  info_.dylink.reset();
  return *this;
}

module_info_builder& module_info_builder::import(const std::string& module_name, const std::string& name,
                                                 extern_type type, std::uint32_t flags)
{
  info_.imported_function_count += kind_of(type) == extern_kind::function ? 1 : 0;
  info_.imports.push_back({module_name, name, std::move(type), flags});
  return *this;
}

module_info_builder& module_info_builder::import_function(const std::string& name, function_type type)
{
  return import("env", name, std::move(type));
}

module_info_builder& module_info_builder::import_weak_function(const std::string& name, function_type type)
{
  return import("env", name, std::move(type), symbol_flag::binding_weak | symbol_flag::undefined);
}

module_info_builder& module_info_builder::import_data(const std::string& name, std::uint32_t flags)
{
  return import("GOT.mem", name, address_import, flags);
}

module_info_builder& module_info_builder::import_address(const std::string& name, std::uint32_t flags)
{
  return import("GOT.func", name, address_import, flags);
}

module_info_builder& module_info_builder::import_memory(std::uint64_t minimum, std::uint64_t maximum, bool is_shared)
{
  return import("env", "memory", memory_type{{minimum, maximum}, is_shared, false, 16});
}

module_info_builder& module_info_builder::import_bases()
{
  import("env", "__memory_base", constant_int);
  import("env", "__table_base", constant_int);
  return import("env", "__indirect_function_table", table_type{wasm::funcref, {0, std::nullopt}, false});
}

module_info_builder& module_info_builder::aliases(const std::vector<std::string>& names, function_type type)
{
  for (const std::string& name : names) {
    defined_exports_.push_back(static_cast<std::uint32_t>(info_.exports.size()));
    info_.exports.push_back({name, type, info_.defined_function_count, 0, std::nullopt});
  }
  ++info_.defined_function_count;
  return *this;
}

module_info_builder& module_info_builder::function(const std::string& name, function_type type)
{
  return aliases({name}, std::move(type));
}

module_info_builder& module_info_builder::pass_on(const std::string& imported, const std::string& name)
{
  std::uint32_t index = 0;
  for (const import_info& import : info_.imports) {
    if (kind_of(import.type) != extern_kind::function) {
      continue;
    }
    if (import.name == imported) {
      info_.exports.push_back({name, import.type, index, 0, std::nullopt});
    }
    ++index;
  }
  return *this;
}

module_info_builder& module_info_builder::data(const std::string& name, std::uint64_t value, std::uint32_t flags)
{
  // Far above every imported global: such an export is the module's own.
  info_.exports.push_back({name, constant_int, 1000, flags, value});
  return *this;
}

module_info_builder& module_info_builder::tls_variable(const std::string& name, std::uint64_t offset,
                                                       std::uint32_t flags)
{
  return data(name, offset, flags | symbol_flag::tls);
}

module_info_builder& module_info_builder::mutable_global(const std::string& name)
{
  info_.exports.push_back({name, address_import, 1000, 0, std::nullopt});
  return *this;
}

module_info_builder& module_info_builder::tag(const std::string& name)
{
  info_.exports.push_back({name, tag_type{function_type{{wasm::i32}, {}}}, 1000, 0, std::nullopt});
  return *this;
}

module_info_builder& module_info_builder::tls(std::uint64_t size, std::uint64_t alignment)
{
  info_.tls_size = size;
  info_.tls_alignment = alignment;
  info_.init_tls = initialiser_kind::closed;
  data("__tls_size", size);
  data("__tls_align", alignment);
  return function("__wasm_init_tls", function_type{{wasm::i32}, {}});
}

module_info_builder& module_info_builder::tls_size_only(std::uint64_t size)
{
  info_.tls_size = size;
  return data("__tls_size", size);
}

module_info_builder& module_info_builder::element(const std::string& name, std::uint32_t offset, bool is_relative)
{
  elements_.push_back({name, offset, is_relative});
  return *this;
}

module_info_builder& module_info_builder::grows_memory()
{
  info_.grows_memory = true;
  return *this;
}

module_info_builder& module_info_builder::soname(const std::string& name)
{
  info_.soname = name;
  return *this;
}

module_info_builder& module_info_builder::open_start()
{
  info_.start = initialiser_kind::open;
  info_.start_function = 0;
  return *this;
}

module_info_ptr module_info_builder::build() const
{
  auto built = std::make_shared<module_info>(info_);
  for (const std::uint32_t ordinal : defined_exports_) {
    built->exports[ordinal].index += built->imported_function_count;
  }
  index_exports(*built);
  for (const pending_element& element : elements_) {
    const std::uint32_t function = built->find_export(element.name)->index;
    const auto place = static_cast<std::uint32_t>(built->element_functions.size());
    built->element_of_function.try_emplace(function, place);
    built->element_functions.push_back({function, element.offset, element.is_relative});
  }
  return built;
}

} // namespace interlink::test
