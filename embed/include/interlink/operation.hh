// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an asynchronous operation is made of: the library's half, which knows nothing of asio, and the half that is
// compiled with the program's own asio. So the library serves a program with any version of asio. Details; included by
// <interlink/interlink.hh>.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/associated_allocator.hpp>
#include <asio/associated_cancellation_slot.hpp>
#include <asio/associated_executor.hpp>
#include <asio/async_result.hpp>
#include <asio/cancellation_type.hpp>
#include <asio/dispatch.hpp>
#include <asio/execution/outstanding_work.hpp>
#include <asio/io_context.hpp>
#include <asio/post.hpp>
#include <asio/prefer.hpp>
#include <asio/version.hpp>
#include <interlink/config.hh>
#include <interlink/error.hh>
#include <interlink/guest_context.hh>
#if ASIO_VERSION >= 102700
#include <asio/associated_immediate_executor.hpp>
#endif

#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace INTERLINK_NAMESPACE {
namespace detail {

/// The library's half. Where its cancellation, from the embedder's threads, meets the guest thread that carries it
/// out: whoever comes first completes it, once.
class operation_base {
public:
  operation_base();
  operation_base(const operation_base&) = delete;
  operation_base& operator=(const operation_base&) = delete;
  virtual ~operation_base();

  /// What cancellation of an operation means: see the table in docs/embedding.md.
  void cancel(bool is_terminal);

  /// Completes it with this error, unless it is complete.
  virtual void refuse(error why) = 0;

  /// Work for a group: does it and keeps the outcome; null or what failed. Context: the group's thread, once.
  virtual const error* work(guest_context&) { return nullptr; }

  /// Completes it with the outcome that is kept, unless it is complete.
  virtual void finish() {}

  struct state;

  state& own() { return *reinterpret_cast<state*>(state_); }

protected:
  /// True for the first caller, who completes it.
  bool claim();

  /// Drops what is kept until it is complete. It may be the last handle of a process.
  void release();

private:
  static constexpr std::size_t state_size = 160;
  alignas(std::max_align_t) std::byte state_[state_size];
};

/// One that completes with a `T` of the library's.
template <class T>
class operation : public operation_base {
public:
  /// Completes it, unless it is complete.
  virtual void complete(result<T> outcome) = 0;

  void refuse(error why) override { complete(fail(std::move(why))); }
};

template <class T>
struct completion_signature {
  using type = void(std::exception_ptr, T);
};

template <>
struct completion_signature<void> {
  using type = void(std::exception_ptr);
};

/// What is posted to the handler's executor.
template <class Handler, class Slot, class... Arguments>
struct bound_completion {
  Handler handler;
  Slot slot;
  std::tuple<Arguments...> arguments;

  using allocator_type = asio::associated_allocator_t<Handler>;

  allocator_type get_allocator() const noexcept { return asio::get_associated_allocator(handler); }

  void operator()()
  {
    slot.clear(); // here, where cancellations come from as well: a slot serves one thread at a time
    std::apply(std::move(handler), std::move(arguments));
  }
};

/// Posts. An `any_io_executor` makes an allocation of its own for each function, so one that has an io_context's
/// executor in it is looked through.
template <class Executor, class Completion>
void post_to(const Executor& executor, Completion completion)
{
  if constexpr (std::is_same_v<Executor, asio::any_io_executor>) {
    using tracked = std::decay_t<decltype(asio::prefer(std::declval<asio::io_context::executor_type>(),
                                                       asio::execution::outstanding_work.tracked))>;
    if (const auto* const own = executor.template target<tracked>()) {
      asio::post(*own, std::move(completion));
      return;
    }
  }
  asio::post(executor, std::move(completion));
}

/// The half of the program's own asio. `Map` makes what the handler gets of the library's `T`.
template <class T, class Handler, class Executor, class Map>
class asio_operation : public operation<T> {
public:
  asio_operation(Handler handler, const Executor& own, Map map)
      : slot_(asio::get_associated_cancellation_slot(handler)),
        own_(own),
        work_(asio::prefer(asio::get_associated_executor(handler, own), asio::execution::outstanding_work.tracked)),
        handler_(std::move(handler)),
        map_(std::move(map))
  {
  }

  void complete(result<T> outcome) override
  {
    if (this->claim()) {
      deliver(std::move(outcome), [&](auto completion) { post_to(*work_, std::move(completion)); });
      work_.reset();
      this->release();
    }
  }

  /// From the initiating function itself: where the handler names an executor for that, it may run there and then.
  void complete_immediately(error why)
  {
    if (!this->claim()) {
      return;
    }
#if ASIO_VERSION >= 102700
    auto immediate = asio::get_associated_immediate_executor(*handler_, own_);
    deliver(fail(std::move(why)), [&](auto completion) { asio::dispatch(immediate, std::move(completion)); });
#else
    deliver(fail(std::move(why)), [&](auto completion) { post_to(*work_, std::move(completion)); });
#endif
    work_.reset();
  }

  const auto& slot() const { return slot_; }

  template <class Hand>
  void deliver(result<T> outcome, Hand hand)
  {
    Handler handler = std::move(*handler_);
    handler_.reset();
    std::exception_ptr failed = outcome   ? std::exception_ptr()
                                : thrown_ ? thrown_
                                          : std::make_exception_ptr(failure(std::move(outcome.error())));
    if constexpr (std::is_void_v<T>) {
      hand(bound_completion<Handler, slot_type, std::exception_ptr>{std::move(handler), slot_, {std::move(failed)}});
    } else {
      using value = decltype(map_(std::move(*outcome)));
      hand(bound_completion<Handler, slot_type, std::exception_ptr, value>{
          std::move(handler), slot_, {std::move(failed), outcome ? map_(std::move(*outcome)) : value()}});
    }
  }

protected:
  std::exception_ptr thrown_; ///< by the embedder's own function

private:
  using slot_type = asio::associated_cancellation_slot_t<Handler>;
  using work_type = std::decay_t<decltype(asio::prefer(std::declval<asio::associated_executor_t<Handler, Executor>>(),
                                                       asio::execution::outstanding_work.tracked))>;

  slot_type slot_;
  Executor own_;
  std::optional<work_type> work_;
  std::optional<Handler> handler_;
  Map map_;
};

/// Work on a group's thread: `Work` is called with a guest_context, and returns a `T` or a result of one.
template <class T, class Handler, class Executor, class Map, class Work>
class asio_group_operation final : public asio_operation<T, Handler, Executor, Map> {
public:
  asio_group_operation(Handler handler, const Executor& own, Map map, Work work)
      : asio_operation<T, Handler, Executor, Map>(std::move(handler), own, std::move(map)), do_(std::move(work))
  {
  }

  const error* work(guest_context& guest) override
  {
    try {
      if constexpr (std::is_same_v<std::invoke_result_t<Work&, guest_context&>, result<T>>) {
        outcome_.emplace(do_(guest));
      } else if constexpr (std::is_void_v<T>) {
        do_(guest);
        outcome_.emplace();
      } else {
        outcome_.emplace(do_(guest));
      }
    } catch (...) { // the embedder's own exception is the embedder's again
      this->thrown_ = std::current_exception();
      outcome_.emplace(fail(to_error(this->thrown_)));
    }
    return *outcome_ ? nullptr : &outcome_->error();
  }

  void finish() override { this->complete(std::move(*outcome_)); }

private:
  Work do_;
  std::optional<result<T>> outcome_;
};

struct identity {
  template <class T>
  T operator()(T value) const
  {
    return value;
  }
};

template <class Operation>
void connect(const std::shared_ptr<Operation>& made)
{
  auto slot = made->slot();
  if (slot.is_connected()) {
    slot.assign([weak = std::weak_ptr<operation_base>(made)](asio::cancellation_type type) {
      if (const auto under_way = weak.lock()) {
        under_way->cancel((type & asio::cancellation_type::terminal) != asio::cancellation_type::none);
      }
    });
  }
}

/// Starts an operation that completes with what `map` makes of a `T`; `begin` is handed the library's half.
template <class T, class Executor, class Map, class Begin>
class initiation {
public:
  using executor_type = Executor;

  initiation(const Executor& own, Map map, Begin begin) : own_(own), map_(std::move(map)), begin_(std::move(begin)) {}

  executor_type get_executor() const noexcept { return own_; }

  template <class Handler>
  void operator()(Handler&& handler)
  {
    using made = asio_operation<T, std::decay_t<Handler>, Executor, Map>;
    auto allocator = asio::get_associated_allocator(handler);
    auto begun = std::allocate_shared<made>(allocator, std::forward<Handler>(handler), own_, std::move(map_));
    connect(begun);
    begin_(std::shared_ptr<operation<T>>(std::move(begun)));
  }

private:
  Executor own_;
  Map map_;
  Begin begin_;
};

template <class T, class Executor, class Map, class Work, class Post>
class group_initiation {
public:
  using executor_type = Executor;

  group_initiation(const Executor& own, Map map, Work work, Post post)
      : own_(own), map_(std::move(map)), work_(std::move(work)), post_(std::move(post))
  {
  }

  executor_type get_executor() const noexcept { return own_; }

  template <class Handler>
  void operator()(Handler&& handler)
  {
    using made = asio_group_operation<T, std::decay_t<Handler>, Executor, Map, Work>;
    auto allocator = asio::get_associated_allocator(handler);
    auto begun =
        std::allocate_shared<made>(allocator, std::forward<Handler>(handler), own_, std::move(map_), std::move(work_));
    connect(begun);
    if (auto refused = post_(begun)) {
      begun->complete_immediately(std::move(*refused));
    }
  }

private:
  Executor own_;
  Map map_;
  Work work_;
  Post post_;
};

template <class Raw, class Map>
struct mapped {
  using type = std::invoke_result_t<Map&, Raw>;
};

template <class Map>
struct mapped<void, Map> {
  using type = void;
};

template <class T, class Executor, class Token, class Map, class Begin>
auto initiate(const Executor& own, Token&& token, Map map, Begin begin)
{
  using signature = typename completion_signature<typename mapped<T, Map>::type>::type;
  return asio::async_initiate<Token, signature>(
      initiation<T, Executor, Map, Begin>(own, std::move(map), std::move(begin)), token);
}

template <class T, class Executor, class Token, class Map, class Work, class Post>
auto initiate_in_group(const Executor& own, Token&& token, Map map, Work work, Post post)
{
  using signature = typename completion_signature<typename mapped<T, Map>::type>::type;
  return asio::async_initiate<Token, signature>(
      group_initiation<T, Executor, Map, Work, Post>(own, std::move(map), std::move(work), std::move(post)), token);
}

} // namespace detail
} // namespace INTERLINK_NAMESPACE
