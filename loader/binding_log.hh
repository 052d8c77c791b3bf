// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What INTERLINK_DEBUG=bindings prints: what each import of a planned load is bound to.
#pragma once

#include "groups/instance_group.hh"
#include "linker/snapshot.hh"
#include "messages/link_plan.hh"

#include <string>
#include <vector>

#include "loader/debug_log.hh"

namespace interlink {

/// One line for each import of each module of `plan`: importer, import, kind of binding, and provider, address or slot.
/// `loaded` has the providers that are not in the plan; those that it lacks are named by number.
std::vector<std::string> describe_bindings(const load_plan& plan, const snapshot& loaded);

/// The line of a lazy import that was bound by its first call.
std::string describe_lazy_binding(const snapshot& loaded, module_id importer, std::uint32_t thunk_number,
                                  table_index slot);

/// What a plan binds, for INTERLINK_DEBUG. Made in front of the claim and written when that is over, however it ended:
/// a sink may wait, and nothing that can wait runs between prepare and commit.
class binding_report {
public:
  binding_report(const debug_log& log, const instance_group& group, const load_plan& plan)
      : log_(log), group_(group.id())
  {
    if (log_.enabled().bindings) {
      lines_ = describe_bindings(plan, group.applied());
    }
  }

  binding_report(const binding_report&) = delete;
  binding_report& operator=(const binding_report&) = delete;

  ~binding_report()
  {
    for (const std::string& line : lines_) {
      log_.write_line(log_category::bindings, group_, line);
    }
  }

private:
  const debug_log& log_;
  group_id group_;
  std::vector<std::string> lines_;
};

} // namespace interlink
