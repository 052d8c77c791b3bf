// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of options on the command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace interlink::cli {

/// Bytes, or a number with KiB, MiB, GiB, TiB or their short forms (K, KB), which mean the same. Nothing for text that
/// is no size, is 0, or does not fit in 64 bits.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// A number from 1. Nothing for any other text.
std::optional<std::size_t> parse_count(std::string_view text);

/// Seconds, with a fraction or without, or `off`, which is 0. Nothing for text that is neither, and for less than a
/// millisecond.
std::optional<std::chrono::milliseconds> parse_watchdog(std::string_view text);

/// The same without `off`.
std::optional<std::chrono::milliseconds> parse_seconds(std::string_view text);

/// A moment of a trace as nanoseconds: a number, with a fraction or without, and ns, us, ms or s; alone it is in
/// milliseconds, as the lines of a trace are printed. Nothing for anything else.
std::optional<std::uint64_t> parse_moment(std::string_view text);

} // namespace interlink::cli
