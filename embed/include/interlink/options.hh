// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an embedder decides about a runtime and about a process, and what these tell. Included by
// <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>
#include <interlink/error.hh>
#include <interlink/host_functions.hh>
#include <interlink/log.hh>
#include <interlink/policy.hh>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace INTERLINK_NAMESPACE {

struct runtime_options {
  /// Directory of the on-disk cache of compiled code; empty for none. Made when missing. Nothing that a guest may
  /// write to: it holds native code.
  std::string cache_directory;
  /// Guest code checks at function entries and loop heads whether it is to end: async_stop then ends one that
  /// computes, too. Measured with Lua: it takes 1.25 times as long.
  bool interruptible = false;
  /// Bytes of host stack for guest code on each thread, 16 KiB to 4 GiB.
  std::size_t guest_stack_bytes = std::size_t{1} << 20;
  /// The engine compiles on threads of its own, when the host allows as many as there are processors. It ends the host
  /// when another program takes them at the same moment: false where threads are short.
  bool parallel_compilation = true;
};

/// A host directory that the guest sees, and as what.
struct directory {
  std::string host_path;
  std::string guest_path;   ///< "." is where relative names begin
  bool is_writable = false; ///< false: whatever would change something in it is refused
};

/// A standard stream of the guest. Closed unless it is given: a read or write of the guest fails with EBADF.
class stream {
public:
  /// Puts at least one byte there and returns how many; 0 is the end. Context: any guest thread, several at once; the
  /// thread waits meanwhile, and nothing but this function's return ends that. Must not throw.
  using reader = std::function<std::size_t(std::span<std::byte>)>;
  /// Takes all of the bytes. Context: as above.
  using writer = std::function<void(std::span<const std::byte>)>;

  stream() = default;

  /// The host's own descriptor 0, 1 or 2, whichever the stream is.
  static stream inherited() { return stream(inherits); }

  /// This descriptor, of a file, pipe or socket; it is duplicated when the process is made, and can be closed or used
  /// on afterwards. Offsets and the non-blocking flag are shared, as after dup.
  static stream descriptor(int fd) { return stream(fd); }

  /// The same of an asio object, such as a `posix::stream_descriptor`, `readable_pipe` or socket.
  template <class Descriptor>
    requires requires(Descriptor& of) { static_cast<int>(of.native_handle()); }
  static stream descriptor(Descriptor& of)
  {
    return stream(static_cast<int>(of.native_handle()));
  }

  /// For standard input.
  static stream from(reader read)
  {
    stream made;
    made.reader_ = std::move(read);
    return made;
  }

  /// For standard output and errors.
  static stream to(writer write)
  {
    stream made;
    made.writer_ = std::move(write);
    return made;
  }

  static constexpr int closed = -1;
  static constexpr int inherits = -2;

  int value() const { return value_; }

  const reader& source() const { return reader_; }

  const writer& sink() const { return writer_; }

private:
  explicit stream(int value) : value_(value) {}

  int value_ = closed;
  reader reader_;
  writer writer_;
};

struct process_options {
  std::vector<std::string> arguments;    ///< the program's name first
  std::vector<std::string> environment;  ///< "KEY=VALUE"; nothing is taken from the host's
  std::vector<directory> directories;    ///< all of the host's files that it sees
  std::vector<std::string> library_path; ///< host directories for libraries that are opened by a bare name
  host_functions functions;
  stream input;
  stream output;
  stream errors;
  /// Linear memory, in bytes. Nothing is the program's own maximum.
  std::optional<std::uint64_t> memory_limit;
  /// Guest threads alive at once, the first among them; beyond it a thread is refused (EAGAIN, spawn_failed). 4,096
  /// without it.
  std::optional<std::size_t> thread_limit;
  /// Libraries open at once, with those that they need; beyond it an open fails with limit_exceeded. 9,999 without it.
  std::optional<std::size_t> library_limit;
  /// Open files, streams and directories; beyond it the guest gets EMFILE, as from RLIMIT_NOFILE.
  std::optional<std::size_t> file_limit;
  /// Bytes written to standard output and errors together; beyond it the guest gets EFBIG, as from RLIMIT_FSIZE.
  std::optional<std::uint64_t> output_limit;
  /// How long guest code may go on in one operation of a group (async_call, async_invoke, async_open and so on), its
  /// waits included; host functions are not ended, but what comes after them is. The operation completes with
  /// deadline_passed. The process goes on only where no guest lock can be held that others would wait for: its program
  /// has no shared memory, hence one thread, or `calls_hold_no_locks` says so; and the operation is not in the midst of
  /// opening or closing a library. Otherwise the process ends with this failure. Needs an interruptible runtime.
  std::optional<std::chrono::milliseconds> longest_call;
  /// The embedder's word that a call of its guest that ends anywhere holds no lock, also not the allocator's: then
  /// `longest_call` ends that call alone, with threads, too.
  bool calls_hold_no_locks = false;
  /// Of each open, for other threads' loads and constructors; nothing waits for them without end.
  std::optional<std::chrono::milliseconds> longest_open_wait;
  /// A wait in the linker that lasts longer is reported; 0 is off.
  std::chrono::milliseconds watchdog{1000};
  bool runs_command = true; ///< false: `_start` of a command is left alone, and it serves calls as a reactor does
  policy_hooks policy;      ///< what may be opened and linked
  /// Gets what the process has to tell: without it a logger of spdlog's, which writes warnings and what was asked for
  /// to standard error; `silent()` for nothing. See log.hh, and <interlink/spdlog.hh> for a logger of one's own.
  log_sink log;
  /// Its name in records; the program's without one. (No std::string by itself: GCC 12 copies unnamed objects in a
  /// co_await expression as bytes, and `{}` for the options is to be right all the same.)
  std::optional<std::string> name;
  /// Which categories are logged beside `report`, as INTERLINK_DEBUG has them: "libs,bindings". Nothing: what that
  /// variable of the host's environment says. Errors of async_make: invalid_argument for an unknown one.
  std::optional<std::string> debug;
};

/// How a process ended.
enum class end_kind : std::uint8_t {
  exited,  ///< the program returned or called exit: the code is its own
  trapped, ///< a trap, or an exception that nobody caught
  stopped, ///< the embedder stopped it
  failed,  ///< it could not be loaded, or something else than the guest failed
};

struct process_outcome {
  end_kind kind = end_kind::failed;
  std::uint32_t exit_code{};    ///< as a shell would report it: 134 after a trap, 143 when stopped, 127 when not loaded
  std::optional<error> failure; ///< of trapped and failed: why

  bool is_success() const { return kind == end_kind::exited && exit_code == 0; }
};

/// One guest thread, as it was a moment ago.
struct thread_info {
  std::uint32_t group{};
  std::string waiting_in; ///< the host call that it waits in; empty when it computes
  std::string last_call;  ///< the host call that it is in, or was in last
  std::chrono::milliseconds since_call{};
};

/// Threads that were still computing when a stop gave up on them.
struct stop_report {
  std::vector<thread_info> still_running;
};

} // namespace INTERLINK_NAMESPACE
