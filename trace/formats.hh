// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The forms in which a trace can be written.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

enum class format : std::uint8_t { jsonl, perfetto, html };

/// As `interlink trace --to` names them, in the order of `format`.
const std::vector<std::string>& format_names();

std::optional<format> format_named(std::string_view name);

/// What the end of a file's name stands for; JSONL when it stands for nothing.
format format_of_path(std::string_view path);

std::string to_text(const recorded_trace& trace, format form);

} // namespace interlink::trace
