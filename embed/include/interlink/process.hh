// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runtime, program, process and group: what a program on asio embeds. Included by <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>
#include <interlink/error.hh>
#include <interlink/guest_context.hh>
#include <interlink/handles.hh>
#include <interlink/operation.hh>
#include <interlink/options.hh>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace INTERLINK_NAMESPACE {

namespace detail {

class runtime_state;
class program_state;
class process_state;

using runtime_ptr = std::shared_ptr<runtime_state>;
using program_ptr = std::shared_ptr<const program_state>;
using process_ptr = std::shared_ptr<process_state>;

// The library's functions. None calls back before it returns, but for those that complete `done` at once.
result<runtime_ptr> make_runtime(const runtime_options& options);
void compile(const runtime_ptr& in, std::string path, const std::shared_ptr<operation<program_ptr>>& done);
void compile(const runtime_ptr& in, std::vector<std::byte> bytes, std::string name,
             const std::shared_ptr<operation<program_ptr>>& done);
const std::string& name_of(const program_state& program);
void make_process(const program_ptr& program, process_options options,
                  const std::shared_ptr<operation<process_ptr>>& done);
void start(const process_ptr& process, const std::shared_ptr<operation<std::uint32_t>>& done);
void run(const process_ptr& process, const std::shared_ptr<operation<process_outcome>>& done);
void wait(const process_ptr& process, const std::shared_ptr<operation<process_outcome>>& done);
void spawn_group(const process_ptr& process, const std::shared_ptr<operation<std::uint32_t>>& done);
void stop(const process_ptr& process, std::chrono::milliseconds grace,
          const std::shared_ptr<operation<stop_report>>& done);
bool interrupt(process_state& process, std::uint32_t group);
error located(const process_state& process, const error& why);
std::vector<thread_info> threads_of(const process_state& process);
/// What became of the post: nothing when the group's thread has it.
std::optional<error> post(const process_ptr& process, std::uint32_t group, const std::shared_ptr<operation_base>& work);

template <class T>
struct unwrapped_result : std::type_identity<T> {};

template <class T>
struct unwrapped_result<result<T>> : std::type_identity<T> {};

template <class Executor>
using default_token = typename asio::default_completion_token<Executor>::type;

} // namespace detail

/// One instance group: a guest thread. Operations run on that thread, between its guest calls, in the order of their
/// initiation, at most 1,024 waiting. A copy is a handle of its process. Context: any thread.
template <class Executor>
class basic_group {
public:
  using executor_type = Executor;

  template <class Other>
  struct rebind_executor {
    using other = basic_group<Other>;
  };

  /// None. Operations complete with `stopping`.
  basic_group() = default;

  basic_group(detail::process_ptr process, std::uint32_t id, Executor executor)
      : process_(std::move(process)), id_(id), executor_(std::move(executor))
  {
  }

  template <class Other>
    requires std::is_convertible_v<Other, Executor>
  basic_group(const basic_group<Other>& other) // NOLINT(google-explicit-constructor): as asio's I/O objects are
      : process_(other.process()), id_(other.id()), executor_(other.get_executor())
  {
  }

  executor_type get_executor() const noexcept { return executor_; }

  /// Its number in reports.
  std::uint32_t id() const { return id_; }

  const detail::process_ptr& process() const { return process_; }

  /// Runs `f(guest_context&)` on the group's thread: many calls, reads and writes in one hop. It returns a `T`, or a
  /// `result<T>` to fail. An exception that it throws is what the operation completes with.
  /// Errors: `f`'s; mailbox_full; stopping when the group has ended; cancelled.
  template <class F, class Token = detail::default_token<Executor>>
  auto async_invoke(F f, Token&& token = Token())
  {
    using value = typename detail::unwrapped_result<std::invoke_result_t<F&, guest_context&>>::type;
    return detail::initiate_in_group<value>(executor_, std::forward<Token>(token), detail::identity{}, std::move(f),
                                            poster{process_, id_});
  }

  /// What dlopen does in this group. A library that fails to load leaves nothing behind.
  /// Errors: library_not_found and all of reading, linking and layout; those of async_invoke; guest_trapped from a
  /// constructor, which ends the process.
  template <class Token = detail::default_token<Executor>>
  auto async_open(std::string name, open_flag flags = open_flag::now, Token&& token = Token())
  {
    return async_invoke([name = std::move(name), flags](guest_context& guest) { return guest.open(name, flags); },
                        std::forward<Token>(token));
  }

  /// The same with a library's bytes: see guest_context::open.
  template <class Token = detail::default_token<Executor>>
  auto async_open(std::vector<std::byte> bytes, std::string name, open_flag flags = open_flag::now,
                  Token&& token = Token())
  {
    return async_invoke([bytes = std::move(bytes), name = std::move(name),
                         flags](guest_context& guest) { return guest.open(bytes, name, flags); },
                        std::forward<Token>(token));
  }

  /// What dlclose does: when it was the last handle, destructors run in this group.
  /// Errors: invalid_handle; those of a call when a destructor fails; those of async_invoke.
  template <class Token = detail::default_token<Executor>>
  auto async_close(library closed, Token&& token = Token())
  {
    return async_invoke([closed = std::move(closed)](guest_context& guest) { return guest.close(closed); },
                        std::forward<Token>(token));
  }

  /// What dlsym does, for functions; with a type, `async_find<int(int, int)>(in, "add")`, the guest's is compared.
  /// Errors: symbol_not_found; symbol_type_mismatch (another type, or a datum); invalid_handle; those of
  /// async_invoke.
  template <class Signature = void, class Token = detail::default_token<Executor>>
  auto async_find(library in, std::string name, Token&& token = Token())
  {
    return async_invoke(
        [in = std::move(in), name = std::move(name)](guest_context& guest) {
          if constexpr (std::is_void_v<Signature>) {
            return guest.find(in, name);
          } else {
            return guest.template find<Signature>(in, name);
          }
        },
        std::forward<Token>(token));
  }

  /// What dlsym does, for data. Errors: as async_find; symbol_type_mismatch for a function.
  template <class T = void, class Token = detail::default_token<Executor>>
  auto async_find_data(library in, std::string name, Token&& token = Token())
  {
    return async_invoke([in = std::move(in), name = std::move(name)](
                            guest_context& guest) { return guest.template find_data<T>(in, name); },
                        std::forward<Token>(token));
  }

  /// Calls a guest function in this group: `async_call(add, {40, 2}, token)`. Text and bytes are given as std::string
  /// and std::vector<std::byte>, which the operation keeps; for the guest's own in buffers and out of them there is
  /// async_invoke.
  /// Errors: those of guest_context::call and of async_invoke. guest_trapped and guest_exited end the process.
  template <class R, class... A, class Token = detail::default_token<Executor>>
  auto async_call(const function<R(A...)>& callee,
                  std::type_identity_t<std::tuple<std::remove_cvref_t<A>...>> arguments, Token&& token = Token())
  {
    static_assert(!(detail::is_borrowed<std::remove_cvref_t<A>>::value || ...),
                  "a terminal cancellation completes the operation while the guest goes on: it cannot borrow a buffer; "
                  "give the function std::string and std::vector<std::byte>, or use async_invoke");
    return async_invoke(
        [callee, arguments = std::move(arguments)](guest_context& guest) mutable {
          return std::apply([&](auto&... each) { return guest.call(callee, each...); }, arguments);
        },
        std::forward<Token>(token));
  }

  /// The same for a function whose type is known at run time. Errors: also symbol_type_mismatch.
  template <class Token = detail::default_token<Executor>>
  auto async_call(function<> callee, std::vector<guest_value> arguments, Token&& token = Token())
  {
    return async_invoke([callee = std::move(callee), arguments = std::move(arguments)](
                            guest_context& guest) { return guest.call(callee, arguments); },
                        std::forward<Token>(token));
  }

private:
  struct poster {
    detail::process_ptr process;
    std::uint32_t group;

    std::optional<error> operator()(const std::shared_ptr<detail::operation_base>& work) const
    {
      return detail::post(process, group, work);
    }
  };

  detail::process_ptr process_;
  std::uint32_t id_{};
  Executor executor_;
};

/// Compiled code, shared by all processes that are made of it. Context: any thread; immutable.
class program {
public:
  /// None. No process can be made of it.
  program() = default;

  explicit program(detail::program_ptr state) : state_(std::move(state)) {}

  explicit operator bool() const { return state_ != nullptr; }

  /// As messages name it. Pre: not none.
  const std::string& name() const { return detail::name_of(*state_); }

  const detail::program_ptr& state() const { return state_; }

private:
  detail::program_ptr state_;
};

/// An engine with its compiled code and one thread of the library's own, which never runs guest code. A copy is a
/// handle; processes hold one, too. Context: any thread.
template <class Executor>
class basic_runtime {
public:
  using executor_type = Executor;

  template <class Other>
  struct rebind_executor {
    using other = basic_runtime<Other>;
  };

  /// Throws `failure`: invalid_argument (stack size), file_unreadable (the cache directory), spawn_failed.
  explicit basic_runtime(Executor executor, const runtime_options& options = {}) : executor_(std::move(executor))
  {
    auto made = detail::make_runtime(options);
    if (!made) {
      throw failure(std::move(made.error()));
    }
    state_ = std::move(*made);
  }

  template <class Context>
    requires std::is_convertible_v<Context&, asio::execution_context&>
  explicit basic_runtime(Context& context, const runtime_options& options = {})
      : basic_runtime(Executor(context.get_executor()), options)
  {
  }

  template <class Other>
    requires std::is_convertible_v<Other, Executor>
  basic_runtime(const basic_runtime<Other>& other) // NOLINT(google-explicit-constructor): as asio's I/O objects are
      : state_(other.state()), executor_(other.get_executor())
  {
  }

  executor_type get_executor() const noexcept { return executor_; }

  const detail::runtime_ptr& state() const { return state_; }

  /// Reads, checks and compiles a program, on a thread made for it; the same bytes are compiled once in a runtime.
  /// Errors: library_not_found, file_unreadable, malformed_module, unsupported_module, limit_exceeded,
  /// engine_refused, spawn_failed.
  template <class Token = detail::default_token<Executor>>
  auto async_compile(std::string path, Token&& token = Token())
  {
    return detail::initiate<detail::program_ptr>(
        executor_, std::forward<Token>(token), [](detail::program_ptr made) { return program(std::move(made)); },
        [state = state_, path = std::move(path)](const auto& done) mutable {
          detail::compile(state, std::move(path), done);
        });
  }

  /// The same with its bytes. `name` is for messages, and the program's name when arguments are empty.
  template <class Token = detail::default_token<Executor>>
  auto async_compile(std::vector<std::byte> bytes, std::string name, Token&& token = Token())
  {
    return detail::initiate<detail::program_ptr>(
        executor_, std::forward<Token>(token), [](detail::program_ptr made) { return program(std::move(made)); },
        [state = state_, bytes = std::move(bytes), name = std::move(name)](const auto& done) mutable {
          detail::compile(state, std::move(bytes), std::move(name), done);
        });
  }

private:
  detail::runtime_ptr state_;
  Executor executor_;
};

/// A guest program with its memory, threads and libraries. A copy is a handle. The end of the last handle, groups'
/// and operations' under way included, stops the process and waits for its threads, at most a second. Context: any
/// thread.
template <class Executor>
class basic_process {
public:
  using executor_type = Executor;
  using group_type = basic_group<Executor>;

  template <class Other>
  struct rebind_executor {
    using other = basic_process<Other>;
  };

  /// None. Give it to nothing but an assignment.
  basic_process() = default;

  basic_process(detail::process_ptr state, Executor executor) : state_(std::move(state)), executor_(std::move(executor))
  {
  }

  template <class Other>
    requires std::is_convertible_v<Other, Executor>
  basic_process(const basic_process<Other>& other) // NOLINT(google-explicit-constructor): as asio's I/O objects are
      : state_(other.state()), executor_(other.get_executor())
  {
  }

  /// Links it with the host's functions and prepares its memory, on a thread made for it; runs nothing.
  /// Errors: invalid_argument (a directory that is missing, a memory offered to a program that has its own),
  /// unknown_import and symbol_type_mismatch (of a program that is not dynamically linked; of others at the start),
  /// memory_exhausted, spawn_failed.
  template <class Token = detail::default_token<Executor>>
  static auto async_make(Executor executor, program of, process_options options, Token&& token = Token())
  {
    return detail::initiate<detail::process_ptr>(
        executor, std::forward<Token>(token),
        [executor](detail::process_ptr made) { return basic_process(std::move(made), executor); },
        [of = std::move(of), options = std::move(options)](const auto& done) mutable {
          detail::make_process(of.state(), std::move(options), done);
        });
  }

  executor_type get_executor() const noexcept { return executor_; }

  const detail::process_ptr& state() const { return state_; }

  /// Loads the program and starts its first thread: of a command `_start` is about to run, and its group serves no
  /// operations until the program asks for them; of a reactor `_initialize` has returned and the group serves calls.
  /// Errors: all of loading; invalid_argument when it was started before.
  template <class Token = detail::default_token<Executor>>
  auto async_start(Token&& token = Token())
  {
    return detail::initiate<std::uint32_t>(executor_, std::forward<Token>(token), to_group{*this},
                                           [state = state_](const auto& done) { detail::start(state, done); });
  }

  /// Starts the program and completes when it has ended; whatever became of it is in the outcome. Until then it
  /// counts as a handle, and its cancellation ends the program unless there is another. Errors: invalid_argument when
  /// it was started before.
  template <class Token = detail::default_token<Executor>>
  auto async_run(Token&& token = Token())
  {
    return detail::initiate<process_outcome>(executor_, std::forward<Token>(token), detail::identity{},
                                             [state = state_](const auto& done) { detail::run(state, done); });
  }

  /// Completes when the process has ended, at once when it has. It is no handle: where the last one goes, the outcome
  /// is `stopped`.
  template <class Token = detail::default_token<Executor>>
  auto async_wait(Token&& token = Token())
  {
    return detail::initiate<process_outcome>(executor_, std::forward<Token>(token), detail::identity{},
                                             [state = state_](const auto& done) { detail::wait(state, done); });
  }

  /// Makes another group. A program with the guest support library makes a guest thread for it, in the first group
  /// between its calls; any other gets a group without a guest thread, which must call no function that needs one.
  /// Errors: spawn_failed before the start, and when guest or host cannot make a thread; mailbox_full; stopping.
  template <class Token = detail::default_token<Executor>>
  auto async_spawn_group(Token&& token = Token())
  {
    return detail::initiate<std::uint32_t>(executor_, std::forward<Token>(token), to_group{*this},
                                           [state = state_](const auto& done) { detail::spawn_group(state, done); });
  }

  /// Ends the process and waits for its threads, at most `grace`. A thread that waits or calls the host ends; one
  /// that computes ends with an interruptible runtime only, and is in the report otherwise: operations that it
  /// carries out complete with `stopping`. Errors: spawn_failed when the host has no thread to wait on; the process
  /// ends all the same.
  template <class Token = detail::default_token<Executor>>
  auto async_stop(std::chrono::milliseconds grace, Token&& token = Token())
  {
    return detail::initiate<stop_report>(
        executor_, std::forward<Token>(token), detail::identity{},
        [state = state_, grace](const auto& done) { detail::stop(state, grace, done); });
  }

  /// Ends the wait that a guest thread is in, or its next one, once, with errno EINTR. False when it is not alive.
  bool interrupt(std::uint32_t group) { return detail::interrupt(*state_, group); }

  /// The guest's threads, each with its group.
  std::vector<thread_info> threads() const { return detail::threads_of(*state_); }

  /// One of them. Operations run in it when its guest serves calls.
  group_type group(std::uint32_t id) const { return {state_, id, executor_}; }

  /// The same failure, with file and line in each frame of its backtrace whose module has line tables (-g). Reads the
  /// files of these modules again, so it is for what a person will read.
  error located(const error& why) const { return detail::located(*state_, why); }

private:
  struct to_group {
    basic_process of;

    basic_group<Executor> operator()(std::uint32_t id) const { return {of.state_, id, of.executor_}; }
  };

  detail::process_ptr state_;
  Executor executor_;
};

using runtime = basic_runtime<asio::any_io_executor>;
using process = basic_process<asio::any_io_executor>;
using group = basic_group<asio::any_io_executor>;

} // namespace INTERLINK_NAMESPACE
