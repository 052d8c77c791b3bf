// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/schedule_search.hh"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <random>
#include <span>
#include <utility>

namespace interlink::simulation {

namespace {

class deviating_director final : public schedule_director {
public:
  deviating_director(std::uint64_t world, const schedule& deviations) : world_(world), deviations_(deviations) {}

  std::uint32_t choose(script_place, point_kind kind, std::uint32_t usual, std::span<const able_thread> able) override
  {
    const std::uint32_t place = places_++;
    const bool deviates = next_ < deviations_.size() && deviations_[next_].place == place;
    const std::uint32_t wanted = deviates ? deviations_[next_++].thread : usual;
    const bool is_able = std::ranges::find(able, wanted, &able_thread::number) != able.end();
    const std::uint32_t chosen = is_able ? wanted : usual;
    if (next_ == deviations_.size() && !deviates) {
      for (const able_thread& each : able) {
        if (each.number != chosen) {
          others_.push_back({{place, each.number}, kind});
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

  struct other {
    deviation more;
    point_kind kind{};
  };

  /// By which one deviation more may be had.
  const std::vector<other>& others() const { return others_; }

private:
  std::uint64_t world_;
  const schedule& deviations_;
  std::size_t next_ = 0;
  std::uint32_t places_ = 0;
  std::vector<other> others_;
};

/// A schedule with one deviation more than that of `base`.
struct extension {
  std::uint32_t base{};
  deviation more;
  point_kind kind{};
};

/// How much more often a deviation of a kind is tried than one in guest code, where not all can be. Chosen: guest code
/// has most of the points of a run, and what others can do there matters least.
double weight_of(point_kind kind)
{
  switch (kind) {
  case point_kind::publication:
    return 16;
  case point_kind::protocol:
  case point_kind::wait:
    return 4;
  case point_kind::guest:
    break;
  }
  return 1;
}

/// `count` of them by weighted reservoir sampling (Efraimidis and Spirakis, 2006), the most likely ones first.
std::vector<extension> some_of(const std::vector<extension>& all, std::uint64_t count, std::mt19937_64& random)
{
  std::vector<std::pair<double, std::size_t>> keys;
  keys.reserve(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    constexpr double above_all = 1ULL << 53U;
    const double drawn = (static_cast<double>(random() >> 11U) + 1) / above_all;
    keys.emplace_back(-std::log(drawn) / weight_of(all[i].kind), i);
  }
  const auto end = keys.begin() + static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(count, keys.size()));
  std::partial_sort(keys.begin(), end, keys.end());
  std::vector<extension> chosen;
  std::transform(keys.begin(), end, std::back_inserter(chosen), [&](const auto& key) { return all[key.second]; });
  return chosen;
}

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
  std::mt19937_64 random(world);
  std::vector<schedule> bases;
  std::vector<extension> level{{}}; // the plain schedule
  for (unsigned deviations = 0; deviations <= bounds.deviations && !level.empty(); ++deviations) {
    // Deviations to come get the greater part: one alone seldom shows what two do.
    const std::uint64_t left = bounds.schedules - std::min(bounds.schedules, result.schedules);
    const std::uint64_t share = deviations == bounds.deviations ? left : std::max<std::uint64_t>(1, left / 3);
    if (level.size() > share) {
      level = some_of(level, share, random);
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
      const std::uint64_t abandoned = result.happened[static_cast<std::size_t>(happening::fails_to_open)];
      if (deviations == 0 && result.operations + abandoned < bounds.operations) {
        result.is_passed_over = true;
        return result;
      }
      if (deviations < bounds.deviations) {
        for (const auto& [more, kind] : director.others()) {
          next.push_back({static_cast<std::uint32_t>(have_run.size()), more, kind});
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
