// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A guest process without an engine: fake linear memory, a scratch directory as its root, pipes as its standard
// streams, and threads that make one call each. Descriptors of a guest: 0 to 2 are the streams, 3 is the root.
#pragma once

#include "wasi/calls.hh"
#include "wasi/system.hh"
#include "wasi/unique_fd.hh"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <sys/resource.h>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace interlink::wasi {

/// For failure messages of GoogleTest.
inline void PrintTo(const outcome& how, std::ostream* to)
{
  switch (how.kind) {
  case outcome_kind::returned:
    *to << to_string(how.code());
    return;
  case outcome_kind::exited:
    *to << "exited with " << how.value;
    return;
  case outcome_kind::cancelled:
    *to << "cancelled";
    return;
  }
}

inline void PrintTo(errno_code code, std::ostream* to)
{
  *to << to_string(code);
}

} // namespace interlink::wasi

namespace interlink::wasi::testing {

/// How long anything may last that should end at once. Only a failing test waits that long.
inline constexpr std::chrono::seconds deadline{10};

inline constexpr guest_fd stdin_fd = 0;
inline constexpr guest_fd stdout_fd = 1;
inline constexpr guest_fd stderr_fd = 2;
inline constexpr guest_fd root_fd = 3;
inline constexpr guest_fd closed_fd = 77;
inline constexpr std::uint32_t follow = lookup_flag::symlink_follow;

/// Linear memory that can grow in place, with a pointer that hands out fresh places.
class fake_memory {
public:
  explicit fake_memory(std::size_t size_bytes = 65536, std::size_t maximum_bytes = 2 * 65536);

  guest_memory view();

  std::size_t size_bytes() const { return size_.load(); }

  void grow_to(std::size_t bytes) { size_.store(bytes); }

  /// Where the next fresh place begins; `rewind` to it forgets what was handed out since.
  guest_pointer mark() const { return next_; }

  void rewind(guest_pointer mark) { next_ = mark; }

  guest_pointer reserve(std::size_t bytes);
  guest_pointer place(std::string_view bytes);
  std::string text(guest_pointer address, std::size_t length) const;

  template <class T>
  T load(guest_pointer address) const
  {
    T value{};
    std::memcpy(&value, bytes_.data() + address, sizeof value);
    return value;
  }

  template <class T>
  void store(guest_pointer address, T value)
  {
    std::memcpy(bytes_.data() + address, &value, sizeof value);
  }

private:
  std::vector<std::byte> bytes_;
  std::atomic<std::size_t> size_;
  guest_pointer next_ = 1024;
};

/// A directory that goes away with its contents.
class scratch_directory {
public:
  scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;
  ~scratch_directory();

  std::string path(std::string_view name = "") const { return path_ + "/" + std::string(name); }

  void write(std::string_view name, std::string_view contents) const;
  std::string read(std::string_view name) const;
  bool has(std::string_view name) const;
  void make_directory(std::string_view name) const;
  void make_link(std::string_view target, std::string_view name) const;
  void make_fifo(std::string_view name) const;

private:
  std::string path_;
};

/// Two connected host descriptors.
struct descriptor_pair {
  unique_fd first;  ///< of a pipe: the end to read
  unique_fd second; ///< of a pipe: the end to write

  void write(std::string_view text) const;
  std::string read_some() const; ///< waits for at least one byte or the end

  void close_second() { unique_fd gone(second.release()); }

  void close_first() { unique_fd gone(first.release()); }
};

descriptor_pair make_pipe();
descriptor_pair make_socket_pair(int type);

/// Fills a pipe or socket until the next byte would have to wait; returns how many bytes that took.
std::size_t fill(int fd);

/// The number that the next host descriptor would get.
int lowest_free_descriptor();

/// While it lives, no host descriptor of this number or above can be made, and no poll may have more entries.
class descriptor_limit {
public:
  explicit descriptor_limit(int count);
  descriptor_limit(const descriptor_limit&) = delete;
  descriptor_limit& operator=(const descriptor_limit&) = delete;
  ~descriptor_limit();

private:
  rlimit before_{};
};

/// What a guest thread has.
struct guest_thread {
  explicit guest_thread(guest_memory memory) : context{memory, cancel}
  {
    cancel.takes_interruption = [this] {
      return is_interrupted.exchange(false);
    };
  }

  /// Ends the wait under way, or the next one.
  void interrupt()
  {
    is_interrupted = true;
    cancel.wake();
  }

  std::atomic<bool> is_interrupted{false};
  canceller cancel;
  call_context context;
};

struct guest_path {
  guest_pointer at;
  guest_size size;
};

struct open_request {
  guest_fd directory = root_fd;
  std::uint32_t lookup = follow;
  std::uint32_t open_flags = 0;
  std::uint64_t base = rights::all;
  std::uint64_t inheriting = rights::all;
  std::uint32_t flags = 0;
};

/// A request for read access only, and one for write access only.
inline constexpr open_request to_read{.base = rights::all & ~rights::writing};
inline constexpr open_request to_write{.base = rights::all & ~(rights::fd_read | rights::fd_readdir)};

class guest {
public:
  explicit guest(const std::function<void(options&)>& adjust = {});

  class system& system() { return *system_; }

  call_context& context() { return main_.context; }

  canceller& cancel() { return main_.cancel; }

  void interrupt() { main_.interrupt(); }

  /// Calls on the main thread of the guest.
  template <class... P>
  outcome call(outcome (*function)(class system&, call_context&, P...), std::type_identity_t<P>... args)
  {
    return function(*system_, main_.context, args...);
  }

  /// Calls one of the functions that take a directory and a path, with the root.
  outcome call_path(outcome (*function)(class system&, call_context&, guest_fd, guest_pointer, guest_size),
                    std::string_view path)
  {
    auto where = path_of(path);
    return call(function, root_fd, where.at, where.size);
  }

  guest_path path_of(std::string_view text);
  guest_pointer iovecs(std::initializer_list<std::pair<guest_pointer, guest_size>> buffers);

  expected<guest_fd> try_open(std::string_view path, const open_request& wanted = {});
  guest_fd open(std::string_view path, const open_request& wanted = {}); ///< a failure fails the test
  outcome stat(std::string_view path, guest_pointer to, std::uint32_t lookup = follow);
  outcome rename(std::string_view from, std::string_view to);
  outcome link(std::string_view from, std::string_view to, std::uint32_t lookup = 0);
  outcome symlink(std::string_view target, std::string_view path);
  expected<std::string> readlink(std::string_view path, guest_size size = 256);
  expected<std::string> read(guest_fd fd, guest_size size);
  expected<guest_size> write(guest_fd fd, std::string_view text);
  expected<std::uint64_t> seek(guest_fd fd, std::int64_t offset, std::uint32_t whence);
  std::uint16_t flags_of(guest_fd fd);
  std::pair<std::uint64_t, std::uint64_t> rights_of(guest_fd fd);

  scratch_directory root;
  descriptor_pair in = make_pipe();
  descriptor_pair out = make_pipe();
  descriptor_pair error = make_pipe();
  fake_memory memory;

private:
  std::shared_ptr<class system> system_;
  guest_thread main_;
};

/// A call in a thread of its own, with its own canceller.
class running_call {
public:
  running_call(guest& process, std::function<outcome(class system&, call_context&)> call);
  running_call(const running_call&) = delete;
  running_call& operator=(const running_call&) = delete;
  ~running_call();

  /// Returns when the thread sleeps in the kernel, or has ended. The claims of tests hold wherever the thread is; this
  /// makes it probable that they are put to the test inside the wait.
  void await_block();
  bool has_ended() const;

  void cancel() { thread_.cancel.cancel(); }

  void interrupt() { thread_.interrupt(); }

  /// The result; a call that does not end in time fails the test and is cancelled.
  outcome finish();

private:
  guest_thread thread_;
  std::atomic<int> host_thread_id_{0};
  std::future<outcome> result_;
  std::thread host_thread_;
};

/// Waits for a condition that another thread brings about; false after the deadline.
bool eventually(const std::function<bool()>& condition);

} // namespace interlink::wasi::testing
