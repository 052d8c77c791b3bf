// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/schedule_search.hh"

#include <algorithm>
#include <charconv>
#include <random>
#include <span>
#include <utility>

namespace interlink::simulation {

namespace {

class deviating_director final : public schedule_director {
public:
  deviating_director(std::uint64_t world, const schedule& deviations) : world_(world), deviations_(deviations) {}

  std::uint32_t choose(script_place, std::uint32_t usual, std::span<const able_thread> able) override
  {
    const std::uint32_t place = places_++;
    const bool deviates = next_ < deviations_.size() && deviations_[next_].place == place;
    const std::uint32_t wanted = deviates ? deviations_[next_++].thread : usual;
    const bool is_able = std::ranges::find(able, wanted, &able_thread::number) != able.end();
    const std::uint32_t chosen = is_able ? wanted : usual;
    if (next_ == deviations_.size() && !deviates) {
      for (const able_thread& each : able) {
        if (each.number != chosen) {
          others_.push_back({place, each.number});
        }
      }
    }
    return chosen;
  }

  std::uint64_t draw(script_place place) override
  {
    return mix(mix(world_, static_cast<std::uint64_t>(place.part)), place.number);
  }

  bool takes(script_part) override { return true; }

  /// By which one deviation more may be had.
  const std::vector<deviation>& others() const { return others_; }

private:
  std::uint64_t world_;
  const schedule& deviations_;
  std::size_t next_ = 0;
  std::uint32_t places_ = 0;
  std::vector<deviation> others_;
};

/// A schedule with one deviation more than that of `base`.
struct extension {
  std::uint32_t base{};
  deviation more;
};

schedule extended(const schedule& base, deviation more)
{
  schedule longer = base;
  longer.push_back(more);
  return longer;
}

} // namespace

std::string text_of(const schedule& of)
{
  std::string text;
  for (const deviation& each : of) {
    text += (text.empty() ? "" : ",") + std::to_string(each.place) + ":" + std::to_string(each.thread);
  }
  return text;
}

std::optional<schedule> read_schedule(std::string_view text)
{
  schedule read;
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at != end) {
    deviation each;
    const auto place = std::from_chars(at, end, each.place);
    if (place.ec != std::errc{} || place.ptr == end || *place.ptr != ':') {
      return std::nullopt;
    }
    const auto thread = std::from_chars(place.ptr + 1, end, each.thread);
    if (thread.ec != std::errc{} || (thread.ptr != end && (*thread.ptr != ',' || thread.ptr + 1 == end))) {
      return std::nullopt;
    }
    at = thread.ptr == end ? end : thread.ptr + 1;
    read.push_back(each);
  }
  return std::ranges::is_sorted(read, {}, &deviation::place) ? std::optional(std::move(read)) : std::nullopt;
}

directed_run run_of(std::uint64_t world, std::string directory, std::function<void(std::uint64_t hash)> on_state)
{
  return [world, directory = std::move(directory), on_state = std::move(on_state)](schedule_director& director) {
    return simulated_world(world, directory, {.is_small = true, .director = &director, .on_state = on_state}).run();
  };
}

world_report run_schedule(std::uint64_t world, const directed_run& run, const schedule& only)
{
  deviating_director director(world, only);
  return run(director);
}

search_result search_schedules(std::uint64_t world, const directed_run& run, const search_bounds& bounds,
                               const std::function<void(const schedule&)>& on_run)
{
  search_result result;
  std::vector<schedule> bases;
  std::vector<extension> level{{}}; // the plain schedule
  for (unsigned deviations = 0; deviations <= bounds.deviations && !level.empty(); ++deviations) {
    const std::uint64_t left = bounds.schedules - std::min(bounds.schedules, result.schedules);
    if (level.size() > left) {
      std::ranges::shuffle(level, std::mt19937_64(world));
      level.resize(left);
      result.is_complete = false;
    }
    std::vector<schedule> have_run;
    std::vector<extension> next;
    for (const extension& each : level) {
      if (bounds.is_over && bounds.is_over()) {
        result.is_complete = false;
        return result;
      }
      schedule planned = deviations == 0 ? schedule{} : extended(bases[each.base], each.more);
      if (on_run) {
        on_run(planned);
      }
      deviating_director director(world, planned);
      world_report report = run(director);
      ++result.schedules;
      result.steps += report.steps;
      result.operations += report.operations;
      for (std::size_t i = 0; i < happenings; ++i) {
        result.happened[i] += report.happened[i];
      }
      if (!report.failures.empty()) {
        result.is_complete = false;
        result.failed = std::move(planned);
        result.failure = std::move(report);
        return result;
      }
      if (deviations < bounds.deviations) {
        for (const deviation& more : director.others()) {
          next.push_back({static_cast<std::uint32_t>(have_run.size()), more});
        }
        have_run.push_back(std::move(planned));
      }
    }
    bases = std::move(have_run);
    level = std::move(next);
  }
  return result;
}

} // namespace interlink::simulation
