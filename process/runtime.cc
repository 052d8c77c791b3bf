// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "process/runtime.hh"

#include "actors/guest_thread.hh"
#include "actors/parker.hh"

#include <system_error>
#include <vector>

namespace interlink {

result<std::unique_ptr<runtime>> runtime::make(engine::engine_ptr engine)
{
  try {
    return std::make_unique<runtime>(std::move(engine));
  } catch (const std::system_error& refused) { // asio has no other way to say that there is no thread
    error_detail detail;
    detail.message = std::string("the system refused the runtime's thread: ") + refused.what();
    detail.remedy = "raise the limit of processes and threads (ulimit -u, a cgroup's pids.max)";
    return fail(error(errc::spawn_failed, std::move(detail)));
  }
}

bool host_allows_threads(std::size_t count)
{
  constexpr std::size_t stack_bytes = std::size_t{64} << 10;
  std::vector<std::shared_ptr<parker>> parkers;
  std::vector<guest_thread> threads;
  while (threads.size() < count) {
    parkers.push_back(std::make_shared<parker>());
    auto started = guest_thread::start(stack_bytes, [at = parkers.back()] { at->park(std::nullopt); });
    if (!started) {
      break;
    }
    threads.push_back(std::move(*started));
  }
  for (const std::shared_ptr<parker>& each : parkers) {
    each->unpark();
  }
  for (guest_thread& each : threads) {
    each.join();
  }
  return threads.size() == count;
}

} // namespace interlink
