// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the coordinator has in hand, for whoever asks while it runs.
#include "groups/coordinator.hh"

#include <utility>

namespace interlink {

std::optional<coordinator_view> coordinator::inspect(request_channel& channel, parker::clock::time_point deadline)
{
  coordinator_message& request = channel.request;
  const bool is_under_way = request.at != nullptr && !request.is_answered.load(std::memory_order_acquire);
  if (!is_under_way) {
    request.body = inspect_request{};
    request.at = channel.at;
    request.is_answered.store(false, std::memory_order_relaxed);
    tell(request);
  }
  while (!request.is_answered.load(std::memory_order_acquire)) {
    if (channel.at->park_regardless_of_stop(deadline) == wake_reason::deadline) {
      return std::nullopt;
    }
  }
  return std::get<coordinator_view>(std::move(request.reply));
}

coordinator::turn_reply coordinator::turn(coordinator_message&, inspect_request&)
{
  coordinator_view view;
  view.version = state_.current->version;
  view.groups = state_.roster.size();
  view.modules = state_.current->modules->size();
  view.table_slots = state_.current->table_size;
  view.memory_pages = state_.memory_pages;
  for (const auto& [id, load] : state_.loads) {
    view.loads.push_back({id, load.request.requester, load.request.modules.front().name});
  }
  for (const auto& [module, closing] : state_.closing) {
    view.closes.push_back({closing.close, closing.closer, state_.current->find(module)->plan().name});
  }
  const auto add_parked = [&](const std::vector<coordinator_message*>& waiting) {
    for (const coordinator_message* each : waiting) {
      view.parked.push_back({each->from, kind_of(each->body)});
    }
  };
  for (const auto& [load, waiting] : await_load_) {
    add_parked(waiting);
  }
  add_parked(await_constructor_);
  for (const auto& each : unsettled_) {
    const auto node = each.lock();
    if (node && node->pending() != 0) {
      view.unsettled.push_back({node->version(), node->pending()});
    }
  }
  return view;
}

} // namespace interlink
