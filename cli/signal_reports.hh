// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Questions to a running program, from outside: SIGQUIT prints what all threads do, SIGUSR1 writes the flight recorder
// to a file. Either time the program goes on.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <cstddef>
#include <optional>

#include "process/process.hh"

namespace interlink::cli {

/// Context: the thread that runs `context`. Lifetime: as long as the command.
class signal_reports {
public:
  signal_reports(asio::io_context& context, process& guest);

  /// From here on. A host that has no descriptors left for it goes without.
  void begin();

private:
  void wait();
  void report();
  void write_recorder();

  asio::io_context& context_;
  process& guest_;
  std::optional<asio::signal_set> signals_; ///< nothing: the host has no descriptors for it
  std::size_t files_ = 0;
};

} // namespace interlink::cli
