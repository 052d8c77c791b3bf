// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "engine/wasmtime_faults.hh"

#include <atomic>
#include <mutex>
#include <signal.h>

namespace interlink::engine::wasmtime {

/// Read by the signal handler, so never freed: used again instead. Free when `size` is 0.
struct fault_range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uint64_t> size{0};
  fault_range* next = nullptr;
};

namespace {

/// All ranges there have been. The mutex serialises those who change them; the handler takes no lock.
struct hidden_ranges {
  std::mutex mutex;
  std::atomic<fault_range*> first{nullptr};

  fault_range* take()
  {
    for (auto* place = first.load(); place != nullptr; place = place->next) {
      if (place->size.load() == 0) {
        return place;
      }
    }
    auto* made = new fault_range;
    made->next = first.load();
    first.store(made);
    return made;
  }

  bool contains(std::uintptr_t address) const
  {
    for (const auto* place = first.load(); place != nullptr; place = place->next) {
      if (address - place->begin.load() < place->size.load()) {
        return true;
      }
    }
    return false;
  }
};

hidden_ranges& ranges()
{
  static auto* all = new hidden_ranges; // outlives every thread that may fault
  return *all;
}

hidden_ranges* known_ranges = nullptr;
struct sigaction engines_action{};

void hide_address(int signal, siginfo_t* info, void* context)
{
  siginfo_t shown = *info;
  if (known_ranges->contains(reinterpret_cast<std::uintptr_t>(info->si_addr))) {
    shown.si_addr = nullptr;
  }
  engines_action.sa_sigaction(signal, &shown, context);
}

} // namespace

void hide_faults_in_shared_memories()
{
  static std::once_flag once;
  std::call_once(once, [] {
    known_ranges = &ranges();
    ::sigaction(SIGSEGV, nullptr, &engines_action);
    struct sigaction ours = engines_action; // its flags and mask are right for us, too
    ours.sa_sigaction = hide_address;
    ::sigaction(SIGSEGV, &ours, nullptr);
  });
}

hidden_faults::hidden_faults(const std::byte* begin, std::uint64_t size)
{
  hidden_ranges& all = ranges();
  const std::lock_guard lock(all.mutex);
  range_ = all.take();
  range_->begin.store(reinterpret_cast<std::uintptr_t>(begin));
  range_->size.store(size);
}

hidden_faults::~hidden_faults()
{
  const std::lock_guard lock(ranges().mutex);
  range_->size.store(0);
}

} // namespace interlink::engine::wasmtime
