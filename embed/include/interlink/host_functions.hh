// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Functions of the embedder's that guests import. Included by <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>
#include <interlink/error.hh>
#include <interlink/guest_context.hh>
#include <interlink/values.hh>

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace INTERLINK_NAMESPACE {

namespace detail {

using host_body = std::function<result<void>(guest_context&, std::span<raw_value>)>;

template <class T>
struct unwrapped {
  using type = T;
};

template <class T>
struct unwrapped<result<T>> {
  using type = T;
};

/// What the C++ function's type says of it.
template <class F>
struct callable : callable<decltype(&F::operator())> {};

template <class R, class... A>
struct callable<R (*)(guest_context&, A...)> {
  static constexpr bool sees_guest = true;
  using result_type = typename unwrapped<R>::type;
  using arguments = std::tuple<std::remove_cvref_t<A>...>;

  static signature type() { return signature_of<result_type, std::remove_cvref_t<A>...>(); }
};

template <class R, class... A>
struct callable<R (*)(A...)> {
  static constexpr bool sees_guest = false;
  using result_type = typename unwrapped<R>::type;
  using arguments = std::tuple<std::remove_cvref_t<A>...>;

  static signature type() { return signature_of<result_type, std::remove_cvref_t<A>...>(); }
};

template <class R, class... A>
struct callable<R (*)(A...) noexcept> : callable<R (*)(A...)> {};

template <class C, class R, class... A>
struct callable<R (C::*)(A...)> : callable<R (*)(A...)> {};

template <class C, class R, class... A>
struct callable<R (C::*)(A...) const> : callable<R (*)(A...)> {};

template <class C, class R, class... A>
struct callable<R (C::*)(A...) noexcept> : callable<R (*)(A...)> {};

template <class C, class R, class... A>
struct callable<R (C::*)(A...) const noexcept> : callable<R (*)(A...)> {};

template <class F, class Arguments, std::size_t... I>
result<void> serve(F& body, guest_context& context, std::span<raw_value> values, std::index_sequence<I...>)
{
  using facts = callable<F>;
  std::optional<error> failed;
  std::size_t place = 0;
  const auto take = [&]<class T>(std::type_identity<T>) -> std::optional<T> {
    if (failed) {
      return std::nullopt;
    }
    auto taken = passing<T>::take(context, values.data() + place);
    place += passing<T>::kinds.size();
    if (!taken) {
      failed = std::move(taken.error());
      return std::nullopt;
    }
    return std::move(*taken);
  };
  std::tuple<std::optional<std::tuple_element_t<I, Arguments>>...> arguments{
      take(std::type_identity<std::tuple_element_t<I, Arguments>>{})...};
  if (failed) {
    return fail(std::move(*failed));
  }
  const auto call = [&] {
    if constexpr (facts::sees_guest) {
      return body(context, std::move(*std::get<I>(arguments))...);
    } else {
      return body(std::move(*std::get<I>(arguments))...);
    }
  };
  using given = decltype(call());
  if constexpr (std::is_void_v<given>) {
    call();
    return {};
  } else if constexpr (std::is_same_v<given, result<void>>) {
    return call();
  } else if constexpr (std::is_same_v<given, typename facts::result_type>) {
    values[0] = to_raw(call());
    return {};
  } else {
    auto answer = call();
    if (!answer) {
      return fail(std::move(answer.error()));
    }
    values[0] = to_raw(*answer);
    return {};
  }
}

} // namespace detail

/// The signature that guests see is deduced from the C++ function:
///
///     functions.add("env", "log", [](guest_context& guest, std::string text) { ... });   // (func (param i32))
///     functions.add("env", "now", [] { return std::int64_t{...}; });                      // (func (result i64))
///
/// A `guest_context&` comes first, if at all. Integers, bool and enums of up to 32 bits and guest_ptr are an i32,
/// those of 64 an i64; float is f32, double f64. A std::string is a C string's address, a std::vector<std::byte> an
/// address and a length; both are copied. The result is one of the numbers, void, or a `result` of these. A guest
/// that imports the name with another type is not loaded: symbol_type_mismatch, with both types.
///
/// It runs on the thread of the guest that called it, in several at once: it guards what it shares. It may wait, and
/// its group's operations wait with it; for one of these it must never wait itself (a report says so after a second).
///
/// A returned error unwinds the guest's call: it is what the embedder's operation completes with, and
/// - guest_trapped, guest_threw and stopping end the process; guest_exited ends it, with the detail's exit code as
/// its
///   outcome; thread_exited ends the thread;
/// - any other ends the outermost call alone, and the process goes on: the stack is as before, but the guest's own
///   locks and memory are as the cut call left them. In `_start` of a command it ends the process, there being no
///   other call.
/// So an error that the guest could handle is better a number that it knows. An exception is a trap with its text.
///
/// Context: filled before a process is made, then copied into it.
class host_functions {
public:
  /// Replaces a function of the same names, one of WASI included.
  template <class F>
  host_functions& add(std::string module, std::string name, F body)
  {
    static_assert(!std::is_reference_v<F>);
    return add_raw(std::move(module), std::move(name), detail::callable<F>::type(),
                   [body = std::move(body)](guest_context& context, std::span<detail::raw_value> values) mutable {
                     using arguments = typename detail::callable<F>::arguments;
                     return detail::serve<F, arguments>(body, context, values,
                                                        std::make_index_sequence<std::tuple_size_v<arguments>>{});
                   });
  }

  /// Functions of this import module that nobody offers link all the same, and answer 58 (Notsup) when they are
  /// called.
  host_functions& open(std::string module)
  {
    open_modules_.push_back(std::move(module));
    return *this;
  }

  struct entry {
    std::string module;
    std::string name;
    signature type;
    detail::host_body body;
  };

  const std::vector<entry>& entries() const { return entries_; }

  const std::vector<std::string>& open_modules() const { return open_modules_; }

private:
  host_functions& add_raw(std::string module, std::string name, signature type, detail::host_body body)
  {
    entries_.push_back({std::move(module), std::move(name), std::move(type), std::move(body)});
    return *this;
  }

  std::vector<entry> entries_;
  std::vector<std::string> open_modules_;
};

} // namespace INTERLINK_NAMESPACE
