// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a process tells a person, record by record, to one sink that the embedder gives: what INTERLINK_DEBUG asks for,
// after LD_DEBUG of ld.so, and reports, which are always on.
#pragma once

#include "messages/ids.hh"

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace interlink {

enum class log_category : std::uint8_t {
  report,     ///< long waits, options without effect, calls that are not implemented
  libs,       ///< files searched and found, constructors run
  symbols,    ///< every look-up
  bindings,   ///< which definition an import was bound to
  threads,    ///< guest threads made, and why one was refused
  statistics, ///< counts and times at exit
  ops,        ///< operations: committed, published, settled
  actors,     ///< every event of every actor
};

std::string_view name_of(log_category category);

/// Context: lives as long as the call of the sink.
struct log_record {
  log_category category{};
  std::string_view program; ///< the guest's name of it
  std::uint32_t process{};  ///< among those that began with the embedder's, which is 1
  group_id group;           ///< `no_group`: of no thread
  std::string_view text;    ///< one line or more, without the last newline
};

/// "[libs 3] text" of group 3, and "[libs 2:3] text" of one in a process that the guest has started; a report is
/// "interlink: text".
std::string to_text(const log_record& record);

/// Context: any thread; may wait; must not throw.
using log_sink = std::function<void(const log_record&)>;

/// One member for each category that can be asked for.
struct debug_options {
  bool libs{};
  bool symbols{};
  bool bindings{};
  bool threads{};
  bool statistics{};
  bool ops{};
  bool actors{};
  log_sink sink;

  /// Sets the categories named in `list`, separated by commas; `all` is every one. Returns the first unknown name, or
  /// nothing.
  std::string enable(std::string_view list);

  bool is_on(log_category category) const;
};

/// Context: any thread, once it is configured.
class debug_log {
public:
  /// `report`, if there is one, gets the reports in place of the sink.
  void configure(debug_options options, std::function<void(const std::string&)> report, std::string program)
  {
    options_ = std::move(options);
    report_ = std::move(report);
    program_ = std::move(program);
  }

  /// Context: before start.
  void set_process(std::uint32_t number) { process_ = number; }

  const debug_options& enabled() const { return options_; }

  bool has_reports() const { return report_ || options_.sink; }

  /// Formats only when the category is on.
  template <class... Arguments>
  void write(log_category category, group_id group, fmt::format_string<Arguments...> text,
             Arguments&&... arguments) const
  {
    if (options_.is_on(category)) {
      write_line(category, group, fmt::format(text, std::forward<Arguments>(arguments)...));
    }
  }

  void report(group_id group, const std::string& text) const
  {
    if (report_) {
      report_(text);
    } else {
      write_line(log_category::report, group, text);
    }
  }

  /// Whether the category is on or not.
  void write_line(log_category category, group_id group, std::string_view text) const
  {
    if (options_.sink) {
      options_.sink({category, program_, process_, group, text});
    }
  }

private:
  debug_options options_;
  std::function<void(const std::string&)> report_;
  std::string program_;
  std::uint32_t process_ = 1;
};

} // namespace interlink
