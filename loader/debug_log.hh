// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What INTERLINK_DEBUG prints, after LD_DEBUG of ld.so: lines of a category to a sink that the embedder gives.
#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace interlink {

struct debug_options {
  bool libs{};       ///< files searched and found, constructors run
  bool symbols{};    ///< every look-up
  bool bindings{};   ///< which definition an import was bound to
  bool threads{};    ///< guest threads made, and why one was refused
  bool statistics{}; ///< counts and times at exit
  bool ops{};        ///< operations: committed, published, settled
  bool actors{};     ///< every event of every actor
  std::function<void(const std::string&)> sink;

  /// Sets the categories named in `list`, separated by commas; `all` is every one. Returns the first unknown name, or
  /// nothing.
  std::string enable(std::string_view list);
};

/// Context: any thread.
class debug_log {
public:
  void configure(debug_options options) { options_ = std::move(options); }

  const debug_options& enabled() const { return options_; }

  /// Formats only when `category` is on: log.write(log.enabled().libs, "...", ...).
  template <class... Arguments>
  void write(bool category, fmt::format_string<Arguments...> text, Arguments&&... arguments) const
  {
    if (category && options_.sink) {
      options_.sink(fmt::format(text, std::forward<Arguments>(arguments)...));
    }
  }

private:
  debug_options options_;
};

} // namespace interlink
