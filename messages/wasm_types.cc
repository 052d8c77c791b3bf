// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "messages/wasm_types.hh"

#include <algorithm>
#include <array>
#include <utility>

namespace interlink {

namespace {

std::string heap_type_text(std::int64_t heap)
{
  static constexpr std::array<std::pair<std::int64_t, std::string_view>, 12> names{{
      {-16, "func"},
      {-17, "extern"},
      {-18, "any"},
      {-19, "eq"},
      {-20, "i31"},
      {-21, "struct"},
      {-22, "array"},
      {-23, "exn"},
      {-13, "nofunc"},
      {-14, "noextern"},
      {-15, "none"},
      {-12, "noexn"},
  }};
  for (const auto& [code, text] : names) {
    if (code == heap) {
      return std::string(text);
    }
  }
  return std::to_string(heap);
}

std::string limits_text(const size_limits& size)
{
  std::string text = std::to_string(size.minimum);
  if (size.maximum) {
    text += " " + std::to_string(*size.maximum);
  }
  return text;
}

std::string list_text(std::string_view keyword, const std::vector<value_type>& types)
{
  if (types.empty()) {
    return {};
  }
  std::string text = " (" + std::string(keyword);
  for (const value_type& type : types) {
    text += " " + to_string(type);
  }
  return text + ")";
}

struct printer {
  std::string operator()(const function_type& type) const { return to_string(type); }

  std::string operator()(const table_type& type) const
  {
    return std::string("(table ") + (type.is_64 ? "i64 " : "") + limits_text(type.size) + " " +
           to_string(type.element) + ")";
  }

  std::string operator()(const memory_type& type) const
  {
    return std::string("(memory ") + (type.is_64 ? "i64 " : "") + limits_text(type.size) +
           (type.is_shared ? " shared" : "") + ")";
  }

  std::string operator()(const global_type& type) const
  {
    return type.is_mutable ? "(global (mut " + to_string(type.value) + "))" : "(global " + to_string(type.value) + ")";
  }

  std::string operator()(const tag_type& type) const
  {
    return "(tag" + list_text("param", type.signature.parameters) + ")";
  }
};

} // namespace

std::string to_string(const value_type& type)
{
  switch (type.code) {
  case 0x7f:
    return "i32";
  case 0x7e:
    return "i64";
  case 0x7d:
    return "f32";
  case 0x7c:
    return "f64";
  case 0x7b:
    return "v128";
  case 0x63:
    return "(ref null " + heap_type_text(type.heap) + ")";
  case 0x64:
    return "(ref " + heap_type_text(type.heap) + ")";
  default:
    return "unknown";
  }
}

std::string to_string(const function_type& type)
{
  return "(func" + list_text("param", type.parameters) + list_text("result", type.results) + ")";
}

std::string to_string(const extern_type& type)
{
  return std::visit(printer{}, type);
}

std::string_view to_string(extern_kind kind)
{
  static constexpr std::array<std::string_view, 5> names{"function", "table", "memory", "global", "tag"};
  return names.at(static_cast<std::size_t>(kind));
}

bool has_concrete_reference(const function_type& type)
{
  auto is_concrete = [](const value_type& t) {
    return (t.code == 0x63 || t.code == 0x64) && t.heap >= 0;
  };
  return std::ranges::any_of(type.parameters, is_concrete) || std::ranges::any_of(type.results, is_concrete);
}

} // namespace interlink
