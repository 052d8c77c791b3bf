// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Opens of libraries that no name stands for.
#pragma once

#include "messages/error.hh"
#include "messages/ids.hh"

#include <cstdint>
#include <string>
#include <vector>

#include "loader/library_files.hh"
#include "loader/loader_services.hh"

namespace interlink {

class instance_group;

/// As open_library (loader/library_loader.hh), for a file that was found by other means: it is loaded, or opened again.
result<library_handle> open_library_file(const loader_services& loader, instance_group& group, const found_module& file,
                                         std::uint32_t flags, const std::vector<std::string>& library_path);

} // namespace interlink
