// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A view of a guest's 32-bit linear memory. Other guest threads write to it and grow it while a call is under way, so:
// every address is compared, in 64 bits, with the length as it is now; a scalar is read exactly once; and whatever is
// decided upon (vectors of buffers, path names, subscriptions) is copied to the host before it is looked at. A bad
// address is errno `fault`, never a trap. Nothing needs to be aligned.
#pragma once

#include "wasi/outcome.hh"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>

namespace interlink::wasi {

static_assert(std::endian::native == std::endian::little, "structures are copied as they lie in guest memory");

/// The view. The first byte never moves during a call and the length never shrinks; both hold for shared memories
/// always, and for other memories because their only thread is in the call. Context: any thread.
class guest_memory {
public:
  /// Returns the length in bytes now; called at each check, from any thread.
  using size_function = std::size_t (*)(const void* owner);

  /// A memory that may grow meanwhile.
  guest_memory(std::byte* data, size_function size, const void* owner) : data_(data), size_(size), owner_(owner) {}

  /// A memory of fixed length.
  explicit guest_memory(std::span<std::byte> bytes) : data_(bytes.data()), fixed_size_(bytes.size()) {}

  std::size_t size_bytes() const { return size_ == nullptr ? fixed_size_ : size_(owner_); }

  /// True when `length` bytes from `address` lie inside.
  bool contains(std::uint32_t address, std::uint64_t length) const
  {
    std::uint64_t size = size_bytes();
    return length <= size && address <= size - length;
  }

  /// The bytes themselves, for the kernel to read or fill. Errors: fault.
  expected<std::span<std::byte>> range(std::uint32_t address, std::uint64_t length) const;

  /// Reads a number once. Errors: fault.
  template <std::unsigned_integral T>
  expected<T> load(std::uint32_t address) const
  {
    if (!contains(address, sizeof(T))) {
      return refuse(errno_code::fault);
    }
    return load_once<T>(data_ + address);
  }

  /// Errors: fault.
  template <std::unsigned_integral T>
  outcome store(std::uint32_t address, T value) const
  {
    if (!contains(address, sizeof(T))) {
      return errno_code::fault;
    }
    store_once(data_ + address, value);
    return errno_code::success;
  }

  /// A host copy. Pre: the caller has bounded `length`. Errors: fault.
  expected<std::string> load_string(std::uint32_t address, std::uint32_t length) const;

  /// Copies host bytes to the guest. Errors: fault.
  outcome store_bytes(std::uint32_t address, std::span<const std::byte> bytes) const;

private:
  // Relaxed atomics: another guest thread may write the same bytes now, and the value must be read once.
  template <class T>
  static T load_once(const std::byte* from)
  {
    if (reinterpret_cast<std::uintptr_t>(from) % sizeof(T) == 0) {
      return __atomic_load_n(reinterpret_cast<const T*>(from), __ATOMIC_RELAXED);
    }
    T value{};
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      auto byte = __atomic_load_n(reinterpret_cast<const std::uint8_t*>(from) + i, __ATOMIC_RELAXED);
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(byte) << (8 * i)));
    }
    return value;
  }

  template <class T>
  static void store_once(std::byte* to, T value)
  {
    if (reinterpret_cast<std::uintptr_t>(to) % sizeof(T) == 0) {
      __atomic_store_n(reinterpret_cast<T*>(to), value, __ATOMIC_RELAXED);
      return;
    }
    for (std::size_t i = 0; i < sizeof(T); ++i) {
      auto byte = static_cast<std::uint8_t>(value >> (8 * i));
      __atomic_store_n(reinterpret_cast<std::uint8_t*>(to) + i, byte, __ATOMIC_RELAXED);
    }
  }

  std::byte* data_;
  size_function size_ = nullptr;
  const void* owner_ = nullptr;
  std::size_t fixed_size_ = 0;
};

/// Puts a number into a structure that is being built on the host. Pre: it fits.
template <std::unsigned_integral T>
void put(std::span<std::byte> structure, std::size_t offset, T value)
{
  std::memcpy(structure.data() + offset, &value, sizeof(T));
}

/// Takes a number from a host copy of a structure. Pre: it lies inside.
template <std::unsigned_integral T>
T take(std::span<const std::byte> structure, std::size_t offset)
{
  T value{};
  std::memcpy(&value, structure.data() + offset, sizeof(T));
  return value;
}

} // namespace interlink::wasi
