// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of WASIX functions: the code's, the document's, and what guests are offered.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "process/abi/guest_abi.hh"
#include "process/abi/wasix_functions.hh"

namespace interlink {
namespace {

TEST(WasixFunctions, AreOfferedWhereTheTableSaysServed)
{
  std::set<std::string> served;
  for (const auto& function : abi::wasix_functions()) {
    if (function.service == abi::wasix_service::served) {
      served.insert(std::string(function.name));
    } else {
      EXPECT_FALSE(function.note.empty()) << function.name << " is refused without a reason";
    }
  }
  std::set<std::string> offered;
  const auto catalog = abi::make_guest_abi({})->catalog();
  for (const auto& [names, type] : catalog->offered) {
    if (names.first == "wasix_32v1") {
      offered.insert(names.second);
    }
  }
  EXPECT_EQ(served, offered);
  EXPECT_TRUE(catalog->open_modules.contains("wasix_32v1")); // the others link as well
}

TEST(WasixFunctions, AreInTheDocumentAsInTheCode)
{
  std::vector<std::string> expected;
  for (const auto& function : abi::wasix_functions()) {
    expected.push_back("| `" + std::string(function.name) + "` | " +
                       (function.service == abi::wasix_service::served ? "served" : "refused") + " | " +
                       std::string(function.note) + " |");
  }
  EXPECT_TRUE(std::ranges::is_sorted(abi::wasix_functions(), {}, &abi::wasix_function::name));
  std::vector<std::string> written;
  std::ifstream document(INTERLINK_WASIX_DOCUMENT);
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("| `") && !line.starts_with("| `--")) { // options have a table of their own
      written.push_back(line);
    }
  }
  EXPECT_EQ(written, expected);
}

} // namespace
} // namespace interlink
