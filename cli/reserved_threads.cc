// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/reserved_threads.hh"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <semaphore>
#include <thread>

namespace interlink::cli {

namespace {

using create_function = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);

/// The engine's threads ask for as much. Source: Rust's standard library.
constexpr std::size_t stack_bytes = std::size_t{2} << 20;

thread_local reserved_threads* serving_this_thread = nullptr;

int create_anew(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument)
{
  static auto* const create = reinterpret_cast<create_function*>(::dlsym(RTLD_NEXT, "pthread_create"));
  return create(thread, attributes, body, argument);
}

std::size_t number_in(const char* variable)
{
  const char* text = std::getenv(variable);
  return text == nullptr ? 0 : std::strtoul(text, nullptr, 10);
}

} // namespace

struct reserved_threads::order {
  std::binary_semaphore is_given{0};
  void* (*body)(void*) = nullptr;
  void* argument = nullptr;
};

void* reserved_threads::await_order(void* given)
{
  std::unique_ptr<std::shared_ptr<order>> keep(static_cast<std::shared_ptr<order>*>(given));
  (*keep)->is_given.acquire();
  auto* const body = (*keep)->body;
  void* const argument = (*keep)->argument;
  keep.reset();
  return body == nullptr ? nullptr : body(argument);
}

reserved_threads::reserved_threads(std::size_t wanted)
{
  pthread_attr_t attributes;
  ::pthread_attr_init(&attributes);
  ::pthread_attr_setstacksize(&attributes, stack_bytes);
  while (waiting_.size() < wanted) {
    auto given = std::make_shared<order>();
    auto keep = std::make_unique<std::shared_ptr<order>>(given);
    pthread_t thread{};
    if (create_anew(&thread, &attributes, await_order, keep.get()) != 0) {
      break;
    }
    keep.release(); // the thread has it
    waiting_.push_back({thread, std::move(given)});
  }
  ::pthread_attr_destroy(&attributes);
}

reserved_threads::~reserved_threads()
{
  for (const waiting_thread& each : waiting_) {
    each.given->is_given.release();
  }
  for (const waiting_thread& each : waiting_) {
    ::pthread_join(each.thread, nullptr);
  }
}

bool reserved_threads::take(pthread_t& thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument)
{
  std::size_t wanted_bytes = 0;
  if (waiting_.empty() || attributes == nullptr || ::pthread_attr_getstacksize(attributes, &wanted_bytes) != 0 ||
      wanted_bytes > stack_bytes) {
    return false;
  }
  const waiting_thread taken = std::move(waiting_.back());
  waiting_.pop_back();
  taken.given->body = body;
  taken.given->argument = argument;
  thread = taken.thread;
  taken.given->is_given.release();
  return true;
}

std::size_t reserved_threads::of_compiler()
{
  return std::max({std::size_t{std::thread::hardware_concurrency()}, number_in("RAYON_NUM_THREADS"),
                   number_in("RAYON_RS_NUM_CPUS")});
}

reserved_threads::serving::serving(reserved_threads& threads)
{
  serving_this_thread = &threads;
}

reserved_threads::serving::~serving()
{
  serving_this_thread = nullptr;
}

} // namespace interlink::cli

/// In place of the C library's in this program, so that the engine's threads can be handed to it.
extern "C" __attribute__((visibility("default"))) int
pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*body)(void*), void* argument) noexcept
{
  using namespace interlink::cli;
  return serving_this_thread != nullptr && serving_this_thread->take(*thread, attributes, body, argument)
             ? 0
             : create_anew(thread, attributes, body, argument);
}
