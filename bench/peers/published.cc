// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is timed here is the product itself; only the reading of files is left out, as for the others.
#include "bench/peers/agreement.hh"
#include "bench/peers/steps.hh"
#include "bench/support/guest_process.hh"
#include "bench/support/stopwatch.hh"

#include <optional>
#include <utility>
#include <variant>

#include "loader/symbol_lookup.hh"
#include "process/thread_spawner.hh"

namespace interlink::bench {

namespace {

class published_agreement final : public agreement {
public:
  bool has_checks() const override { return true; }

  table_index look_up(instance_group& requester, library_handle library, std::string_view name) override
  {
    return {need(find_address(process_of(requester).loader, requester, library, name))};
  }

  void open(instance_group& requester, const load_request& request, double& own_work) override
  {
    coordinator_reply reply = requester.ask(prepare_load_request{request});
    auto* outcome = std::get_if<prepare_outcome>(&reply);
    auto* planned = outcome == nullptr ? nullptr : std::get_if<planned_load>(outcome);
    if (planned == nullptr) {
      give_up("the load is not planned");
    }
    const planned_load load = std::move(*planned);
    commit_load_request commit{load.id, timed_part(own_work, [&] {
                                 need(requester.catch_up_without_initialisers());
                                 return carry_out_first(requester, load);
                               })};
    if (reply = requester.ask(std::move(commit)); !std::holds_alternative<done_reply>(reply)) {
      give_up("the load is not committed");
    }
    need(requester.catch_up());
    std::optional<module_id> finished;
    do {
      reply = requester.ask(next_constructor_request{load.id, load.root, std::exchange(finished, std::nullopt)});
      if (const auto* run = std::get_if<run_constructor>(&reply)) {
        finished = run->module;
        timed_part(own_work, [&] { call_constructor(requester, run->module); });
      }
    } while (!std::holds_alternative<constructors_done>(reply));
  }
};

} // namespace

group_id agreement::spawn(instance_group& requester, std::function<void()> body)
{
  return need(start_bare_group(process_of(requester).shared_from_this(), [body = std::move(body)](instance_group&) {
    body();
    return result<void>{};
  }));
}

void agreement::join(instance_group& requester, group_id child)
{
  if (process_of(requester).threads.join(child, std::make_shared<parker>()) != join_outcome::finished) {
    give_up("a group does not end");
  }
}

std::unique_ptr<agreement> make_published()
{
  return std::make_unique<published_agreement>();
}

} // namespace interlink::bench
