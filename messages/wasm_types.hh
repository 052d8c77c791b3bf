// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Types of the wasm specification as values: what imports and exports are compared by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace interlink {

/// A value type. `code` is the byte of the binary format: 0x7f i32, 0x7e i64, 0x7d f32, 0x7c f64, 0x7b v128, and
/// 0x64 (ref ht) / 0x63 (ref null ht) with the heap type in `heap`: negative is an abstract heap type in its s33
/// encoding (-16 func, -17 extern, -18 any, -19 eq, -20 i31, -21 struct, -22 array, -23 exn, -13 nofunc, -14
/// noextern, -15 none, -12 noexn), 0 and above an index into the module's own types. Short forms such as 0x70
/// (funcref) are read as their long form.
struct value_type {
  std::uint8_t code{};
  std::int64_t heap{};

  friend constexpr auto operator<=>(const value_type&, const value_type&) = default;
};

namespace wasm {
inline constexpr value_type i32{0x7f, 0};
inline constexpr value_type i64{0x7e, 0};
inline constexpr value_type f32{0x7d, 0};
inline constexpr value_type f64{0x7c, 0};
inline constexpr value_type v128{0x7b, 0};
inline constexpr value_type funcref{0x63, -16};
inline constexpr value_type externref{0x63, -17};
inline constexpr value_type exnref{0x63, -23};
} // namespace wasm

struct function_type {
  std::vector<value_type> parameters;
  std::vector<value_type> results;

  friend auto operator<=>(const function_type&, const function_type&) = default;
};

struct size_limits {
  std::uint64_t minimum{};
  std::optional<std::uint64_t> maximum;

  friend auto operator<=>(const size_limits&, const size_limits&) = default;
};

/// Sizes in elements.
struct table_type {
  value_type element = wasm::funcref;
  size_limits size;
  bool is_64 = false;

  friend auto operator<=>(const table_type&, const table_type&) = default;
};

/// Sizes in pages of 64 KiB (1 << page_size_log2 bytes).
struct memory_type {
  size_limits size;
  bool is_shared = false;
  bool is_64 = false;
  std::uint8_t page_size_log2 = 16;

  friend auto operator<=>(const memory_type&, const memory_type&) = default;
};

struct global_type {
  value_type value;
  bool is_mutable = false;

  friend auto operator<=>(const global_type&, const global_type&) = default;
};

struct tag_type {
  function_type signature;

  friend auto operator<=>(const tag_type&, const tag_type&) = default;
};

using extern_type = std::variant<function_type, table_type, memory_type, global_type, tag_type>;

/// Kinds in the order and with the numbers of the binary format; `extern_type::index()` is the same number.
enum class extern_kind : std::uint8_t { function = 0, table = 1, memory = 2, global = 3, tag = 4 };

inline extern_kind kind_of(const extern_type& type)
{
  return static_cast<extern_kind>(type.index());
}

/// Text as in the wasm text format: `i32`, `(ref null func)`, `(func (param i32) (result i64))`, ...
std::string to_string(const value_type& type);
std::string to_string(const function_type& type);
std::string to_string(const extern_type& type);
std::string_view to_string(extern_kind kind);

/// True when the type mentions a module's own type index, so that it cannot be compared across modules.
bool has_concrete_reference(const function_type& type);

} // namespace interlink
