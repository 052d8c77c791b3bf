// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/symbol_problems.hh"

#include "linker/import_origin.hh"
#include "messages/limits.hh"

#include <algorithm>
#include <cstddef>
#include <optional>
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

/// Each says itself what to do, and is told once however many imports meet it.
std::vector<std::string> texts_of(const std::vector<error>& refusals)
{
  std::vector<std::string> texts;
  for (const error& refusal : refusals) {
    std::string text = refusal.message();
    if (std::ranges::find(texts, text) == texts.end()) {
      texts.push_back(std::move(text));
    }
  }
  return texts;
}

std::string mismatch_lines(const std::vector<symbol_mismatch>& mismatches)
{
  std::string text;
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
  const std::vector<std::string> refused = texts_of(refusals);
  const std::size_t lists = std::size_t{!missing.empty()} + std::size_t{!unknown_imports.empty()} +
                            std::size_t{!mismatches.empty()} + std::size_t{!refused.empty()};
  if (lists == 1 && refused.size() == 1) {
    return refusals.front();
  }
  error_detail detail;
  if (lists == 1 && mismatches.size() == 1) {
    const symbol_mismatch& only = mismatches.front();
    detail.module_name = only.module_name;
    detail.symbol_name = only.symbol_name;
    detail.expected = only.expected;
    detail.found = only.found;
    detail.message = "symbol found with another type";
    return {errc::symbol_type_mismatch, std::move(detail)};
  }
  std::optional<errc> code;
  const auto tell = [&](errc kind, std::size_t count, std::string_view noun, std::string_view what) {
    if (count != 0) {
      code = code.value_or(kind);
      append_sentence(detail.message, counted(count, noun) + std::string(what));
    }
  };
  tell(errc::symbol_not_found, missing.size(), "symbol", " that no module defines");
  tell(errc::unknown_import, unknown_imports.size(), "import", " that the host does not provide");
  tell(errc::symbol_type_mismatch, mismatches.size(), "symbol", " found with another type");
  tell(refusals.empty() ? errc{} : refusals.front().code(), refused.size(), "import", " that cannot be linked");
  if (!unknown_imports.empty()) {
    detail.remedy = describe_origin(unknown_imports);
  } else if (lists == 1 && !refused.empty()) {
    detail.remedy = "each of these lines says what to do";
  }
  detail.message += mismatch_lines(mismatches);
  for (const std::string& text : refused) {
    detail.message.append("\n  ").append(text);
  }
  detail.missing = missing;
  detail.missing.insert(detail.missing.end(), unknown_imports.begin(), unknown_imports.end());
  return {*code, std::move(detail)};
}

} // namespace interlink
