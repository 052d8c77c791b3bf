// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/host_signals.hh"

#include "wasi/terminal.hh"

#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <system_error>

#include "process/process.hh"
#include "process/signal_delivery.hh"

namespace interlink::cli {

namespace {

/// A guest takes a signal at its next check or host call. One that has not by then computes without either, and whoever
/// sent the signal means it.
constexpr std::chrono::seconds patience{1};

[[noreturn]] void die_of(int signal)
{
  wasi::restore_terminals();
  std::signal(signal, SIG_DFL);
  std::raise(signal);
  std::_Exit(128 + signal);
}

class signal_relay {
public:
  signal_relay(asio::io_context& context, process& guest)
      : signals_(context, SIGINT, SIGTERM), late_(context), guest_(guest)
  {
    // The guest support library takes every signal, whether the program wants it or not. A report answers SIGQUIT in
    // any case (cli/signal_reports.hh).
    if (!guest.core().program().exports_spawn_group && guest.core().handles_signals()) {
      signals_.add(SIGQUIT);
    }
  }

  void await()
  {
    signals_.async_wait([this](const asio::error_code& failure, int signal) {
      if (!failure) {
        take(signal);
        await();
      }
    });
  }

private:
  void take(int signal)
  {
    process_core& core = guest_.core();
    if (!core.handles_signals() && signal == SIGQUIT) {
      return; // the report is all
    }
    if (!core.handles_signals()) {
      die_of(signal);
    }
    // The numbers of these three are the same in WASI.
    if (!core.signal(static_cast<std::uint32_t>(signal))) {
      return; // it has ended
    }
    late_.expires_after(patience);
    late_.async_wait([this, signal](const asio::error_code& cancelled) {
      if (!cancelled && is_signal_pending(guest_.core(), static_cast<std::uint32_t>(signal))) {
        die_of(signal);
      }
    });
  }

  asio::signal_set signals_;
  asio::steady_timer late_;
  process& guest_;
};

} // namespace

void pass_signals_on(asio::io_context& context, process& guest)
{
  try {
    (new signal_relay(context, guest))->await();
  } catch (const std::system_error&) {
    // No descriptor is left for it: signals do what they do by default.
  }
}

} // namespace interlink::cli
