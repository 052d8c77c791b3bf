// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "embed/default_log.hh"

#include <fmt/format.h>
#include <interlink/spdlog.hh>
#include <spdlog/sinks/stdout_sinks.h>

#include <memory>
#include <utility>

namespace interlink::v0 {

log_sink default_log()
{
  static const auto logger = [] {
    auto made = std::make_shared<spdlog::logger>("interlink", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_level(spdlog::level::trace); // who asks for a category wants to see it
    return made;
  }();
  return to_spdlog(logger);
}

std::string_view name_of(log_category category)
{
  return interlink::name_of(static_cast<interlink::log_category>(category));
}

std::string to_text(const log_record& record)
{
  if (record.category == log_category::report) {
    return fmt::format("{}: {}", record.process, record.text);
  }
  return fmt::format("{}: {}", record.process,
                     interlink::to_text({static_cast<interlink::log_category>(record.category), record.process,
                                         record.member, group_id{record.group}, record.text}));
}

interlink::log_sink to_internal(log_sink sink, std::string name)
{
  return [sink = std::move(sink), name = std::move(name)](const interlink::log_record& record) {
    sink({static_cast<log_category>(record.category), record.process == 1 ? std::string_view(name) : record.program,
          record.process, record.group.value, record.text});
  };
}

} // namespace interlink::v0
