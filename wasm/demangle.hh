// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names for a person.
#pragma once

#include <string>

namespace interlink {

/// A C++ or Rust function's name as c++filt shows it; any other as it is. Long names with many back-references stay,
/// for what they stand for grows without bound.
std::string demangled(std::string name);

/// The same of a type's name, as std::type_info has it.
std::string demangled_type(std::string name);

} // namespace interlink
