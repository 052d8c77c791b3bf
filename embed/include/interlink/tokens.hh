// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Completion tokens: `as_result(token)` and `as_error_code(token)`. Included by <interlink/interlink.hh>.
#pragma once

#include <asio/associator.hpp>
#include <asio/async_result.hpp>
#include <interlink/config.hh>
#include <interlink/error.hh>

#include <exception>
#include <system_error>
#include <tuple>
#include <type_traits>
#include <utility>

namespace INTERLINK_NAMESPACE {

namespace detail {

struct to_result {
  template <class T>
  static result<T> from(const std::exception_ptr& failed, T value)
  {
    return failed ? result<T>(fail(to_error(failed))) : result<T>(std::move(value));
  }

  template <class... T>
  struct signature;

  template <class Handler>
  static void call(Handler& handler, const std::exception_ptr& failed)
  {
    std::move(handler)(failed ? result<void>(fail(to_error(failed))) : result<void>());
  }

  template <class Handler, class T>
  static void call(Handler& handler, const std::exception_ptr& failed, T value)
  {
    std::move(handler)(from(failed, std::move(value)));
  }
};

template <>
struct to_result::signature<> {
  using type = void(result<void>);
};

template <class T>
struct to_result::signature<T> {
  using type = void(result<T>);
};

struct to_code {
  template <class... T>
  struct signature {
    using type = void(std::error_code, T...);
  };

  template <class Handler, class... T>
  static void call(Handler& handler, const std::exception_ptr& failed, T... value)
  {
    std::move(handler)(failed ? to_error(failed).error_code() : std::error_code(), std::move(value)...);
  }
};

template <class Token, class Map>
struct adapted_token {
  Token token;
};

template <class Handler, class Map>
struct adapted_handler {
  Handler handler;

  template <class... T>
  void operator()(const std::exception_ptr& failed, T... value)
  {
    Map::call(handler, failed, std::move(value)...);
  }
};

template <class Map, class Signature>
struct adapted_signature;

template <class Map, class... T>
struct adapted_signature<Map, void(std::exception_ptr, T...)> : Map::template signature<T...> {};

/// The executor of an initiation that has one.
template <class Initiation>
struct initiation_executor {};

template <class Initiation>
  requires requires { typename Initiation::executor_type; }
struct initiation_executor<Initiation> {
  using executor_type = typename Initiation::executor_type;
};

/// What adapters of older versions of asio ask a token for.
template <class Result>
struct initiation_result {};

template <class Result>
  requires requires { typename Result::return_type; }
struct initiation_result<Result> {
  using return_type = typename Result::return_type;
};

template <class Initiation, class Map>
struct adapted_initiation : initiation_executor<Initiation> {
  explicit adapted_initiation(Initiation of) : begin(std::move(of)) {}

  auto get_executor() const noexcept
    requires requires { typename Initiation::executor_type; }
  {
    return begin.get_executor();
  }

  Initiation begin;

  template <class Handler, class... Arguments>
  void operator()(Handler&& handler, Arguments&&... arguments)
  {
    std::move(begin)(adapted_handler<std::decay_t<Handler>, Map>{std::forward<Handler>(handler)},
                     std::forward<Arguments>(arguments)...);
  }
};

} // namespace detail

/// The operation completes with one `result<T>`, and nothing throws: `auto opened = co_await
/// group.async_open("x.so", flags, as_result(asio::use_awaitable))`.
template <class Token>
auto as_result(Token&& token)
{
  return detail::adapted_token<std::decay_t<Token>, detail::to_result>{std::forward<Token>(token)};
}

/// The operation completes with `std::error_code, T`. The code says what kind of failure; which module or symbol it
/// was is lost.
template <class Token>
auto as_error_code(Token&& token)
{
  return detail::adapted_token<std::decay_t<Token>, detail::to_code>{std::forward<Token>(token)};
}

} // namespace INTERLINK_NAMESPACE

template <class Token, class Map, class Signature>
struct asio::async_result<interlink::v0::detail::adapted_token<Token, Map>, Signature>
    : interlink::v0::detail::initiation_result<
          asio::async_result<Token, typename interlink::v0::detail::adapted_signature<Map, Signature>::type>> {
  using adapted = typename interlink::v0::detail::adapted_signature<Map, Signature>::type;

  template <class Initiation, class Adapted, class... Arguments>
  static auto initiate(Initiation&& initiation, Adapted&& token, Arguments&&... arguments)
  {
    using kept = std::conditional_t<std::is_const_v<std::remove_reference_t<Adapted>>, const Token, Token>;
    return asio::async_initiate<kept, adapted>(
        interlink::v0::detail::adapted_initiation<std::decay_t<Initiation>, Map>(std::forward<Initiation>(initiation)),
        token.token, std::forward<Arguments>(arguments)...);
  }
};

template <template <class, class> class Associator, class Handler, class Map, class Default>
struct asio::associator<Associator, interlink::v0::detail::adapted_handler<Handler, Map>, Default>
    : Associator<Handler, Default> {
  static auto get(const interlink::v0::detail::adapted_handler<Handler, Map>& adapted) noexcept
  {
    return Associator<Handler, Default>::get(adapted.handler);
  }

  static auto get(const interlink::v0::detail::adapted_handler<Handler, Map>& adapted, const Default& other) noexcept
  {
    return Associator<Handler, Default>::get(adapted.handler, other);
  }
};
