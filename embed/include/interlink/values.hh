// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers, addresses and signatures: what passes between host and guest. Included by <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace INTERLINK_NAMESPACE {

/// A number that a guest function takes or gives, when its type is known only at run time. 128-bit vectors are bytes,
/// little-endian.
using guest_value = std::variant<std::int32_t, std::int64_t, float, double, std::array<std::byte, 16>>;

/// An address in a guest's memory, of a `T` there or of whatever the guest says. A guest has 32 bits.
template <class T = void>
struct guest_ptr {
  std::uint32_t address{};

  explicit operator bool() const { return address != 0; }

  friend bool operator==(guest_ptr, guest_ptr) = default;

  /// The `count`-th element from here, as in C.
  guest_ptr operator+(std::uint32_t count) const
    requires(!std::is_void_v<T>)
  {
    return {static_cast<std::uint32_t>(address + count * sizeof(T))};
  }
};

/// Types of wasm values, by their byte of the binary format.
enum class value_kind : std::uint8_t { i32 = 0x7f, i64 = 0x7e, f32 = 0x7d, f64 = 0x7c, v128 = 0x7b };

struct signature {
  std::vector<value_kind> parameters;
  std::vector<value_kind> results;

  friend bool operator==(const signature&, const signature&) = default;
};

/// As in the wasm text format: (func (param i32) (result i64)).
std::string to_string(const signature& type);

namespace detail {

/// One wasm value of any type, untyped.
struct raw_value {
  std::uint64_t low{};
  std::uint64_t high{};
};

template <class T>
struct is_guest_ptr : std::false_type {};

template <class T>
struct is_guest_ptr<guest_ptr<T>> : std::true_type {};

/// Types that are one wasm number: integers, bool and enums, float, double, guest_ptr. Plain pointers are not: they
/// would be the host's.
template <class T>
concept number = (std::integral<T> || std::is_enum_v<T> || std::same_as<T, float> || std::same_as<T, double> ||
                  is_guest_ptr<T>::value) &&
                 sizeof(T) <= 8;

template <number T>
constexpr value_kind kind_of()
{
  if constexpr (std::same_as<T, float>) {
    return value_kind::f32;
  } else if constexpr (std::same_as<T, double>) {
    return value_kind::f64;
  } else {
    return sizeof(T) == 8 ? value_kind::i64 : value_kind::i32;
  }
}

template <number T>
raw_value to_raw(T value)
{
  if constexpr (is_guest_ptr<T>::value) {
    return {value.address, 0};
  } else if constexpr (std::same_as<T, float>) {
    return {std::bit_cast<std::uint32_t>(value), 0};
  } else if constexpr (std::same_as<T, double>) {
    return {std::bit_cast<std::uint64_t>(value), 0};
  } else if constexpr (sizeof(T) == 8) {
    return {static_cast<std::uint64_t>(value), 0};
  } else {
    return {static_cast<std::uint32_t>(value), 0}; // a negative one keeps its sign: C's convention for wasm
  }
}

template <number T>
T from_raw(const raw_value& raw)
{
  if constexpr (is_guest_ptr<T>::value) {
    return T{static_cast<std::uint32_t>(raw.low)};
  } else if constexpr (std::same_as<T, float>) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(raw.low));
  } else if constexpr (std::same_as<T, double>) {
    return std::bit_cast<double>(raw.low);
  } else if constexpr (std::same_as<T, bool>) {
    return static_cast<std::uint32_t>(raw.low) != 0;
  } else {
    return static_cast<T>(raw.low);
  }
}

} // namespace detail

} // namespace INTERLINK_NAMESPACE
