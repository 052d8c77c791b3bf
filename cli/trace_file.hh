// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files with traces: `interlink run --trace` writes one, `interlink trace` reads it.
#pragma once

#include "messages/error.hh"
#include "wasi/unique_fd.hh"

#include <string>
#include <string_view>

#include "trace/recorded_trace.hh"

namespace interlink::cli {

/// Where text goes that must not end the command: a full disk and a reader that has gone are errors. Context: one
/// thread at a time.
class output_file {
public:
  /// Made, or emptied. Errors: file_unreadable with the system's reason.
  static result<output_file> make(const std::string& path);

  /// Made; an error when there is something of this name, a link among it.
  static result<output_file> make_new(const std::string& path);

  /// All of it. Errors: file_unreadable with the system's reason.
  result<void> write(std::string_view text);

  const std::string& path() const { return path_; }

private:
  static result<output_file> open(const std::string& path, int flags);

  output_file(wasi::unique_fd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  wasi::unique_fd fd_;
  std::string path_;
};

/// Errors: file_unreadable; invalid_argument for what is no trace.
result<trace::recorded_trace> read_trace_file(const std::string& path);

/// What `--trace FILE` records into: FILE itself when it is to have the form in which traces are recorded, else a file
/// beside it, from which FILE is made at the end.
std::string recording_path(const std::string& path);

/// Makes FILE, when it has another form, and removes the file beside it. Errors: as above, with the path.
result<void> finish_trace_file(const std::string& path);

} // namespace interlink::cli
