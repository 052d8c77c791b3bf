// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "actors/guest_thread.hh"

#include "messages/assert.hh"

#include <memory>
#include <system_error>
#include <utility>

namespace interlink {

namespace {

using body_type = std::move_only_function<void()>;

thread_local bool is_guest_thread = false;

void* run_body(void* raw)
{
  is_guest_thread = true;
  std::unique_ptr<body_type> body(static_cast<body_type*>(raw));
  (*body)();
  return nullptr;
}

} // namespace

guest_thread::guest_thread(guest_thread&& other) noexcept
    : thread_(other.thread_), is_joinable_(std::exchange(other.is_joinable_, false))
{
}

guest_thread& guest_thread::operator=(guest_thread&& other) noexcept
{
  INTERLINK_ASSERT(!is_joinable_);
  thread_ = other.thread_;
  is_joinable_ = std::exchange(other.is_joinable_, false);
  return *this;
}

guest_thread::~guest_thread()
{
  // A thread may be the last to hold the table that it stands in, and cannot join itself.
  if (is_joinable_) {
    pthread_detach(thread_);
  }
}

result<guest_thread> guest_thread::start(std::size_t stack_bytes, std::move_only_function<void()> body)
{
  auto owned = std::make_unique<body_type>(std::move(body));
  pthread_attr_t attributes;
  int failure = pthread_attr_init(&attributes);
  guest_thread started;
  if (failure == 0) {
    failure = pthread_attr_setstacksize(&attributes, stack_bytes);
    if (failure == 0) {
      failure = pthread_create(&started.thread_, &attributes, run_body, owned.get());
    }
    pthread_attr_destroy(&attributes);
  }
  if (failure != 0) {
    error_detail detail;
    detail.message = "the system refused a thread: " + std::generic_category().message(failure);
    detail.remedy = "raise the limit of processes and threads (ulimit -u, a cgroup's pids.max)";
    return fail(error(errc::spawn_failed, std::move(detail)));
  }
  static_cast<void>(owned.release()); // the thread owns it now
  started.is_joinable_ = true;
  return started;
}

bool guest_thread::is_current()
{
  return is_guest_thread;
}

void guest_thread::join()
{
  INTERLINK_ASSERT(is_joinable_);
  pthread_join(thread_, nullptr);
  is_joinable_ = false;
}

} // namespace interlink
