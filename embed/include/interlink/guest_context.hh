// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The guest as code on its own thread sees it: a host function while the guest calls it, and the function of an
// `async_invoke`. Included by <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>
#include <interlink/error.hh>
#include <interlink/handles.hh>
#include <interlink/values.hh>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace INTERLINK_NAMESPACE {

class guest_context;

/// Memory of the guest's allocator (its exports `malloc` and `free`), freed when this ends. Context: the thread and
/// the lifetime of the context that it is from. After the guest has failed it is left to the guest.
class guest_allocation {
public:
  guest_allocation() = default;

  guest_allocation(guest_allocation&& other) noexcept
      : context_(std::exchange(other.context_, nullptr)), at_(other.at_), size_(other.size_)
  {
  }

  guest_allocation& operator=(guest_allocation&& other) noexcept
  {
    if (this != &other) {
      reset();
      context_ = std::exchange(other.context_, nullptr);
      at_ = other.at_;
      size_ = other.size_;
    }
    return *this;
  }

  ~guest_allocation() { reset(); }

  guest_ptr<> get() const { return at_; }

  std::uint32_t size() const { return size_; }

  /// Gives it to the guest, which is to free it.
  guest_ptr<> release()
  {
    context_ = nullptr;
    return at_;
  }

  void reset();

private:
  friend class guest_context;

  guest_allocation(guest_context& context, guest_ptr<> at, std::uint32_t size)
      : context_(&context), at_(at), size_(size)
  {
  }

  guest_context* context_ = nullptr;
  guest_ptr<> at_;
  std::uint32_t size_{};
};

/// Context: the thread and the call that it was given to; never kept. The guest's other threads run meanwhile: what
/// is read may change the next moment, so it is copied once and then looked at. A bad address or length is an error
/// (invalid_argument) that names both and the memory's size, never a trap.
class guest_context {
public:
  /// The number of this instance group, that is of the guest's thread.
  std::uint32_t group() const;

  /// The guest's memory, in bytes, as it is now. It never shrinks.
  std::uint64_t memory_size() const;

  /// A copy of an object in the guest's memory. The layout must be the guest's: fixed-width members, guest_ptr for
  /// pointers.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  result<T> read(guest_ptr<T> from) const
  {
    T value{};
    if (auto got = read_bytes({from.address}, std::as_writable_bytes(std::span(&value, 1))); !got) {
      return fail(std::move(got.error()));
    }
    return value;
  }

  template <class T>
    requires std::is_trivially_copyable_v<T>
  result<void> write(guest_ptr<T> to, const std::type_identity_t<T>& value)
  {
    return write_bytes({to.address}, std::as_bytes(std::span(&value, 1)));
  }

  result<void> read_bytes(guest_ptr<> from, std::span<std::byte> into) const;
  result<std::vector<std::byte>> read_bytes(guest_ptr<> from, std::uint32_t size) const;
  result<void> write_bytes(guest_ptr<> to, std::span<const std::byte> bytes);

  /// Bytes of the longest C string that is read without another bound being asked for: 1 MiB.
  static constexpr std::uint32_t longest_string = 1U << 20;

  /// A C string, without its zero. Errors: invalid_argument when no zero comes within `longest` bytes or the memory.
  result<std::string> read_string(guest_ptr<> from, std::uint32_t longest = longest_string) const;

  /// `size` bytes as text, zeros included.
  result<std::string> read_string_of(guest_ptr<> from, std::uint32_t size) const;

  /// Uninitialised, aligned for any object. Errors: symbol_not_found when the program exports no malloc and free
  /// (link it with --export=malloc --export=free); memory_exhausted; those of a call.
  result<guest_allocation> allocate(std::uint32_t size);

  /// A copy of the bytes in the guest.
  result<guest_allocation> copy_in(std::span<const std::byte> bytes);

  /// A copy of the text in the guest, with a zero behind it.
  result<guest_allocation> copy_in(std::string_view text);

  /// What dlopen does. Waits for other threads' loads and constructors; the cancellation of the operation that the
  /// thread carries out ends that wait. Errors: as those of async_open.
  result<library> open(const std::string& name, open_flag flags = open_flag::now);
  /// The same for a library's bytes. `name` is for messages: nothing is found by it, and each open is another
  /// library. Libraries that it needs are searched as for one that lies in the guest's current directory.
  result<library> open(std::span<const std::byte> bytes, const std::string& name, open_flag flags = open_flag::now);
  /// What dlclose does.
  result<void> close(const library& closed);

  /// What dlsym does, for functions. Errors: symbol_not_found, symbol_type_mismatch (a datum), invalid_handle.
  result<function<>> find(const library& in, const std::string& name);

  /// The same, compared with a C++ type, which is deduced as those of host functions are (host_functions.hh).
  /// Errors: also symbol_type_mismatch, with both.
  template <class Signature>
  result<function<Signature>> find(const library& in, const std::string& name);

  /// What dlsym does, for data. Errors: as above; symbol_type_mismatch for a function.
  result<guest_ptr<>> find_data(const library& in, const std::string& name);

  template <class T>
  result<guest_ptr<T>> find_data(const library& in, const std::string& name)
  {
    auto found = find_data(in, name);
    return found ? result<guest_ptr<T>>(guest_ptr<T>{found->address}) : fail(std::move(found.error()));
  }

  /// The function that a guest's function pointer means. Errors: invalid_argument for null and for a slot that no
  /// function is in; symbol_type_mismatch, with both types.
  template <class Signature>
  result<function<Signature>> function_at(guest_ptr<> pointer);
  result<function<>> function_at(guest_ptr<> pointer);

  /// Calls a guest function, also from within a call of the guest's. Of the parameters a std::string or string_view
  /// is copied in as a C string for the call; a std::span<const std::byte> or std::vector<std::byte> as two: address
  /// and length; and a std::span<std::byte> as these, copied back afterwards. A std::string as the result is a C
  /// string that the guest keeps. Errors: guest_trapped, guest_threw, guest_exited, thread_exited, stopping: the
  /// guest is then to be unwound, so hand them on; whatever a host function on the way returned; deadline_passed;
  /// invalid_argument for a function of another process.
  template <class R, class... A>
  result<R> call(const function<R(A...)>& callee, std::type_identity_t<A>... arguments);

  /// Errors: also symbol_type_mismatch when the arguments do not fit.
  result<std::vector<guest_value>> call(const function<>& callee, std::span<const guest_value> arguments);

  /// The guest functions that are being called, innermost first; empty in an async_invoke.
  std::vector<backtrace_frame> backtrace() const;

  /// The library's own: an instance group.
  explicit guest_context(void* own) : own_(own) {}

  /// The failure that ended the guest in a call of this context, whether it was handed on or not.
  const std::optional<error>& unwinding() const { return unwinding_; }

  void* own() const { return own_; }

  guest_context(const guest_context&) = delete;
  guest_context& operator=(const guest_context&) = delete;
  ~guest_context() = default;

private:
  friend class guest_allocation;

  /// `values` holds the arguments and has room for the results. Pre: they have the function's type.
  result<void> call_raw(const function<>& callee, std::span<detail::raw_value> values);
  void free(guest_ptr<> at);
  std::unexpected<error> failed(error why);

  void* own_;
  std::optional<error> unwinding_;   ///< the first failure that ends the guest
  std::optional<function<>> malloc_; ///< found at the first allocation
  std::optional<function<>> free_;
};

inline void guest_allocation::reset()
{
  if (context_ != nullptr) {
    std::exchange(context_, nullptr)->free(at_);
  }
}

namespace detail {

/// How a C++ type of the embedder's passes into the guest and out of it, in how many wasm values.
template <class T>
struct passing {
  static_assert(sizeof(T) == 0, "a guest function takes and gives integers, bool, enums, float, double, guest_ptr<T>; "
                                "it takes std::string, std::string_view and std::span of bytes, too");
};

template <number T>
struct passing<T> {
  static constexpr std::array kinds{kind_of<T>()};

  struct temporary {};

  static result<temporary> put(guest_context&, T value, raw_value* to)
  {
    *to = to_raw(value);
    return temporary{};
  }

  static result<void> take_back(guest_context&, temporary&, T) { return {}; }

  static result<T> take(guest_context&, const raw_value* from) { return from_raw<T>(*from); }
};

template <class T>
struct passing_text {
  static constexpr std::array kinds{value_kind::i32};
  using temporary = guest_allocation;

  static result<temporary> put(guest_context& context, const T& text, raw_value* to)
  {
    auto copied = context.copy_in(std::string_view(text));
    if (copied) {
      *to = to_raw(copied->get());
    }
    return copied;
  }

  static result<void> take_back(guest_context&, temporary&, const T&) { return {}; }

  static result<std::string> take(guest_context& context, const raw_value* from)
  {
    return context.read_string(from_raw<guest_ptr<>>(*from));
  }
};

template <>
struct passing<std::string> : passing_text<std::string> {};

template <>
struct passing<std::string_view> : passing_text<std::string_view> {};

template <class Byte>
struct passing_bytes {
  static constexpr std::array kinds{value_kind::i32, value_kind::i32};
  using temporary = guest_allocation;

  static result<temporary> put(guest_context& context, std::span<Byte> bytes, raw_value* to)
  {
    auto copied = context.copy_in(std::span<const std::byte>(bytes));
    if (copied) {
      to[0] = to_raw(copied->get());
      to[1] = {bytes.size(), 0};
    }
    return copied;
  }

  static result<void> take_back(guest_context& context, temporary& copy, std::span<Byte> bytes)
  {
    if constexpr (!std::is_const_v<Byte>) {
      return context.read_bytes(copy.get(), bytes);
    } else {
      return {};
    }
  }
};

template <>
struct passing<std::span<const std::byte>> : passing_bytes<const std::byte> {};

template <>
struct passing<std::span<std::byte>> : passing_bytes<std::byte> {};

template <class T>
struct is_borrowed : std::false_type {};

template <>
struct is_borrowed<std::string_view> : std::true_type {};

template <class Byte>
struct is_borrowed<std::span<Byte>> : std::true_type {};

/// Address and length, copied.
template <>
struct passing<std::vector<std::byte>> : passing_bytes<const std::byte> {
  static result<void> take_back(guest_context&, temporary&, const std::vector<std::byte>&) { return {}; }

  static result<std::vector<std::byte>> take(guest_context& context, const raw_value* from)
  {
    return context.read_bytes(from_raw<guest_ptr<>>(from[0]), from_raw<std::uint32_t>(from[1]));
  }
};

template <class R>
struct result_kinds {
  static std::vector<value_kind> get() { return {passing<R>::kinds.begin(), passing<R>::kinds.end()}; }
};

template <>
struct result_kinds<void> {
  static std::vector<value_kind> get() { return {}; }
};

template <class R, class... A>
signature signature_of()
{
  signature type;
  (type.parameters.insert(type.parameters.end(), passing<A>::kinds.begin(), passing<A>::kinds.end()), ...);
  type.results = result_kinds<R>::get();
  return type;
}

template <class Signature>
struct typed;

template <class R, class... A>
struct typed<R(A...)> {
  static signature type() { return signature_of<R, std::remove_cvref_t<A>...>(); }
};

/// The function with a C++ type, if it has that.
result<function<>> compared(result<function<>> found, const signature& wanted);

} // namespace detail

template <class Signature>
result<function<Signature>> guest_context::find(const library& in, const std::string& name)
{
  auto found = detail::compared(find(in, name), detail::typed<Signature>::type());
  return found ? result<function<Signature>>(function<Signature>(std::move(*found))) : fail(std::move(found.error()));
}

template <class Signature>
result<function<Signature>> guest_context::function_at(guest_ptr<> pointer)
{
  auto found = detail::compared(function_at(pointer), detail::typed<Signature>::type());
  return found ? result<function<Signature>>(function<Signature>(std::move(*found))) : fail(std::move(found.error()));
}

template <class R, class... A>
result<R> guest_context::call(const function<R(A...)>& callee, std::type_identity_t<A>... arguments)
{
  constexpr std::size_t taken = (std::size_t{0} + ... + detail::passing<std::remove_cvref_t<A>>::kinds.size());
  std::array<detail::raw_value, (taken == 0 ? 1 : taken)> values{};
  std::optional<error> failed;
  // From left to right, and none after the first that fails.
  std::size_t place = 0;
  [[maybe_unused]] const auto put =
      [&]<class T>(const T& argument) -> std::optional<typename detail::passing<T>::temporary> {
    if (failed) {
      return std::nullopt;
    }
    auto made = detail::passing<T>::put(*this, argument, values.data() + place);
    place += detail::passing<T>::kinds.size();
    if (!made) {
      failed = std::move(made.error());
      return std::nullopt;
    }
    return std::move(*made);
  };
  std::tuple<std::optional<typename detail::passing<std::remove_cvref_t<A>>::temporary>...> temporaries{
      put.template operator()<std::remove_cvref_t<A>>(arguments)...};
  if (failed) {
    return fail(std::move(*failed));
  }
  if (auto called = call_raw(callee, values); !called) {
    return fail(std::move(called.error()));
  }
  [[maybe_unused]] const auto take_back = [&]<class T>(auto& temporary, const T& argument) {
    if (!failed) {
      if (auto taken_back = detail::passing<T>::take_back(*this, *temporary, argument); !taken_back) {
        failed = std::move(taken_back.error());
      }
    }
  };
  std::apply(
      [&](auto&... temporary) { (take_back.template operator()<std::remove_cvref_t<A>>(temporary, arguments), ...); },
      temporaries);
  if (failed) {
    return fail(std::move(*failed));
  }
  if constexpr (std::is_void_v<R>) {
    return {};
  } else {
    return detail::passing<R>::take(*this, values.data());
  }
}

} // namespace INTERLINK_NAMESPACE
