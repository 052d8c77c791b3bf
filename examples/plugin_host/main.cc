// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A TCP server whose requests are answered by a plugin that can be replaced while it serves.
// Usage: plugin_host DIRECTORY [PORT], where DIRECTORY has plugin_host.wasm and libplugin.so; port 0 is any.
//
// A request is a line, and so is its answer: `CALL text` is the plugin's; `RELOAD` opens the plugin's file anew;
// `METRICS` tells what was served. SIGTERM or SIGINT: no further connections, requests under way are answered, then the
// guest and the server end.
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <list>
#include <string_view>

#include "plugins.hh"

using asio::use_awaitable;
using asio::ip::tcp;

namespace {

constexpr std::size_t longest_request = 2048;
constexpr std::size_t most_connections = 256;

std::string to_line(const plugin_metrics& metrics, std::size_t connections)
{
  return "requests=" + std::to_string(metrics.requests) + " failures=" + std::to_string(metrics.failures) +
         " timeouts=" + std::to_string(metrics.timeouts) + " reloads=" + std::to_string(metrics.reloads) +
         " closed=" + std::to_string(metrics.closed) + " under_way=" + std::to_string(metrics.under_way) +
         " most_under_way=" + std::to_string(metrics.most_under_way) + " connections=" + std::to_string(connections);
}

class server {
public:
  server(tcp::acceptor acceptor, plugins& plugins) : acceptor_(std::move(acceptor)), plugins_(plugins) {}

  asio::awaitable<void> accept()
  {
    while (acceptor_.is_open()) {
      tcp::socket socket(acceptor_.get_executor());
      std::error_code failed;
      co_await acceptor_.async_accept(socket, asio::redirect_error(use_awaitable, failed));
      if (!failed && sockets_.size() < most_connections) {
        const auto place = sockets_.insert(sockets_.end(), std::move(socket));
        asio::co_spawn(acceptor_.get_executor(), serve(place), asio::detached);
      }
    }
  }

  /// Answers what is under way, then closes the connections.
  asio::awaitable<void> drain()
  {
    acceptor_.close();
    is_draining_ = true;
    for (tcp::socket& each : sockets_) {
      std::error_code gone;
      each.shutdown(tcp::socket::shutdown_receive, gone); // the next read is the connection's end
    }
    asio::steady_timer timer(acceptor_.get_executor());
    while (!sockets_.empty()) {
      timer.expires_after(std::chrono::milliseconds(5));
      co_await timer.async_wait(use_awaitable);
    }
  }

  std::string metrics() const { return to_line(plugins_.metrics(), sockets_.size()); }

private:
  asio::awaitable<void> serve(std::list<tcp::socket>::iterator connection)
  {
    try {
      std::string received;
      while (!is_draining_) {
        const std::size_t size = co_await asio::async_read_until(
            *connection, asio::dynamic_buffer(received, longest_request), '\n', use_awaitable);
        std::string request = received.substr(0, size - 1);
        std::string answer = co_await answer_to(std::move(request));
        answer += '\n';
        received.erase(0, size);
        co_await asio::async_write(*connection, asio::buffer(answer), use_awaitable);
      }
    } catch (const std::system_error&) { // the other side has gone, or its line is too long
    }
    sockets_.erase(connection);
  }

  asio::awaitable<std::string> answer_to(std::string request)
  {
    constexpr std::string_view call = "CALL ";
    std::string failed;
    try {
      if (request.starts_with(call)) {
        std::string text = request.substr(call.size());
        const std::string answer = co_await plugins_.answer(std::move(text));
        co_return "OK " + answer;
      }
      if (request == "RELOAD") {
        co_await plugins_.reload();
        co_return "OK";
      }
      if (request == "METRICS") {
        co_return "OK " + metrics();
      }
      failed = "no such request";
    } catch (const interlink::failure& why) {
      failed = why.what();
    }
    std::ranges::replace(failed, '\n', ' ');
    co_return "FAILED " + failed;
  }

  tcp::acceptor acceptor_;
  plugins& plugins_;
  std::list<tcp::socket> sockets_;
  bool is_draining_{};
};

asio::awaitable<int> run(plugin_settings settings, std::uint16_t port)
{
  const auto executor = co_await asio::this_coro::executor;
  const std::unique_ptr<plugins> plugged = co_await plugins::start(executor, std::move(settings));
  tcp::acceptor acceptor(executor, {asio::ip::address_v4::loopback(), port});
  std::printf("listening on %u\n", static_cast<unsigned>(acceptor.local_endpoint().port()));
  std::fflush(stdout);
  asio::signal_set signals(executor, SIGINT, SIGTERM);
  server serving(std::move(acceptor), *plugged);
  asio::co_spawn(executor, serving.accept(), asio::detached);
  co_await signals.async_wait(use_awaitable);
  co_await serving.drain();
  const bool has_ended = co_await plugged->stop();
  std::printf("%s\n", serving.metrics().c_str());
  co_return has_ended ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
  if (argc < 2) {
    std::fprintf(stderr, "usage: plugin_host DIRECTORY [PORT]\n");
    return 2;
  }
  asio::io_context context(1);
  int code = 1;
  const auto port = static_cast<std::uint16_t>(argc > 2 ? std::atoi(argv[2]) : 0);
  asio::co_spawn(context, run({.directory = argv[1]}, port), [&](const std::exception_ptr& failed, int ended) {
    code = ended;
    if (failed) {
      std::fprintf(stderr, "plugin_host: %s\n", interlink::to_error(failed).message().c_str());
      code = 1;
    }
  });
  context.run();
  return code;
}
