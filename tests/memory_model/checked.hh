// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What stands in for the standard library's atomics, locks and shared pointers in code under test: each access goes to
// the execution under way (explorer.hh). `plain` is a variable whose races are found.
#pragma once

#include "tests/memory_model/explorer.hh"

#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <memory>
#include <new>
#include <source_location>
#include <type_traits>
#include <utility>

namespace interlink::memory_model {

/// The order of an access, or the weaker one that is tried at its place.
std::memory_order order_at(const std::source_location& at, const char* access, std::memory_order order);

template <class T>
std::uint64_t to_bits(T value)
{
  static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= sizeof(std::uint64_t));
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof value);
  return bits;
}

template <class T>
T from_bits(std::uint64_t bits)
{
  T value{};
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

/// A variable that is no atomic. Context: whoever is ordered with all others that touch it.
template <class T>
class plain {
public:
  plain(T initial = {}) : value_(std::move(initial))
  {
    write("the beginning of a life");
  } // NOLINT: as the value itself

  plain(const plain& other) : plain(static_cast<T>(other)) {}

  ~plain() { write("the end of a life"); }

  operator T() const // NOLINT: as the value itself
  {
    run::current()->read_plain(past_, "a variable");
    return value_;
  }

  plain& operator=(const plain& other) { return *this = static_cast<T>(other); }

  plain& operator=(T value)
  {
    write("a variable");
    value_ = std::move(value);
    return *this;
  }

private:
  void write(const char* what) { run::current()->write_plain(past_, what); }

  T value_;
  mutable plain_history past_;
};

/// An object's life: its beginning and its end must be ordered with each use.
class lifetime {
public:
  void use() const { static_cast<void>(static_cast<char>(life_)); }

private:
  plain<char> life_;
};

template <class T>
class atomic_access {
public:
  T load(std::memory_order order = std::memory_order_seq_cst,
         const std::source_location& at = std::source_location::current()) const
  {
    use();
    return from_bits<T>(run::current()->load(location(), order_at(at, "load", order)));
  }

  void wait(T old, std::memory_order order = std::memory_order_seq_cst,
            const std::source_location& at = std::source_location::current()) const
  {
    use();
    run::current()->load_other_than(location(), order_at(at, "load", order), to_bits(old));
  }

  void store(T value, std::memory_order order = std::memory_order_seq_cst,
             const std::source_location& at = std::source_location::current())
  {
    use();
    run::current()->store(location(), order_at(at, "store", order), to_bits(value));
  }

  T exchange(T value, std::memory_order order = std::memory_order_seq_cst,
             const std::source_location& at = std::source_location::current())
  {
    return update([value](T) { return value; }, order_at(at, "update", order));
  }

  T fetch_add(T add, std::memory_order order = std::memory_order_seq_cst,
              const std::source_location& at = std::source_location::current())
  {
    return update([add](T old) { return static_cast<T>(old + add); }, order_at(at, "update", order));
  }

  T fetch_sub(T take, std::memory_order order = std::memory_order_seq_cst,
              const std::source_location& at = std::source_location::current())
  {
    return update([take](T old) { return static_cast<T>(old - take); }, order_at(at, "update", order));
  }

  bool compare_exchange_strong(T& expected, T value, std::memory_order order, std::memory_order failed,
                               const std::source_location& at = std::source_location::current())
  {
    use();
    const T wanted = expected;
    expected = from_bits<T>(
        run::current()->update(location(), order_at(at, "update", order), order_at(at, "failed update", failed),
                               [&](std::uint64_t old) -> std::optional<std::uint64_t> {
                                 return from_bits<T>(old) == wanted ? std::optional(to_bits(value)) : std::nullopt;
                               }));
    return expected == wanted;
  }

  /// It never fails without a reason: a loop around it would only turn once more.
  bool compare_exchange_weak(T& expected, T value, std::memory_order order, std::memory_order failed,
                             const std::source_location& at = std::source_location::current())
  {
    return compare_exchange_strong(expected, value, order, failed, at);
  }

protected:
  atomic_access() = default;
  virtual ~atomic_access() = default;

private:
  virtual int location() const = 0;
  virtual void use() const = 0;

  template <class Next>
  T update(const Next& next, std::memory_order order)
  {
    use();
    return from_bits<T>(
        run::current()->update(location(), order, order, [&](std::uint64_t old) -> std::optional<std::uint64_t> {
          return to_bits(next(from_bits<T>(old)));
        }));
  }
};

template <class T>
class atomic final : public atomic_access<T> {
public:
  atomic(T initial = {}) : initial_(initial) {} // NOLINT: as the standard's

  ~atomic() override { run::current()->forget_location(this); }

  atomic(const atomic&) = delete;
  atomic& operator=(const atomic&) = delete;

private:
  int location() const override { return run::current()->location_of(this, to_bits(initial_)); }

  void use() const override { life_.use(); }

  T initial_;
  lifetime life_;
};

/// Of a word that lives longer than the execution.
template <class T>
class atomic_ref final : public atomic_access<T> {
public:
  static constexpr bool is_always_lock_free = true;

  explicit atomic_ref(T& word) : word_(&word) {}

private:
  int location() const override { return run::current()->location_of(word_, to_bits(*word_)); }

  void use() const override {}

  T* word_;
};

inline void atomic_thread_fence(std::memory_order order,
                                const std::source_location& at = std::source_location::current())
{
  run::current()->fence(order_at(at, "fence", order));
}

class mutex {
public:
  ~mutex() { run::current()->forget_location(this); }

  void lock()
  {
    life_.use();
    run::current()->lock(location());
  }

  void unlock()
  {
    life_.use();
    run::current()->unlock(location());
  }

private:
  int location() { return run::current()->location_of(this, 0); }

  lifetime life_;
};

/// Whoever waits is woken by any notification. No wait passes its deadline: time does not go on.
class condition_variable_any {
public:
  ~condition_variable_any() { run::current()->forget_location(this); }

  template <class Lock, class Predicate>
  void wait(Lock& lock, Predicate is_over)
  {
    while (!is_over()) {
      life_.use();
      const int location = this->location();
      const int since = run::current()->event_count();
      lock.unlock();
      run::current()->await_notification(location, since);
      lock.lock();
    }
  }

  template <class Lock, class Time, class Predicate>
  bool wait_until(Lock& lock, const Time&, Predicate is_over)
  {
    wait(lock, is_over);
    return true;
  }

  void notify_one() { notify_all(); }

  void notify_all()
  {
    life_.use();
    run::current()->store(location(), std::memory_order_relaxed, 1);
  }

private:
  int location() { return run::current()->location_of(this, 0); }

  lifetime life_;
};

// ---- Shared pointers ----

/// Counts are real and tell when the object ends. That its end happens after all uses is the pointer's own promise;
/// with `search::counts_exactly` the counts are atomic accesses with the orders of the standard library's.
struct shared_count {
  long real = 1;
  std::unique_ptr<atomic<long>> exact;
  vector_clock dropped;
  std::function<void()> destroy;

  void take()
  {
    if (exact && !run::current()->is_ending()) {
      exact->fetch_add(1, std::memory_order_relaxed);
    }
    ++real;
  }

  void drop()
  {
    run& now = *run::current();
    if (exact && !now.is_ending()) {
      exact->fetch_sub(1, std::memory_order_acq_rel);
    } else if (!now.is_ending()) {
      ++now.clock().seen[static_cast<std::size_t>(now.self())];
      dropped.join(now.clock());
    }
    if (--real == 0) {
      if (!exact && !now.is_ending()) {
        now.clock().join(dropped);
      }
      std::exchange(destroy, nullptr)();
    }
  }
};

template <class T>
class shared_ptr {
public:
  shared_ptr() = default;

  shared_ptr(std::nullptr_t) {} // NOLINT: as the standard's

  shared_ptr(T* object, shared_count* count) : object_(object), count_(count) {}

  shared_ptr(const shared_ptr& other) : object_(other.object_), count_(other.count_) { take(); }

  template <class Other>
    requires std::is_convertible_v<Other*, T*>
  shared_ptr(const shared_ptr<Other>& other) : object_(other.get()), count_(other.count()) // NOLINT: as the standard's
  {
    take();
  }

  shared_ptr(shared_ptr&& other) { swap(other); } // NOLINT: may throw, as all accesses may

  ~shared_ptr() noexcept(false)
  {
    if (shared_count* const count = count_) {
      object_ = nullptr;
      count_ = nullptr;
      count->drop();
    }
  }

  shared_ptr& operator=(shared_ptr other) // NOLINT: may throw
  {
    swap(other);
    return *this;
  }

  void swap(shared_ptr& other)
  {
    const std::pair<T*, shared_count*> mine(object_, count_);
    object_ = static_cast<T*>(other.object_);
    count_ = static_cast<shared_count*>(other.count_);
    other.object_ = mine.first;
    other.count_ = mine.second;
  }

  void reset() { *this = nullptr; }

  T* get() const { return object_; }

  shared_count* count() const { return count_; }

  std::add_lvalue_reference_t<T> operator*() const { return *operator->(); }

  T* operator->() const
  {
    T* const object = get();
    check(object != nullptr, "a pointer is not null");
    return object;
  }

  explicit operator bool() const { return get() != nullptr; }

  long use_count() const
  {
    const shared_count* const count = count_;
    return count == nullptr ? 0 : count->exact ? count->exact->load(std::memory_order_relaxed) : count->real;
  }

private:
  void take()
  {
    if (shared_count* const count = count_) {
      count->take();
    }
  }

  plain<T*> object_{nullptr};
  plain<shared_count*> count_{nullptr};
};

template <class T, class... Arguments>
shared_ptr<T> make_shared(Arguments&&... arguments)
{
  using object = std::remove_const_t<T>;
  run& now = *run::current();
  shared_count* const count = now.keep<shared_count>();
  if (now.how().counts_exactly) {
    count->exact = std::make_unique<atomic<long>>(1);
  }
  auto* const made = new (now.allocate(sizeof(object), [count] {
    if (count->destroy) {
      count->destroy();
    }
  })) object(std::forward<Arguments>(arguments)...);
  count->destroy = [made] {
    made->~object();
  };
  return {made, count};
}

} // namespace interlink::memory_model
