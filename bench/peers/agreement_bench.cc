// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations that concern all groups, under three protocols, with the other groups in each state that a program's
// threads are found in. One row is one protocol, state and number of groups; its counters are the operations.
#include "bench/peers/agreement.hh"

#include "bench/peers/steps.hh"
#include "bench/support/guest_process.hh"
#include "bench/support/samples.hh"
#include "bench/support/stopwatch.hh"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <future>
#include <string>

namespace interlink::bench {
namespace {

/// What the other groups do. The last four are the guest's own numbers, less one.
enum class standing { idle, calling, computing, waiting, atomic_waiting };

struct protocol {
  const char* name;
  std::unique_ptr<agreement> (*make)();
};

constexpr std::array<protocol, 3> protocols{
    {{"published", make_published}, {"two_barriers", make_two_barriers}, {"acknowledged", make_acknowledged_fan_out}}};

/// An operation that has not returned by then does not return.
constexpr std::chrono::milliseconds patience{500};

/// Bounds of one series: enough samples for a 99th percentile, and time for the slow.
constexpr double series_seconds = 1.0;

/// Takes samples and puts their median and 99th percentile (wall) and their median of CPU time into counters, in ns.
class series {
public:
  void add(const time_spent& spent)
  {
    wall_.push_back(spent.wall * 1e9);
    cpu_.push_back(spent.cpu * 1e9);
  }

  void report(benchmark::State& state, const std::string& name) const
  {
    state.counters[name + "_p50"] = quantile(wall_, 0.5);
    state.counters[name + "_p99"] = quantile(wall_, 0.99);
    state.counters[name + "_cpu"] = quantile(cpu_, 0.5);
  }

  std::size_t size() const { return wall_.size(); }

private:
  std::vector<double> wall_;
  std::vector<double> cpu_;
};

/// Runs `sample` until there are enough.
template <class Sample>
series measure(int most, Sample&& sample)
{
  series taken;
  const double until = wall_seconds() + series_seconds;
  while (taken.size() < static_cast<std::size_t>(most) && (taken.size() < 5 || wall_seconds() < until)) {
    taken.add(sample());
  }
  return taken;
}

/// A process with groups that stand by, and the protocol between them.
class scene {
public:
  scene(const protocol& which, standing state, int groups)
      : agreement_(which.make()), guest_("bench_stand_by", options_for(*agreement_))
  {
    guest_.in_first_group([&](instance_group& group) { many_ = {call_export(group, "bench_open_many")}; });
    for (int i = 1; i < groups; ++i) {
      if (state == standing::idle) {
        idle_.push_back(guest_.spawn_group());
      } else {
        guest_.in_first_group([&](instance_group& group) {
          call_checked(group, "bench_stand_by", static_cast<std::uint32_t>(state) - 1);
        });
      }
    }
    guest_.in_first_group([&](instance_group& group) {
      agreement_->attach(process_of(group), idle_);
      released_ = call_export(group, "bench_released");
      small_ = read_small_library(group);
    });
  }

  scene(const scene&) = delete;
  scene& operator=(const scene&) = delete;

  ~scene()
  {
    guest_.in_first_group([](instance_group& group) { call_checked(group, "bench_release"); });
  }

  /// True when `work` returns in time on the first group's thread. When it does not, the groups that stand by are told
  /// to go, which lets it end.
  bool returns(const std::function<void(instance_group&)>& work)
  {
    auto running = std::async(std::launch::async, [&] { guest_.in_first_group(work); });
    const bool is_over = running.wait_for(patience) == std::future_status::ready;
    if (!is_over) {
      release();
    }
    running.get();
    return is_over;
  }

  time_spent look_up_next(instance_group& group)
  {
    std::array<char, 24> name{};
    std::snprintf(name.data(), name.size(), "bench_many_%03x", next_symbol_++ % 4096);
    return timed([&] { benchmark::DoNotOptimize(agreement_->look_up(group, many_, name.data())); });
  }

  /// One look-up of many.
  time_spent look_up_again(instance_group& group)
  {
    constexpr int batch = 100;
    const time_spent all = timed([&] {
      for (int i = 0; i < batch; ++i) {
        benchmark::DoNotOptimize(agreement_->look_up(group, many_, "bench_many_000"));
      }
    });
    return {all.wall / batch, all.cpu / batch};
  }

  /// The whole of an open but for reading the file; `agreeing` is the part of its wall time that is agreement.
  time_spent open_next(instance_group& group, double& agreeing)
  {
    small_.modules.front().identity.inode += 1'000'000;
    double own_work = 0;
    const time_spent whole = timed([&] { agreement_->open(group, small_, own_work); });
    agreeing = whole.wall - own_work;
    return whole;
  }

  time_spent spawn(instance_group& group)
  {
    double ready = 0;
    group_id child;
    const double began = wall_seconds();
    const time_spent parent = timed([&] { child = agreement_->spawn(group, [&] { ready = wall_seconds(); }); });
    agreement_->join(group, child);
    return {std::max(ready - began, parent.wall), parent.cpu};
  }

  /// Idle groups of ours carry out what they have missed.
  void catch_up_all()
  {
    for (const group_id id : idle_) {
      guest_.in_group(id, [](instance_group& group) { need(group.catch_up()); });
    }
  }

  guest_process& guest() { return guest_; }

private:
  static guest_options options_for(agreement& chosen)
  {
    guest_options options;
    options.has_checks = chosen.has_checks();
    options.host_functions = chosen.host_calls();
    return options;
  }

  void release()
  {
    auto* word = reinterpret_cast<std::uint32_t*>(guest_.core().environment.linked_memory->data() + released_);
    std::atomic_ref(*word).store(1);
    guest_.core().futexes.notify(word, 1024);
  }

  std::unique_ptr<agreement> agreement_;
  guest_process guest_;
  std::vector<group_id> idle_;
  library_handle many_;
  load_request small_;
  std::uint32_t released_{};
  unsigned next_symbol_ = 0;
};

/// CPU time of all threads of this process, in seconds.
double process_seconds()
{
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void agree(benchmark::State& state, const protocol& which, standing stand, int groups)
{
  const int wanted = samples_wanted(200);
  for (auto _ : state) {
    scene of(which, stand, groups);
    const bool returned = of.returns([&](instance_group& group) { of.look_up_next(group); });
    state.counters["returns"] = returned ? 1 : 0;
    state.SetIterationTime(std::chrono::duration<double>(patience).count());
    if (!returned) {
      continue;
    }
    of.guest().in_first_group([&](instance_group& group) {
      // Before look-ups: a new group fills every slot that was given, and only ours gives them in the process's own
      // state.
      measure(std::min(wanted, 50), [&] { return of.spawn(group); }).report(state, "spawn");
      measure(wanted, [&] { return of.look_up_next(group); }).report(state, "first");
      measure(wanted, [&] { return of.look_up_again(group); }).report(state, "again");
    });
    std::vector<double> agreeing;
    const double began = process_seconds();
    of.guest().in_first_group([&](instance_group& group) {
      measure(wanted, [&] { return of.open_next(group, agreeing.emplace_back()); }).report(state, "open");
    });
    if (stand == standing::idle) {
      of.catch_up_all();
      state.counters["open_cpu_of_all"] = 1e9 * (process_seconds() - began) / static_cast<double>(agreeing.size());
    }
    state.counters["coordination_p50"] = 1e9 * quantile(agreeing, 0.5);
    state.counters["coordination_p99"] = 1e9 * quantile(agreeing, 0.99);
    state.SetIterationTime(quantile(agreeing, 0.5));
  }
}

void add_rows(standing stand, const char* name, std::initializer_list<int> counts)
{
  for (const int groups : counts) {
    for (const protocol& which : protocols) {
      const std::string row = std::string("agreement/") + which.name + "/" + name + "/groups:" + std::to_string(groups);
      benchmark::RegisterBenchmark(row.c_str(), agree, which, stand, groups)
          ->Iterations(1)
          ->UseManualTime()
          ->Unit(benchmark::kMicrosecond);
    }
  }
}

const bool rows_added = [] {
  add_rows(standing::idle, "idle", {1, 2, 4, 16, 64, 256});
  add_rows(standing::waiting, "waiting", {2, 4, 16, 64, 256});
  add_rows(standing::calling, "calling", {2, 4, 16});
  add_rows(standing::computing, "computing", {2});
  add_rows(standing::atomic_waiting, "atomic_waiting", {2});
  return true;
}();

} // namespace
} // namespace interlink::bench
