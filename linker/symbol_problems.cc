// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/symbol_problems.hh"

#include "linker/import_origin.hh"
#include "messages/limits.hh"

#include <algorithm>
#include <utility>

namespace interlink {

namespace {

std::string counted(std::size_t count, std::string_view noun)
{
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

void append_sentence(std::string& text, const std::string& sentence)
{
  text.append(text.empty() ? "" : "; ").append(sentence);
}

std::string mismatch_text(const std::vector<symbol_mismatch>& mismatches)
{
  std::string text = counted(mismatches.size(), "symbol") + " found with another type";
  const std::size_t listed = std::min(mismatches.size(), limit::missing_symbols_listed);
  for (std::size_t i = 0; i < listed; ++i) {
    const symbol_mismatch& m = mismatches[i];
    text += "\n  " + m.symbol_name + " (" + m.import_module + "), needed by " + m.module_name + " as " + m.expected +
            ", found " + m.found;
  }
  if (listed < mismatches.size()) {
    text += "\n  and " + std::to_string(mismatches.size() - listed) + " more";
  }
  return text;
}

} // namespace

error symbol_problems::to_error() const
{
  if (missing.empty() && unknown_imports.empty() && mismatches.empty()) {
    return refusals.front();
  }
  error_detail detail;
  errc code = errc::symbol_type_mismatch;
  if (!unknown_imports.empty()) {
    code = errc::unknown_import;
    detail.message = counted(unknown_imports.size(), "import") + " that the host does not provide";
    detail.missing = unknown_imports;
    detail.remedy = describe_origin(unknown_imports);
  }
  if (!missing.empty()) {
    code = errc::symbol_not_found;
    const std::string others =
        std::exchange(detail.message, counted(missing.size(), "symbol") + " that no module defines");
    if (!others.empty()) {
      append_sentence(detail.message, others);
    }
    detail.missing.insert(detail.missing.begin(), missing.begin(), missing.end());
  }
  if (mismatches.size() == 1 && code == errc::symbol_type_mismatch) {
    const symbol_mismatch& only = mismatches.front();
    detail.module_name = only.module_name;
    detail.symbol_name = only.symbol_name;
    detail.expected = only.expected;
    detail.found = only.found;
    detail.message = "symbol found with another type";
  } else if (!mismatches.empty()) {
    append_sentence(detail.message, mismatch_text(mismatches));
  }
  for (const error& refusal : refusals) {
    append_sentence(detail.message, refusal.message());
  }
  return {code, std::move(detail)};
}

} // namespace interlink
