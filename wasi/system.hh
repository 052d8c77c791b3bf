// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the threads of one guest process share of WASI: arguments, environment, preopened directories, descriptors, the
// current directory. It knows no engine and no linker.
//
// Locks of this layer, all leaves. Under neither is another lock taken, a system call made or a hook run.
//  - descriptor_table::mutex_: the array of descriptors; held for one look-up or one change of it.
//  - system::current_directory_mutex_: one string; held to copy or to swap it.
//  - network_notes::mutex: lines that were reported, and names that were resolved.
//  - epoll_set::mutex_: what an epoll descriptor watches.
// open_file::read_turn and write_turn are no locks: nobody waits for them, who finds one taken tries again later.
#pragma once

#include "messages/error.hh"
#include "wasi/beneath.hh"
#include "wasi/descriptor_table.hh"
#include "wasi/network_policy.hh"
#include "wasi/outcome.hh"

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace interlink::wasi {

/// A host directory that the guest may use, and the name it knows it by.
struct preopen {
  std::string host_path;
  std::string guest_name;    ///< as the guest sees it, "." and "/" included
  bool is_read_only = false; ///< whatever would change something beneath it is errno rofs, or xdev between two
};

/// What an embedder decides.
struct options {
  std::vector<std::string> args; ///< the program's name first
  std::vector<std::string> env;  ///< "KEY=VALUE"
  /// Descriptors 3, 4, ... in this order. When none of them is named "/" or ".", the next descriptor is a directory "/"
  /// that holds them, so that the guest can list what it has; nothing can be made in it.
  std::vector<preopen> preopens;
  /// The guest's current directory at the start, as it names it; empty for the default of `current_directory`. Only a
  /// guest whose C library asks the host for it is told.
  std::string initial_directory;
  /// The standard streams: duplicated; a negative one leaves the guest's descriptor closed, and so does one of 0 to 2
  /// that the host process was started without. A directory here can be looked at (fd_filestat_get) and nothing else.
  int stdin_fd = 0;
  int stdout_fd = 1;
  int stderr_fd = 2;
  /// In place of the descriptors: the embedder's own streams. The first only reads, the others only write.
  std::optional<stream_hooks> input;
  std::optional<stream_hooks> output;
  std::optional<stream_hooks> errors;
  std::optional<std::uint64_t> output_limit;   ///< bytes to standard output and errors together; beyond it errno fbig
  std::optional<std::size_t> descriptor_limit; ///< open at once, these included; beyond it errno mfile
  std::vector<int> inherited; ///< duplicated: more descriptors after the directories, such as a listening socket
  network_policy network;
  /// One line about what the guest was refused, each line once. Called by any guest thread; must not throw.
  std::function<void(const std::string& line)> report;
  /// Called once, by the first thread that exits the process, before its guest is unwound. Must not throw.
  std::function<void(std::uint32_t code)> on_exit;
};

/// Where a guest path lies: a preopened directory, and a path to be looked up beneath it.
struct guest_location {
  open_file_ptr directory; ///< keeps the host descriptor open, or is a directory that holds mapped ones
  std::string relative;    ///< "." for the directory itself
  std::string normal;      ///< the whole guest path in normal form
};

/// The shared state. Context: any thread. Lifetime: outlives every call; its end closes the descriptors.
class system {
public:
  system(const system&) = delete;
  system& operator=(const system&) = delete;
  ~system() = default;

  std::span<const std::string> args() const { return args_; }

  std::span<const std::string> env() const { return env_; }

  descriptor_table& descriptors() { return descriptors_; }

  /// The guest's C library takes some calls of preview 1 otherwise (wasi/calls.hh says which). Written before the guest
  /// starts.
  bool has_wasix_libc = false;

  /// Finds the preopened directory with the longest name that is a prefix of `path`; a relative path starts at the
  /// current directory. ".." is taken textually, before the look-up. A name without leading slash, "." above all, and
  /// the same name with one mean one place, as in wasi-libc; given both, an absolute path goes to the absolute name.
  /// Errors: noent when empty, no preopen matches, or it lies in none of them; inval, ilseq, nametoolong for malformed
  /// text.
  expected<guest_location> resolve_guest_path(std::string_view path) const;

  /// Opens a regular file of the guest for reading, as the dynamic linker needs it: never waits, never leaves the
  /// preopened directories. Errors: as above; notcapable; isdir; inval when it is neither file nor directory; the
  /// host's.
  expected<unique_fd> open_guest_file(std::string_view path) const;

  /// Absolute and in normal form. At first "/" when a preopen has that name or ".", else the first preopen's name.
  std::string current_directory() const;

  /// Errors: as resolve_guest_path; noent, notdir, notcapable, the host's.
  outcome change_directory(std::string_view path);

  /// True when the embedder lets the guest do it. Otherwise its line goes to the report, once.
  bool allows_network(const network_request& request);

  /// From here on the address counts as the name's, for what is allowed by name.
  void note_resolved(const std::string& name, const std::string& address);

  /// For a program that this one starts: the same directories, policy and current directory, and the descriptors, which
  /// share their files: all of them, those that it is to close as well.
  std::shared_ptr<system> make_successor(std::vector<std::string> args, std::vector<std::string> env) const;

  /// Runs the exit hook unless another thread has. Returns the outcome that unwinds the caller.
  outcome exit(std::uint32_t code);

private:
  struct mounted {
    open_file_ptr directory;
    std::string normal_name;
    bool is_absolute;
  };

  system() = default;
  result<void> open_standard_streams(const options& wanted);
  result<void> open_preopens(const options& wanted);
  result<void> add_root_of_preopens();
  result<void> enter_initial_directory(const options& wanted);
  result<void> adopt(guest_fd expected_fd, int host_fd, std::string_view what);
  result<void> add_hooked(const stream_hooks& hooks, std::string_view what);
  friend result<std::shared_ptr<system>> make_system(options wanted);

  std::vector<std::string> args_;
  std::vector<std::string> env_;
  std::vector<mounted> mounts_;
  descriptor_table descriptors_;
  std::function<void(std::uint32_t)> on_exit_;
  std::atomic_flag has_exited_;
  network_policy network_;
  std::function<void(const std::string&)> report_;

  /// What grows while the guest uses the network. Leaf lock: held to look at the two sets or to add to them.
  struct network_notes {
    std::mutex mutex;
    std::set<std::string> reported;
    std::map<std::string, std::set<std::string>> names; ///< by address
  };

  std::shared_ptr<network_notes> network_notes_ = std::make_shared<network_notes>();

  // A leaf lock: held to copy or replace the string, never with the lock of the table or across a system call.
  mutable std::mutex current_directory_mutex_;
  std::string current_directory_;
};

/// Opens everything at once. Errors: invalid_argument, naming the directory, descriptor, argument or variable at fault,
/// what was found and what to do.
result<std::shared_ptr<system>> make_system(options wanted);

} // namespace interlink::wasi
