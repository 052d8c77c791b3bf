// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A sink that is a logger of spdlog's. Not included by <interlink/interlink.hh>: it is compiled with the program's own
// spdlog, and no type of that is in the library's interface, so the program may have another version than the library.
//
//     options.log = interlink::to_spdlog(spdlog::get("plugins"));
#pragma once

#include <interlink/log.hh>
#include <spdlog/logger.h>

#include <memory>
#include <utility>

namespace INTERLINK_NAMESPACE {

/// Reports are warnings, all else is of level debug: who asks for categories lets that through (`logger->set_level`).
inline spdlog::level::level_enum spdlog_level(log_category category)
{
  return category == log_category::report ? spdlog::level::warn : spdlog::level::debug;
}

/// Pre: not null.
inline log_sink to_spdlog(std::shared_ptr<spdlog::logger> logger)
{
  return [logger = std::move(logger)](const log_record& record) {
    if (const auto level = spdlog_level(record.category); logger->should_log(level)) {
      const std::string text = to_text(record);
      logger->log(level, spdlog::string_view_t(text.data(), text.size()));
    }
  };
}

} // namespace INTERLINK_NAMESPACE
