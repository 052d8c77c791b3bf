// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/seeded_scheduler.hh"

#include "messages/assert.hh"

#include <algorithm>
#include <array>
#include <cstdio>
#include <sys/mman.h>
#include <utility>

// g++ defines a macro for each sanitizer, clang has a feature.
#ifndef __has_feature
#define __has_feature(feature) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define INTERLINK_SIMULATION_ASAN 1
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define INTERLINK_SIMULATION_TSAN 1
#include <sanitizer/tsan_interface.h>
#endif

namespace interlink::simulation {

namespace {

/// Enough for the loader above the interpreter above the loader, several times, under sanitizers too. Untouched pages
/// cost nothing.
constexpr std::size_t stack_bytes = std::size_t{1} << 20;

/// Events kept for the trace of a failure.
constexpr std::size_t events_kept = 4'000;

/// At least one in so many of a publication's points switches, however seldom the seed switches elsewhere.
constexpr std::uint64_t publication_switch_one_in = 4;

/// One in so many of the threads that are switched from there is held up: the others come far meanwhile.
constexpr std::uint64_t holds_up_one_in = 8;

/// The odds of threads that are not held up, at most.
constexpr std::uint64_t weight_max = 64;

/// Between the steps of a publication, and of whoever reads it: others see the one, and not the next.
bool is_of_publication(schedule_place place)
{
  switch (place) {
  case schedule_place::turn_ends:
  case schedule_place::snapshot_stored:
  case schedule_place::snapshot_read:
  case schedule_place::head_read:
  case schedule_place::head_raised:
  case schedule_place::target_read:
  case schedule_place::applied:
    return true;
  default:
    return false;
  }
}

seeded_scheduler* the_current = nullptr;
bool prints_events = false;

/// Stacks of fibers that have ended: seeds follow each other in one process.
std::vector<void*>& free_stacks()
{
  static std::vector<void*> stacks;
  return stacks;
}

void* take_stack()
{
  if (!free_stacks().empty()) {
    void* const stack = free_stacks().back();
    free_stacks().pop_back();
    return stack;
  }
  void* const mapped =
      ::mmap(nullptr, stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  INTERLINK_ASSERT(mapped != MAP_FAILED);
  return mapped;
}

} // namespace

struct seeded_scheduler::fiber {
  std::string name;
  std::move_only_function<void()> body;
  ucontext_t context{};
  void* stack = nullptr;
  const void* waits_on = nullptr;
  std::optional<schedule_clock::time_point> deadline;
  const char* doing = "";
  std::vector<progress> parts; ///< of the script, the innermost last
  std::uint64_t weight = 1;
  int turn_depth = 0;
  bool is_blocked = false;
  bool has_ended = false;
#ifdef INTERLINK_SIMULATION_ASAN
  void* fake_stack = nullptr;
  const void* bottom = nullptr;
  std::size_t size = 0;
#endif
#ifdef INTERLINK_SIMULATION_TSAN
  void* tsan_fiber = nullptr;
#endif
};

seeded_scheduler::seeded_scheduler(std::uint64_t seed, schedule_director* director, run_recorder* recorder)
    : random_(seed), director_(director), recorder_(recorder)
{
  constexpr std::array<std::uint64_t, 5> rates{1, 2, 4, 16, 64};
  switch_one_in_ = rates[draw(rates.size())];
  guest_switch_one_in_ = rates[draw(rates.size())];
}

seeded_scheduler::~seeded_scheduler()
{
  for (const auto& each : fibers_) {
    if (each->stack != nullptr) {
      free_stacks().push_back(each->stack);
    }
#ifdef INTERLINK_SIMULATION_TSAN
    if (each->stack != nullptr) {
      __tsan_destroy_fiber(each->tsan_fiber);
    }
#endif
  }
}

seeded_scheduler* seeded_scheduler::current()
{
  return the_current;
}

run_outcome seeded_scheduler::run(std::function<void()> body, std::uint64_t step_bound)
{
  step_bound_ = step_bound;
  fibers_.push_back(std::make_unique<fiber>());
  fibers_[0]->name = "scheduler";
  fibers_[0]->is_blocked = true; // chosen only at the end
#ifdef INTERLINK_SIMULATION_TSAN
  fibers_[0]->tsan_fiber = __tsan_get_current_fiber();
#endif
  the_current = this;
  start("driver", std::move(body));
  running_ = 0;
  switch_to(choose());
  the_current = nullptr;
  return outcome_;
}

std::uint32_t seeded_scheduler::start(std::string name, std::move_only_function<void()> body)
{
  progress& around = progress_here();
  auto made = std::make_unique<fiber>();
  made->name = std::move(name);
  made->parts.push_back({part_in(around.part, ++around.parts)});
  made->body = std::move(body);
  made->stack = take_stack();
  ::getcontext(&made->context);
  made->context.uc_stack.ss_sp = made->stack;
  made->context.uc_stack.ss_size = stack_bytes;
  made->context.uc_link = nullptr;
  ::makecontext(&made->context, &seeded_scheduler::enter, 0);
#ifdef INTERLINK_SIMULATION_ASAN
  made->bottom = made->stack;
  made->size = stack_bytes;
#endif
#ifdef INTERLINK_SIMULATION_TSAN
  made->tsan_fiber = __tsan_create_fiber(0);
#endif
  fibers_.push_back(std::move(made));
  reweigh();
  return static_cast<std::uint32_t>(fibers_.size() - 1);
}

void seeded_scheduler::enter()
{
  seeded_scheduler& self = *the_current;
  fiber& here = *self.fibers_[self.running_];
#ifdef INTERLINK_SIMULATION_ASAN
  fiber& first = *self.fibers_[0];
  if (first.bottom == nullptr) {
    __sanitizer_finish_switch_fiber(nullptr, &first.bottom, &first.size); // the first switch comes from there
  } else {
    __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
  }
#endif
  here.body();
  here.body = nullptr;
  here.has_ended = true;
  self.wake(&here);
  self.yield(self.next_point(), point_kind::wait);
  INTERLINK_ASSERT(false); // an ended fiber is never chosen
}

void seeded_scheduler::switch_to(std::uint32_t next)
{
  if (next == running_) {
    return;
  }
  fiber& from = *fibers_[running_];
  fiber& to = *fibers_[next];
  running_ = next;
  ++switches_;
#ifdef INTERLINK_SIMULATION_TSAN
  __tsan_switch_to_fiber(to.tsan_fiber, 0);
#endif
#ifdef INTERLINK_SIMULATION_ASAN
  __sanitizer_start_switch_fiber(from.has_ended ? nullptr : &from.fake_stack, to.bottom, to.size);
#endif
  ::swapcontext(&from.context, &to.context);
#ifdef INTERLINK_SIMULATION_ASAN
  __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

bool seeded_scheduler::has_ended(std::uint32_t which) const
{
  return fibers_[which]->has_ended;
}

void seeded_scheduler::reweigh()
{
  // Uneven odds make laggards: a thread that hardly runs while the others go on.
  constexpr std::array<std::uint64_t, 4> weights{1, 4, 16, weight_max};
  for (const auto& each : fibers_) {
    each->weight = weights[draw(weights.size())];
  }
}

void seeded_scheduler::hold_up_this_thread()
{
  for (const auto& each : fibers_) {
    each->weight = weight_max;
  }
  fibers_[running_]->weight = 1;
}

seeded_scheduler::progress& seeded_scheduler::progress_here()
{
  return running_ == 0 ? outside_ : fibers_[running_]->parts.back();
}

script_place seeded_scheduler::next_point()
{
  progress& at = progress_here();
  return {at.part, ++at.points};
}

std::uint64_t seeded_scheduler::pick(std::uint64_t bound)
{
  if (bound == 0) {
    return 0;
  }
  progress& at = progress_here();
  const script_place place{at.part, ++at.drawn};
  const std::uint64_t picked = (director_ != nullptr ? director_->draw(place) : random_()) % bound;
  if (recorder_ != nullptr) {
    recorder_->on_draw(place, picked);
  }
  return picked;
}

bool seeded_scheduler::begin_step()
{
  progress& around = progress_here();
  const script_part step = part_in(around.part, ++around.parts);
  if (director_ != nullptr && !director_->takes(step)) {
    return false;
  }
  if (recorder_ != nullptr) {
    recorder_->on_step(step);
  }
  fibers_[running_]->parts.push_back({step});
  return true;
}

void seeded_scheduler::end_step()
{
  fibers_[running_]->parts.pop_back();
}

void seeded_scheduler::wake_due()
{
  for (const auto& each : fibers_) {
    if (each->is_blocked && each->deadline && *each->deadline <= now()) {
      each->is_blocked = false;
    }
  }
}

void seeded_scheduler::end_run()
{
  const bool all_ended = std::all_of(fibers_.begin() + 1, fibers_.end(),
                                     [](const auto& each) { return each->has_ended || each->name == "background"; });
  outcome_ = all_ended ? run_outcome::ended : run_outcome::deadlocked;
}

std::uint32_t seeded_scheduler::choose_as_directed(script_place place, point_kind kind)
{
  do {
    wake_due();
    able_.clear();
    for (std::uint32_t i = 1; i < fibers_.size(); ++i) {
      if (!fibers_[i]->has_ended && !fibers_[i]->is_blocked) {
        able_.push_back({i, fibers_[i]->parts.front().part});
      }
    }
  } while (able_.empty() && steps_ <= step_bound_ && advance_to_deadline());
  if (steps_ > step_bound_) {
    outcome_ = run_outcome::endless;
    return 0;
  }
  if (able_.empty()) {
    end_run();
    return 0;
  }
  const auto next = std::ranges::lower_bound(able_, running_, {}, &able_thread::number);
  const std::uint32_t usual = next == able_.end() ? able_.front().number : next->number;
  return able_.size() == 1 ? usual : director_->choose(place, kind, usual, able_);
}

std::uint32_t seeded_scheduler::choose()
{
  while (true) {
    wake_due();
    std::uint64_t total = 0;
    for (const auto& each : fibers_) {
      total += each->has_ended || each->is_blocked ? 0 : each->weight;
    }
    if (steps_ > step_bound_) {
      outcome_ = run_outcome::endless;
      return 0;
    }
    if (total == 0 && !advance_to_deadline()) {
      end_run();
      return 0;
    }
    if (total == 0) {
      continue;
    }
    std::uint64_t drawn = draw(total);
    for (std::uint32_t i = 1; i < fibers_.size(); ++i) {
      const fiber& each = *fibers_[i];
      const std::uint64_t weight = each.has_ended || each.is_blocked ? 0 : each.weight;
      if (drawn < weight) {
        return i;
      }
      drawn -= weight;
    }
  }
}

bool seeded_scheduler::advance_to_deadline()
{
  std::optional<schedule_clock::time_point> nearest;
  for (const auto& each : fibers_) {
    if (each->is_blocked && !each->has_ended && each->deadline && (!nearest || *each->deadline < *nearest)) {
      nearest = each->deadline;
    }
  }
  if (nearest) {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(nearest->time_since_epoch()).count();
    microseconds_ = std::max(microseconds_, static_cast<std::uint64_t>(since) + 1);
  }
  return nearest.has_value();
}

void seeded_scheduler::yield(script_place place, point_kind kind)
{
  if (director_ != nullptr) {
    switch_to(choose_as_directed(place, kind));
    return;
  }
  if (draw(256) == 0) {
    reweigh();
  }
  const std::uint32_t next = choose();
  if (recorder_ != nullptr && next != 0 && next != running_) {
    recorder_->on_choice(place, fibers_[next]->parts.front().part);
  }
  switch_to(next);
}

void seeded_scheduler::pass_point(point_kind kind, std::uint64_t switch_one_in)
{
  ++steps_;
  ++microseconds_;
  const script_place place = next_point();
  if (director_ != nullptr || draw(switch_one_in) == 0) {
    yield(place, kind);
  }
}

void seeded_scheduler::point(schedule_place place)
{
  if (is_checking_) {
    return;
  }
  fiber& here = *fibers_[running_];
  if (place == schedule_place::turn_begins) {
    ++here.turn_depth;
    ++turns_;
    if (turns_ != 1) {
      fail("two turns at a time");
    }
  } else if (place == schedule_place::turn_ends) {
    --here.turn_depth;
    --turns_;
  }
  is_checking_ = true;
  if (place == schedule_place::batch_ends && on_batch_end) {
    on_batch_end();
  }
  if (on_point) {
    on_point(place);
  }
  is_checking_ = false;
  const bool is_of_interest = is_of_publication(place);
  if (is_of_interest && director_ == nullptr && draw(publication_switch_one_in * holds_up_one_in) == 0) {
    hold_up_this_thread();
  }
  pass_point(is_of_interest ? point_kind::publication : point_kind::protocol,
             is_of_interest ? std::min(switch_one_in_, publication_switch_one_in) : switch_one_in_);
}

void seeded_scheduler::guest_step()
{
  pass_point(point_kind::guest, guest_switch_one_in_);
}

void seeded_scheduler::block(const void* key, std::optional<schedule_clock::time_point> deadline)
{
  fiber& here = *fibers_[running_];
  if (here.turn_depth > 0) {
    fail("a thread waits while it holds a turn");
  }
  ++steps_;
  here.waits_on = key;
  here.deadline = deadline;
  here.is_blocked = true;
  yield(next_point(), point_kind::wait);
  here.waits_on = nullptr;
  here.deadline.reset();
}

void seeded_scheduler::wake(const void* key)
{
  for (const auto& each : fibers_) {
    if (each->is_blocked && each->waits_on == key) {
      each->is_blocked = false;
    }
  }
}

void seeded_scheduler::print_events_at_once()
{
  prints_events = true;
}

void seeded_scheduler::trace(std::string text)
{
  if (prints_events) {
    std::printf("step %llu thread %u: %s\n", static_cast<unsigned long long>(steps_), running_, text.c_str());
    std::fflush(stdout);
  }
  events_.push_back({steps_, running_, std::move(text)});
  if (events_.size() > events_kept) {
    events_.pop_front();
  }
}

void seeded_scheduler::fail(std::string reason)
{
  trace("FAILED: " + reason);
  failures_.push_back(std::move(reason));
}

void seeded_scheduler::describe(const char* what)
{
  fibers_[running_]->doing = what;
}

bool seeded_scheduler::runs_guest() const
{
  return fibers_[running_]->name == "guest";
}

std::string seeded_scheduler::waiting_report() const
{
  std::string report;
  for (std::size_t i = 1; i < fibers_.size(); ++i) {
    const fiber& each = *fibers_[i];
    if (!each.has_ended) {
      report += "  thread " + std::to_string(i) + " (" + each.name + ") " + (each.is_blocked ? "waits" : "can run") +
                ", in: " + each.doing + "\n";
    }
  }
  return report;
}

} // namespace interlink::simulation
