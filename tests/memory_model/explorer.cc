// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/memory_model/explorer.hh"

#include <algorithm>
#include <utility>

namespace interlink::memory_model {

namespace {

constexpr std::size_t stack_bytes = 256 * 1024;

std::vector<char>& stack_of(int thread)
{
  static std::array<std::vector<char>, max_threads> stacks;
  auto& stack = stacks[static_cast<std::size_t>(thread)];
  stack.resize(stack_bytes);
  return stack;
}

} // namespace

run* run::current_ = nullptr;

// ---- The search ----

verdict explore(const search& how, const std::function<void(run&)>& program)
{
  verdict found;
  std::vector<run::choice> path;
  while (true) {
    {
      run one(how, path);
      run::current_ = &one;
      one.start(program);
      if (one.failure_ && one.graph_.is_consistent()) {
        found.failure = one.failure_;
      } else if (one.failure_ || one.is_redundant_) {
        ++found.abandoned;
      } else {
        ++found.executions;
      }
      one.clean_up();
    }
    run::current_ = nullptr;
    if (found.failure) {
      return found;
    }
    if (found.executions + found.abandoned >= how.most_executions) {
      found.failure = "too many executions";
      return found;
    }
    while (!path.empty() && path.back().taken + 1 == path.back().options) {
      path.pop_back();
    }
    if (path.empty()) {
      return found;
    }
    ++path.back().taken;
  }
}

int run::choose(int options)
{
  if (options == 1) {
    return 0;
  }
  if (depth_ == path_.size()) {
    path_.push_back({options, 0});
  }
  return path_[depth_++].taken;
}

// ---- Threads ----

void run::enter()
{
  run& self = *current_;
  const int me = self.self_;
  try {
    self.bodies_[static_cast<std::size_t>(me - 1)]();
  } catch (const ended&) {
    static_cast<void>(me); // its objects are gone; so it is done
  }
  self.fibers_[static_cast<std::size_t>(me)].is_done = true;
  self.go_on();
}

void run::make_fiber(int thread)
{
  ucontext_t& context = fibers_[static_cast<std::size_t>(thread)].context;
  ::getcontext(&context);
  context.uc_stack.ss_sp = stack_of(thread).data();
  context.uc_stack.ss_size = stack_bytes;
  context.uc_link = nullptr;
  ::makecontext(&context, &run::enter, 0);
}

void run::start(const std::function<void(run&)>& program)
{
  try {
    program(*this);
    vector_clock set_up = clock();
    ++set_up.seen[0]; // what set-up did since its last event as well
    const int threads = static_cast<int>(bodies_.size());
    for (int thread = 1; thread <= threads; ++thread) {
      graph_.clock_of(thread) = set_up;
      make_fiber(thread);
    }
    // Each runs to its first read; what it does before commutes with all others.
    is_starting_ = true;
    for (int thread = 1; thread <= threads && !is_ending_; ++thread) {
      self_ = thread;
      ::swapcontext(&outside_, &fibers_[static_cast<std::size_t>(thread)].context);
    }
    is_starting_ = false;
    if (!is_ending_) {
      self_ = choose_thread();
      if (self_ > 0) {
        ::swapcontext(&outside_, &fibers_[static_cast<std::size_t>(self_)].context);
      }
    }
    end_threads();
    self_ = 0;
    if (!is_ending_ && !graph_.is_consistent()) {
      is_ending_ = is_redundant_ = true;
    }
    if (!is_ending_) {
      for (int thread = 1; thread <= threads; ++thread) {
        vector_clock& of = graph_.clock_of(thread);
        ++of.seen[static_cast<std::size_t>(thread)];
        clock().join(of);
      }
      if (last_) {
        last_();
      }
    }
  } catch (const ended&) {
    end_threads();
  }
}

void run::end_threads()
{
  for (int thread = 1; thread <= static_cast<int>(bodies_.size()); ++thread) {
    fiber& one = fibers_[static_cast<std::size_t>(thread)];
    if (!one.is_done && one.next.location >= 0) {
      is_ending_ = true;
      self_ = thread;
      ::swapcontext(&outside_, &one.context);
    }
  }
}

/// Called by a fiber that pauses or is done: switches to whoever goes on.
void run::go_on()
{
  fiber& mine = fibers_[static_cast<std::size_t>(self_)];
  const int next = is_starting_ || is_ending_ ? 0 : choose_thread();
  if (next == self_ && !mine.is_done) {
    return;
  }
  ucontext_t& to = next > 0 ? fibers_[static_cast<std::size_t>(next)].context : outside_;
  self_ = next > 0 ? next : self_;
  if (mine.is_done) {
    ::setcontext(&to);
  }
  ::swapcontext(&mine.context, &to);
}

std::vector<int> run::offers(int thread, int since) const
{
  const pending& next = fibers_[static_cast<std::size_t>(thread)].next;
  std::vector<int> stores =
      next.newest_only ? std::vector<int>{graph_.newest(next.location)} : graph_.readable(thread, next.location);
  std::erase_if(stores, [&](int id) {
    const std::uint64_t value = graph_.at(id).value;
    return id < since || (next.is_awaited && !next.is_awaited(value)) ||
           (next.is_updated && next.is_updated(value) && graph_.is_updated(id));
  });
  return stores;
}

int run::choose_thread()
{
  std::vector<int> ready;
  bool all_done = true;
  bool anyone_sleeps = false;
  for (int thread = 1; thread <= static_cast<int>(bodies_.size()); ++thread) {
    const fiber& one = fibers_[static_cast<std::size_t>(thread)];
    all_done = all_done && one.is_done;
    if (!one.is_done) {
      if (!offers(thread, one.next.since).empty()) {
        ready.push_back(thread);
      } else {
        anyone_sleeps = anyone_sleeps || (one.is_asleep && !offers(thread, one.first_since).empty());
      }
    }
  }
  if (ready.empty()) {
    if (!all_done) {
      if (anyone_sleeps) {
        is_redundant_ = true;
      } else {
        failure_ = "deadlock: every thread waits";
      }
      is_ending_ = true;
    }
    return 0;
  }
  const int taken = choose(static_cast<int>(ready.size()));
  for (int earlier = 0; earlier < taken; ++earlier) {
    fiber& searched = fibers_[static_cast<std::size_t>(ready[static_cast<std::size_t>(earlier)])];
    searched.is_asleep = true;
    searched.next.since = graph_.size();
  }
  return ready[static_cast<std::size_t>(taken)];
}

int run::pause(pending next)
{
  if (self_ == 0) { // sets up, or looks at the end: alone
    return graph_.newest(next.location);
  }
  if (graph_.size() + 4 * max_threads > max_events && !failure_) {
    fail("too many events: a loop without end?");
  }
  fiber& mine = fibers_[static_cast<std::size_t>(self_)];
  const int me = self_;
  mine.first_since = next.since;
  mine.next = std::move(next);
  if (!is_ending_) {
    go_on();
  }
  if (is_ending_) {
    throw ended{};
  }
  const std::vector<int> stores = offers(me, mine.next.since);
  mine.is_asleep = false;
  return stores[static_cast<std::size_t>(choose(static_cast<int>(stores.size())))];
}

void* run::allocate(std::size_t bytes, std::function<void()> destroy)
{
  allocated_.emplace_back(std::make_unique<std::byte[]>(bytes), std::move(destroy));
  return allocated_.back().first.get();
}

void run::clean_up()
{
  is_ending_ = is_over_ = true;
  owned_.clear();
  bodies_.clear();
  last_ = nullptr;
  for (auto& [bytes, destroy] : allocated_) {
    destroy();
  }
  kept_.clear();
}

void run::fail(const std::string& what)
{
  if (!is_ending_) {
    failure_ = what;
    is_ending_ = true;
  }
}

} // namespace interlink::memory_model
