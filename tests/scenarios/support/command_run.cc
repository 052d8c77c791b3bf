// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/scenarios/support/command_run.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef INTERLINK_CHECKS_TRACES
#include "trace/check.hh"
#include "trace/jsonl.hh"
#endif

namespace interlink::test {

namespace {

using clock = std::chrono::steady_clock;

/// A descriptor that is closed once.
class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}

  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;

  ~descriptor() { close(); }

  int get() const { return fd_; }

  bool is_open() const { return fd_ >= 0; }

  void close()
  {
    if (fd_ >= 0) {
      ::close(fd_);
      fd_ = -1;
    }
  }

private:
  int fd_;
};

/// Our end does not wait, and neither end outlives an exec but as the child's standard stream.
struct pipe_ends {
  descriptor reading;
  descriptor writing;
};

pipe_ends make_pipe()
{
  std::array<int, 2> ends{-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("no pipe");
  }
  return {descriptor(ends[0]), descriptor(ends[1])};
}

void never_wait(const descriptor& end)
{
  ::fcntl(end.get(), F_SETFL, ::fcntl(end.get(), F_GETFL) | O_NONBLOCK);
}

std::vector<char*> pointers_to(std::vector<std::string>& texts)
{
  std::vector<char*> pointers;
  for (std::string& text : texts) {
    pointers.push_back(text.data());
  }
  pointers.push_back(nullptr);
  return pointers;
}

pid_t spawn(std::vector<std::string> arguments, const command_options& options, int in, int out, int err)
{
  std::vector<std::string> environment = options.environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string directory = options.directory.empty() ? guest_directory() : options.directory;
  posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t reset;
  sigemptyset(&reset);
  sigaddset(&reset, SIGPIPE);
  posix_spawnattr_setsigdefault(&attributes, &reset);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int failure = ::posix_spawn(&child, INTERLINK_COMMAND, &actions, &attributes, pointers_to(arguments).data(),
                                    pointers_to(environment).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    throw std::runtime_error("cannot start " INTERLINK_COMMAND);
  }
#ifndef __SANITIZE_ADDRESS__ // its shadow is writable, too
  if (options.host_memory_bytes != 0) {
    const rlimit most{options.host_memory_bytes, options.host_memory_bytes};
    ::prlimit(child, RLIMIT_DATA, &most, nullptr);
  }
#endif
  return child;
}

/// Everything that is there now. Closes the end when the other one is closed.
void drain(descriptor& from, std::string& into)
{
  std::array<char, 65536> buffer{};
  while (from.is_open()) {
    const ssize_t size = ::read(from.get(), buffer.data(), buffer.size());
    if (size > 0) {
      into.append(buffer.data(), static_cast<std::size_t>(size));
    } else if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
      return;
    } else {
      from.close();
    }
  }
}

/// Plays the script against what has been printed so far.
class script_player {
public:
  script_player(const std::vector<script_step>& steps, descriptor& input) : steps_(steps), input_(input) {}

  void play(const command_result& printed)
  {
    send();
    while (unsent_.empty() && next_ < steps_.size()) {
      const script_step& step = steps_[next_];
      if (printed.out.find(step.after) == std::string::npos && printed.err.find(step.after) == std::string::npos) {
        return;
      }
      ++next_;
      unsent_ = step.write;
      closes_ = step.close_input;
      if (step.act) {
        step.act();
      }
      send();
    }
  }

  bool is_sending() const { return !unsent_.empty() && input_.is_open(); }

private:
  void send()
  {
    while (is_sending()) {
      const ssize_t size = ::write(input_.get(), unsent_.data(), unsent_.size());
      if (size < 0 && errno == EAGAIN) {
        return;
      }
      if (size < 0) {
        unsent_.clear(); // nobody reads any more
      } else {
        unsent_.erase(0, static_cast<std::size_t>(size));
      }
    }
    if (closes_) {
      input_.close();
    }
  }

  const std::vector<script_step>& steps_;
  descriptor& input_;
  std::size_t next_ = 0;
  std::string unsent_;
  bool closes_ = false;
};

int code_of(int status)
{
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// Talks with the child until both its outputs have ended, or the deadline has passed.
void converse(const command_options& options, descriptor& in, descriptor& out, descriptor& err, command_result& result)
{
  const auto deadline = clock::now() + scenario_deadline;
  script_player player(options.script, in);
  while (out.is_open() || err.is_open()) {
    player.play(result);
    const bool holds = result.err.find(options.hold_output_until) == std::string::npos;
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock::now());
    if (left.count() <= 0) {
      result.timed_out = true;
      return;
    }
    std::array<pollfd, 3> ends{{{holds ? -1 : out.get(), POLLIN, 0},
                                {err.get(), POLLIN, 0},
                                {player.is_sending() ? in.get() : -1, POLLOUT, 0}}};
    ::poll(ends.data(), ends.size(), static_cast<int>(left.count()));
    if (!holds) {
      drain(out, result.out);
    }
    drain(err, result.err);
    if (holds && !err.is_open()) {
      drain(out, result.out); // it ended without the text
    }
  }
}

std::string last_part(const std::string& text)
{
  constexpr std::size_t most = 4000;
  return text.size() <= most ? text : "..." + text.substr(text.size() - most);
}

testing::AssertionResult failure(const command_result& run)
{
  return testing::AssertionFailure() << (run.timed_out ? "killed at the deadline" : "ended") << " with code "
                                     << run.exit_code << "\n-- standard output --\n"
                                     << last_part(run.out) << "\n-- standard error --\n"
                                     << last_part(run.err);
}

} // namespace

std::string guest_directory()
{
  return INTERLINK_GUEST_DIR;
}

command_result run_command(std::vector<std::string> arguments, const command_options& options)
{
  ::signal(SIGPIPE, SIG_IGN);
  pipe_ends in = make_pipe();
  pipe_ends out = make_pipe();
  pipe_ends err = make_pipe();
  never_wait(in.writing);
  never_wait(out.reading);
  never_wait(err.reading);
  arguments.insert(arguments.begin(), "interlink");
  const pid_t child = spawn(std::move(arguments), options, in.reading.get(), out.writing.get(), err.writing.get());
  in.reading.close();
  out.writing.close();
  err.writing.close();
  command_result result;
  converse(options, in.writing, out.reading, err.reading, result);
  if (result.timed_out) {
    ::kill(child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  result.exit_code = code_of(status);
  result.was_killed = WIFSIGNALED(status);
  return result;
}

#ifdef INTERLINK_CHECKS_TRACES
/// The run kept the rules, whatever became of it. One that was killed has left no trace; of one that was too fast for
/// its recording nothing can be proved.
void check_trace(const std::string& path)
{
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (text.view().empty()) {
    return;
  }
  const auto trace = trace::read_jsonl(text.view());
  ASSERT_TRUE(trace) << trace.error().message();
  const trace::run_check checked = trace::check(*trace);
  EXPECT_FALSE(checked.broken) << to_text(checked);
  testing::Test::RecordProperty("trace", checked.incomplete.empty() ? "checked" : checked.incomplete);
}
#endif

command_result run_guest(const std::string& name, const command_options& options)
{
  std::vector<std::string> arguments{"run", "--wasm-cache", INTERLINK_SCENARIO_CACHE};
#ifdef INTERLINK_CHECKS_TRACES
  const scratch_directory scratch;
  const bool is_traced =
      options.host_memory_bytes == 0 && std::ranges::find(options.options, "--trace") == options.options.end();
  if (is_traced) {
    arguments.insert(arguments.end(), {"--trace", scratch / "run.jsonl"});
  }
#endif
  arguments.insert(arguments.end(), options.options.begin(), options.options.end());
  arguments.push_back(guest_directory() + "/" + name + ".wasm");
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
#ifdef INTERLINK_CHECKS_TRACES
  command_result result = run_command(std::move(arguments), options);
  if (is_traced) {
    check_trace(scratch / "run.jsonl");
  }
  return result;
#else
  return run_command(std::move(arguments), options);
#endif
}

testing::AssertionResult ends_with(const command_result& run, int exit_code)
{
  return !run.timed_out && run.exit_code == exit_code ? testing::AssertionSuccess() : failure(run);
}

testing::AssertionResult succeeds(const command_result& run)
{
  const auto says_ok = [](const std::string& text) {
    return text.starts_with("ok ") || text.contains("\nok ");
  };
  return !run.timed_out && run.exit_code == 0 && (says_ok(run.out) || says_ok(run.err)) ? testing::AssertionSuccess()
                                                                                        : failure(run);
}

scratch_directory::scratch_directory()
{
  std::string pattern = (std::filesystem::temp_directory_path() / "interlink-scenario-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    throw std::runtime_error("no scratch directory");
  }
  path_ = pattern;
}

scratch_directory::~scratch_directory()
{
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

void scratch_directory::write(const std::string& name, const std::string& content) const
{
  const std::filesystem::path file = path_ + "/" + name;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << content;
}

void scratch_directory::copy_guest(const std::string& guest, const std::string& name) const
{
  write(name, bytes_of_guest(guest));
}

std::string bytes_of_guest(const std::string& guest)
{
  std::ifstream file(guest_directory() + "/" + guest, std::ios::binary);
  if (!file) {
    throw std::runtime_error("no guest " + guest);
  }
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

} // namespace interlink::test
