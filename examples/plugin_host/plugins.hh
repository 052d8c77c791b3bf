// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The plugins of a server: one guest process, several of its threads, and the plugin that they call at present.
#pragma once

#include <asio/any_io_executor.hpp>
#include <asio/awaitable.hpp>
#include <interlink/interlink.hh>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

struct plugin_settings {
  std::string directory; ///< has plugin_host.wasm and libplugin.so
  std::size_t threads = 4;
  std::chrono::milliseconds longest_answer{5000};
  std::uint64_t memory_bytes = std::uint64_t{256} << 20;
};

struct plugin_metrics {
  std::uint64_t requests{};
  std::uint64_t failures{};
  std::uint64_t timeouts{};
  std::uint64_t reloads{};
  std::uint64_t closed{}; ///< plugins that nobody calls any more
  std::size_t under_way{};
  std::size_t most_under_way{};
};

/// Context: one thread at a time, that of its executor. Its operations end before it does.
class plugins {
public:
  /// Compiles and starts the guest, and opens the plugin.
  static asio::awaitable<std::unique_ptr<plugins>> start(asio::any_io_executor executor, plugin_settings settings);

  /// What the plugin answers. Throws `interlink::failure`, deadline_passed included.
  asio::awaitable<std::string> answer(std::string request);

  /// Opens the plugin's file anew. Requests that are under way end with the old one, which is closed then; later ones
  /// have the new one. On failure the old one goes on.
  asio::awaitable<void> reload();

  /// Ends the guest. True when all of its threads came to an end.
  asio::awaitable<bool> stop();

  const plugin_metrics& metrics() const { return metrics_; }

private:
  using answer_function = interlink::function<int(std::string, interlink::guest_ptr<>, int)>;

  /// One opened plugin; its end, when no request has it any more, closes it.
  struct plugin {
    plugin(plugins& of, interlink::library opened) : owner(of), library(std::move(opened)) {}

    plugin(const plugin&) = delete;
    plugin& operator=(const plugin&) = delete;

    ~plugin() { owner.close(library); }

    plugins& owner;
    interlink::library library;
    answer_function answer;
  };

  struct worker {
    explicit worker(interlink::group made) : group(std::move(made)) {}

    interlink::group group;
    std::size_t under_way{};
    bool is_lost{}; ///< it computes on for a request that nobody waits for any more
  };

  plugins(asio::any_io_executor executor, plugin_settings settings)
      : executor_(std::move(executor)), settings_(std::move(settings))
  {
  }

  asio::awaitable<std::shared_ptr<const plugin>> open(interlink::open_flag flags);
  asio::awaitable<std::shared_ptr<worker>> idlest();
  void close(const interlink::library& old);

  asio::any_io_executor executor_;
  plugin_settings settings_;
  plugin_metrics metrics_;
  interlink::process guest_;
  std::vector<std::shared_ptr<worker>> workers_;
  std::shared_ptr<const plugin> current_;
  bool is_stopping_{};
};
