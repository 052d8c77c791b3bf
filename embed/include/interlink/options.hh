// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an embedder decides about a runtime and about a process, and what these tell. Included by
// <interlink/interlink.hh>.
#pragma once

#include <interlink/config.hh>
#include <interlink/error.hh>
#include <interlink/host_functions.hh>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
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
  stream() = default;

  /// The host's own descriptor 0, 1 or 2, whichever the stream is.
  static stream inherited() { return stream(inherits); }

  /// This descriptor, of a file, pipe or socket; it is duplicated when the process is made, so an asio descriptor
  /// object
  /// (`native_handle()`) can be closed or used on. Offsets and the non-blocking flag are shared, as after dup.
  static stream descriptor(int fd) { return stream(fd); }

  static constexpr int closed = -1;
  static constexpr int inherits = -2;

  int value() const { return value_; }

private:
  explicit stream(int value) : value_(value) {}

  int value_ = closed;
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
  /// Of each open, for other threads' loads and constructors; nothing waits for them without end.
  std::optional<std::chrono::milliseconds> longest_open_wait;
  /// A wait in the linker that lasts longer is reported; 0 is off.
  std::chrono::milliseconds watchdog{1000};
  bool runs_command = true; ///< false: `_start` of a command is left alone, and it serves calls as a reactor does
  /// Long waits, options without effect and calls that are not implemented, for a person: one line or more. Any
  /// thread.
  std::function<void(const std::string&)> report;
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
