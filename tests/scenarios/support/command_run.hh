// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the command `interlink run` with a guest program as a child process, speaks to it through pipes, and says how it
// ended. Every run has a deadline; a child that is alive then is killed, and the run counts as a failure that shows
// what the child had printed.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace interlink::test {

/// Far beyond what any scenario needs on a loaded machine: it ends hangs and proves nothing about speed.
inline constexpr std::chrono::seconds scenario_deadline{60};

/// One act of whoever holds the other end of the pipes. Acts happen in order, each once.
struct script_step {
  std::string after{};         ///< text that must have come on either output; empty: at once
  std::string write{};         ///< goes to standard input, in one write where the pipe has room
  bool close_input = false;    ///< after the write
  std::function<void()> act{}; ///< must not wait for the child
};

inline script_step close_input()
{
  return {.close_input = true};
}

struct command_options {
  std::vector<std::string> arguments{}; ///< of the guest
  std::vector<std::string> options{"--dir", ".", "--lib-path", "."};
  std::vector<std::string> environment{}; ///< KEY=VALUE, besides the test's own
  std::string directory{};                ///< in which the command runs; the guests' own by default
  std::vector<script_step> script{close_input()};
  std::size_t host_memory_bytes{}; ///< that the command may have, about; 0: what there is. Nothing under a sanitizer
  std::string hold_output_until{}; ///< standard output is not read before this text has come on standard error
};

struct command_result {
  int exit_code{}; ///< 128 and the signal's number when a signal ended it
  bool timed_out{};
  bool was_killed{}; ///< a signal of the host ended it
  std::string out;
  std::string err;
};

/// `interlink run <options> <name>.wasm <arguments>`.
command_result run_guest(const std::string& name, const command_options& options = {});

/// The command with exactly these arguments.
command_result run_command(std::vector<std::string> arguments, const command_options& options);

/// The directory of guest programs and libraries, absolute.
std::string guest_directory();

/// Ended in time, with this code. The message shows what was printed.
testing::AssertionResult ends_with(const command_result& run, int exit_code);

/// Ended in time with 0, and a line of either output begins with "ok".
testing::AssertionResult succeeds(const command_result& run);

/// A directory that is gone, with all in it, at the end of the scope.
class scratch_directory {
public:
  scratch_directory();
  ~scratch_directory();
  scratch_directory(const scratch_directory&) = delete;
  scratch_directory& operator=(const scratch_directory&) = delete;

  const std::string& path() const { return path_; }

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

  /// A file with this content.
  void write(const std::string& name, const std::string& content) const;
  /// A copy of a guest library or program, under a name.
  void copy_guest(const std::string& guest, const std::string& name) const;

private:
  std::string path_;
};

/// The bytes of a guest library or program.
std::string bytes_of_guest(const std::string& guest);

} // namespace interlink::test
