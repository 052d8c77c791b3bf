// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/new_command.hh"

#include "cli/messages.hh"

#include <fmt/format.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

namespace interlink::cli {

namespace {

constexpr std::string_view program = R"(#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv) {
  void *plugin = dlopen("./plugin.so", RTLD_NOW);
  if (plugin == 0) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  void (*greet)(const char *) = (void (*)(const char *))dlsym(plugin, "greet");
  greet(argc > 1 ? argv[1] : "world");
  return dlclose(plugin);
}
)";

constexpr std::string_view plugin = R"(#include <stdio.h>

// The program finds it by its name.
void greet(const char *name) { printf("hello, %s\n", name); }
)";

constexpr std::string_view lists = R"(cmake_minimum_required(VERSION 3.25)
project({0} C)

# The plugin uses the program's C library: ENABLE_EXPORTS keeps all of it there.
add_executable({0} main.c)
set_target_properties({0} PROPERTIES ENABLE_EXPORTS ON)

add_library(plugin MODULE plugin.c)
set_target_properties(plugin PROPERTIES PREFIX "")
)";

constexpr std::string_view presets = R"({{
  "version": 6,
  "configurePresets": [
    {{"name": "guest", "generator": "Ninja", "binaryDir": "${{sourceDir}}/build", "toolchainFile": "{}",
     "cacheVariables": {{"CMAKE_BUILD_TYPE": "Release"}}}}
  ],
  "buildPresets": [{{"name": "guest", "configurePreset": "guest"}}],
  "workflowPresets": [
    {{"name": "guest", "steps": [{{"type": "configure", "name": "guest"}}, {{"type": "build", "name": "guest"}}]}}
  ]
}}
)";

/// Beside the command: in an installed prefix, or in the build tree.
std::optional<std::filesystem::path> find_toolchain()
{
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* prefix : {"..", "../kit"}) {
    auto file = (here / prefix / "share/interlink/kit/toolchain.cmake").lexically_normal();
    if (std::filesystem::exists(file, error)) {
      return file;
    }
  }
  return std::nullopt;
}

bool write_file(const std::filesystem::path& path, std::string_view text)
{
  std::ofstream file(path, std::ios::binary);
  file << text;
  return static_cast<bool>(file.flush());
}

bool is_name(std::string_view name)
{
  return !name.empty() && name != "plugin" &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string_view::npos;
}

} // namespace

int make_project(const new_options& options)
{
  const std::filesystem::path folder = options.folder;
  const std::string name = folder.filename().string();
  const auto toolchain = find_toolchain();
  if (!toolchain) {
    print_line("interlink: the compilers for guests are not installed beside this command");
    return exit_cannot_inspect;
  }
  if (!is_name(name)) {
    print_line(fmt::format("interlink: {} is no name for a program: letters, digits, - and _", name));
    return exit_cannot_inspect;
  }
  std::error_code error;
  if (!std::filesystem::create_directory(folder, error)) {
    print_line(fmt::format("interlink: {}: {}", options.folder, error ? error.message() : "is there already"));
    return exit_cannot_inspect;
  }
  const bool is_written = write_file(folder / "main.c", program) && write_file(folder / "plugin.c", plugin) &&
                          write_file(folder / "CMakeLists.txt", fmt::format(lists, name)) &&
                          write_file(folder / "CMakePresets.json", fmt::format(presets, toolchain->string()));
  if (!is_written) {
    print_line(fmt::format("interlink: {} cannot be written", options.folder));
    return exit_cannot_inspect;
  }
  print_result(fmt::format("made {0}; build it and run it:\n"
                           "  (cd {0} && cmake --workflow --preset guest)\n"
                           "  interlink run --dir {0}/build {0}/build/{1}\n",
                           options.folder, name));
  return 0;
}

} // namespace interlink::cli
