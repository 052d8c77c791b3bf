// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/fuzz/provider_module.hh"

#include <array>
#include <string>

#include "wasm/wasm_writer.hh"

namespace interlink::fuzz {

namespace {

constexpr std::uint8_t nullable = 0x63;

struct counted {
  std::uint32_t count{};
  wasm_writer out;

  wasm_writer& add()
  {
    ++count;
    return out;
  }
};

void write_size(wasm_writer& out, const size_limits& size, unsigned flags)
{
  constexpr unsigned has_maximum = 1;
  out.u8(static_cast<std::uint8_t>(size.maximum ? flags | has_maximum : flags));
  out.u64(size.minimum);
  if (size.maximum) {
    out.u64(*size.maximum);
  }
}

void write_section(wasm_writer& module, std::uint8_t id, const counted& content)
{
  if (content.count > 0) {
    wasm_writer payload;
    payload.u32(content.count);
    payload.bytes(content.out.written());
    module.section(id, payload.written());
  }
}

class provider_writer {
public:
  explicit provider_writer(const module_layout& wanted) : wanted_(wanted) {}

  std::vector<std::byte> run()
  {
    for (std::size_t ordinal = 0; ordinal < wanted_.imports.size(); ++ordinal) {
      define(wanted_.imports[ordinal], std::to_string(ordinal));
    }
    wasm_writer module;
    module.header();
    if (const section_place* types = wanted_.find_section(section_id::type)) {
      module.bytes(wanted_.bytes.subspan(types->begin, types->end - types->begin));
    }
    write_section(module, section_id::function, functions_);
    write_section(module, section_id::table, tables_);
    write_section(module, section_id::memory, memories_);
    write_section(module, section_id::tag, tags_);
    write_section(module, section_id::global, globals_);
    write_section(module, section_id::exports, exports_);
    write_section(module, section_id::code, code_);
    return module.take();
  }

private:
  void define(const import_entry& import, const std::string& name)
  {
    switch (import.kind) {
    case extern_kind::function: {
      constexpr std::array<std::uint8_t, 4> body{3, 0, 0x00, 0x0b}; // no locals; unreachable; end
      code_.add().bytes(std::as_bytes(std::span(body)));
      add_export(name, import.kind, functions_);
      functions_.add().u32(wanted_.functions[import.index]);
      return;
    }
    case extern_kind::table:
      define(wanted_.tables[import.index], name);
      return;
    case extern_kind::memory:
      define(wanted_.memories[import.index], name);
      return;
    case extern_kind::global:
      define(wanted_.globals[import.index].type, name);
      return;
    case extern_kind::tag:
      add_export(name, import.kind, tags_);
      tags_.add().u8(0);
      tags_.out.u32(wanted_.tags[import.index]);
      return;
    }
  }

  void define(const table_type& type, const std::string& name)
  {
    constexpr unsigned is_64 = 4;
    if (type.element.code == nullable) {
      add_export(name, extern_kind::table, tables_);
      tables_.add().type(type.element);
      write_size(tables_.out, type.size, type.is_64 ? is_64 : 0);
    }
  }

  void define(const memory_type& type, const std::string& name)
  {
    constexpr unsigned is_64 = 4;
    if (!type.is_shared) {
      add_export(name, extern_kind::memory, memories_);
      write_size(memories_.add(), type.size, type.is_64 ? is_64 : 0);
    }
  }

  void define(const global_type& type, const std::string& name)
  {
    constexpr std::uint8_t ref_null = 0xd0;
    constexpr std::uint8_t end = 0x0b;
    if (type.value.code == nullable) {
      add_export(name, extern_kind::global, globals_);
      globals_.add().type(type.value);
      globals_.out.u8(type.is_mutable ? 1 : 0);
      globals_.out.u8(ref_null);
      globals_.out.s64(type.value.heap);
      globals_.out.u8(end);
    }
  }

  void add_export(const std::string& name, extern_kind kind, const counted& space)
  {
    exports_.add().name(name);
    exports_.out.u8(static_cast<std::uint8_t>(kind));
    exports_.out.u32(space.count);
  }

  const module_layout& wanted_;
  counted functions_, tables_, memories_, tags_, globals_, exports_, code_;
};

} // namespace

std::vector<std::byte> make_provider_module(const module_layout& wanted)
{
  return provider_writer(wanted).run();
}

} // namespace interlink::fuzz
