// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A trace as one page that needs nothing else: a timeline to look at in a browser. The page is trace/page.html.
#pragma once

#include <string>

#include "trace/recorded_trace.hh"

namespace interlink::trace {

std::string to_html(const recorded_trace& trace);

} // namespace interlink::trace
