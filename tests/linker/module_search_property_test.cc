// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The search order, said once more without regard for cost: all directories in their order, each entry of them once.
#include "linker/module_search.hh"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

namespace interlink {
namespace {

rc::Gen<std::string> part()
{
  return rc::gen::element<std::string>("a", "b.so", "c.wasm", ".", "..", "", "$ORIGIN", "${ORIGIN}", "$ORIGINAL",
                                       ".so");
}

/// Parts joined by slashes, with or without one in front.
rc::Gen<std::string> path()
{
  return rc::gen::apply(
      [](bool is_absolute, const std::vector<std::string>& parts) {
        std::string joined;
        for (const std::string& each : parts) {
          joined += (joined.empty() && !is_absolute ? "" : "/") + each;
        }
        return joined;
      },
      rc::gen::arbitrary<bool>(), rc::gen::resize(4, rc::gen::container<std::vector<std::string>>(part())));
}

rc::Gen<std::vector<std::string>> paths()
{
  return rc::gen::resize(4, rc::gen::container<std::vector<std::string>>(path()));
}

std::string normal(const std::string& path)
{
  std::string made = path.starts_with('/') ? "/" : "";
  std::istringstream in(path);
  for (std::string each; std::getline(in, each, '/');) {
    if (!each.empty() && each != ".") {
      made += (made.empty() || made == "/" ? "" : "/") + each;
    }
  }
  return made.empty() ? "." : made;
}

std::string replaced(std::string text, const std::string& from, const std::string& to, bool only_whole)
{
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos;) {
    const bool is_whole = at + from.size() == text.size() || text[at + from.size()] == '/';
    text = is_whole || !only_whole ? text.replace(at, from.size(), to) : text;
    at += is_whole || !only_whole ? to.size() : from.size();
  }
  return text;
}

struct question {
  std::string name, directory, requester;
  std::vector<std::string> library_path, runtime_path;
};

std::vector<std::string> expected(const question& asked)
{
  std::vector<std::string> found;
  const auto add = [&](const std::string& directory, const std::string& name) {
    const std::string path = name.starts_with('/')        ? name
                             : directory.starts_with('/') ? directory + "/" + name
                                                          : asked.directory + "/" + directory + "/" + name;
    std::string made = normal(path);
    if (name.ends_with('/') && made != "/") {
      made.push_back('/'); // it names no file
    }
    const bool is_so = made.ends_with(".so");
    for (const std::string& each : {made, is_so ? made.substr(0, made.size() - 3) + ".wasm" : made}) {
      if (std::ranges::find(found, each) == found.end()) {
        found.push_back(each);
      }
    }
  };
  if (asked.name.empty()) {
    return found;
  }
  std::string origin = asked.requester.empty()            ? asked.directory
                       : asked.requester.starts_with('/') ? asked.requester
                                                          : asked.directory + "/" + asked.requester;
  if (!asked.requester.empty()) {
    // The directory of the path as it is written: what follows the last slash is the module.
    origin = origin.substr(0, origin.rfind('/'));
  }
  origin = normal(origin.empty() ? "/" : origin);
  // By way of a sign that no path has: what is put in is not expanded again.
  const auto expanded = [&](const std::string& text) {
    return replaced(replaced(replaced(text, "${ORIGIN}", "\1", false), "$ORIGIN", "\1", true), "\1", origin, false);
  };
  if (asked.name.contains('/')) {
    add(".", expanded(asked.name));
    return found;
  }
  for (const std::string& each : asked.library_path) {
    if (!each.empty()) {
      add(each, asked.name);
    }
  }
  for (const std::string& each : asked.runtime_path) {
    const std::string directory = expanded(each);
    if (!directory.empty()) {
      add(directory, asked.name);
    }
  }
  for (const char* each : {"/lib", "/usr/lib", "/usr/local/lib"}) {
    add(each, asked.name);
  }
  return found;
}

RC_GTEST_PROP(ModuleSearch, TriesTheCandidatesThatAreSaidInTheirOrder, ())
{
  question asked;
  asked.name = *rc::gen::oneOf(part(), path());
  asked.directory = *rc::gen::element<std::string>("/", "/home", "/home/./x/");
  asked.requester = *rc::gen::oneOf(rc::gen::just<std::string>(""), path());
  asked.library_path = *paths();
  asked.runtime_path = *paths();
  const auto found =
      candidate_paths(asked.name, {asked.directory, asked.library_path, asked.runtime_path, asked.requester});
  RC_ASSERT(found == expected(asked));
  for (const std::string& each : found) {
    RC_ASSERT(normal(each) == each || normal(each) + "/" == each);
  }
}

RC_GTEST_PROP(ModuleSearch, SplitsAsOftenAsThereIsAColon, ())
{
  const auto parts = *paths();
  std::string text;
  std::vector<std::string> kept;
  for (const std::string& each : parts) {
    text += each + ":";
    if (!each.empty()) {
      kept.push_back(each);
    }
  }
  RC_ASSERT(split_library_path(text) == kept);
}

} // namespace
} // namespace interlink
