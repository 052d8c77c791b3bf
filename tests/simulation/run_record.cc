// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tests/simulation/run_record.hh"

#include "messages/assert.hh"

#include <algorithm>
#include <sys/mman.h>

namespace interlink::simulation {

namespace {

/// Far above what the longest run writes. Untouched pages cost nothing.
constexpr std::size_t shared_bytes = std::size_t{256} << 20;

} // namespace

shared_recorder::shared_recorder()
{
  void* const mapped =
      ::mmap(nullptr, shared_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  INTERLINK_ASSERT(mapped != MAP_FAILED);
  shared_ = static_cast<shared_entries*>(mapped);
}

shared_recorder::~shared_recorder()
{
  ::munmap(shared_, shared_bytes);
}

void shared_recorder::add(entry added)
{
  const std::uint64_t place = shared_->count;
  if (sizeof(shared_entries) + (place + 1) * sizeof(entry) <= shared_bytes) {
    shared_->entries[place] = added;
    shared_->count = place + 1;
  }
}

void shared_recorder::on_choice(script_place place, script_part next)
{
  add({place, static_cast<std::uint64_t>(next), entry_kind::choice});
}

void shared_recorder::on_draw(script_place place, std::uint64_t drawn)
{
  add({place, drawn, entry_kind::draw});
}

void shared_recorder::on_step(script_part step)
{
  add({{step, 0}, 0, entry_kind::step});
}

run_record shared_recorder::record() const
{
  run_record written;
  for (std::uint64_t i = 0; i < shared_->count; ++i) {
    const entry& each = shared_->entries[i];
    switch (each.kind) {
    case entry_kind::choice:
      written.choices.emplace_back(each.place, script_part{each.value});
      break;
    case entry_kind::draw:
      written.draws.emplace(each.place, each.value);
      break;
    case entry_kind::step:
      written.steps.push_back(each.place.part);
      break;
    }
  }
  return written;
}

replaying_director::replaying_director(const run_record& record, const std::vector<script_part>& steps,
                                       const std::vector<std::pair<script_place, script_part>>& choices)
    : record_(record), steps_(steps.begin(), steps.end()), choices_(choices.begin(), choices.end())
{
}

std::uint32_t replaying_director::choose(script_place place, point_kind, std::uint32_t usual,
                                         std::span<const able_thread> able)
{
  const auto chosen = choices_.find(place);
  if (chosen == choices_.end()) {
    return usual;
  }
  const auto next = std::ranges::find(able, chosen->second, &able_thread::part);
  return next == able.end() ? usual : next->number;
}

std::uint64_t replaying_director::draw(script_place place)
{
  const auto drawn = record_.draws.find(place);
  return drawn != record_.draws.end() ? drawn->second : mix(static_cast<std::uint64_t>(place.part), place.number);
}

} // namespace interlink::simulation
