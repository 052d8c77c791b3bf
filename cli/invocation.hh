// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// `--invoke`: words of the command line to a function's arguments, and its results to text. Pure.
#pragma once

#include "messages/error.hh"
#include "messages/guest_value.hh"
#include "messages/module_info.hh"
#include "messages/wasm_types.hh"

#include <span>
#include <string>
#include <vector>

namespace interlink::cli {

/// One word for each parameter. Integers are decimal or, after 0x, hexadecimal; signed or unsigned, as far as their
/// bits reach; floating point as C reads it, `inf` and `nan` included.
/// Errors: invalid_argument for another count of words, for a word that is no such number, and for a parameter that is
/// no number (a reference or a vector).
result<std::vector<guest_value>> parse_arguments(const std::string& name, const function_type& type,
                                                 std::span<const std::string> words);

/// One line each. Integers are signed; floating point has as many digits as it takes to read the same number again; a
/// vector is 32 hexadecimal digits, the highest byte first.
std::string to_text(std::span<const guest_value> values);

/// The program has no function of that name: which ones it has. Errors' code: symbol_not_found.
error no_such_function(const std::string& name, const module_info& program);

} // namespace interlink::cli
