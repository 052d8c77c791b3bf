// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "linker/import_origin.hh"

#include <algorithm>
#include <array>
#include <string_view>

namespace interlink {

namespace {

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> prefixes)
{
  return std::ranges::any_of(prefixes, [&](std::string_view prefix) { return text.starts_with(prefix); });
}

bool is_wasm_bindgen(const missing_symbol& import)
{
  return starts_with_any(import.import_module, {"__wbindgen", "wbg"}) || import.import_module.ends_with("_bg.js") ||
         starts_with_any(import.symbol_name, {"__wbindgen_", "__wbg_"});
}

bool is_napi(const missing_symbol& import)
{
  return import.import_module == "napi" || import.import_module == "emnapi" ||
         starts_with_any(import.symbol_name, {"napi_", "node_api_", "_emnapi_", "emnapi_"});
}

bool is_go(const missing_symbol& import)
{
  return import.import_module == "gojs" || (import.import_module == "go" && import.symbol_name.contains('.'));
}

bool is_component_part(const missing_symbol& import)
{
  return starts_with_any(import.import_module, {"wasi:", "cm32p2"}) || import.import_module == "[export]" ||
         (import.import_module.contains(':') && import.import_module.contains('/'));
}

bool is_assembly_script(const missing_symbol& import)
{
  return import.import_module == "env" && import.symbol_name == "abort" &&
         import.expected_type == "(func (param i32 i32 i32 i32))";
}

bool is_other_javascript(const missing_symbol& import)
{
  return starts_with_any(import.import_module, {"wasm:js-", "js_code", "dart2wasm", "./", "../"}) ||
         import.import_module == "js" || import.import_module.ends_with(".js") ||
         import.import_module.ends_with(".mjs");
}

/// emcc's own names; with -O2 and above it renames the module to `a` and each import to a letter or two.
bool is_emscripten(const missing_symbol& import)
{
  constexpr std::size_t longest_minified = 3;
  if (import.import_module == "a") {
    return import.symbol_name.size() <= longest_minified;
  }
  return import.import_module == "env" &&
         (starts_with_any(import.symbol_name,
                          {"emscripten_", "_emscripten_", "__emscripten_", "_embind_", "_emval_", "invoke_",
                           "__syscall_", "__cxa_find_matching_catch", "__asyncjs__", "em_asm_", "_emasync", "_mmap_js",
                           "_munmap_js", "_localtime_js", "_gmtime_js", "_tzset_js", "_setitimer_js", "_abort_js",
                           "__call_sighandler"}));
}

struct origin {
  bool (*made)(const missing_symbol&);
  std::string_view text;
};

/// The more telling come first: emcc is the linker below several of the others.
constexpr std::array<origin, 7> origins{{
    {is_wasm_bindgen, "wasm-bindgen made this module for JavaScript glue code, which a browser or Node runs; build the "
                      "crate without wasm-bindgen for --target wasm32-wasip1"},
    {is_napi, "this is a Node-API addon: Node or its JavaScript loader provides the napi functions; a program for "
              "wasm32-wasip1, or a library built as docs/guests.md says, runs here"},
    {is_go, "Go's port to JavaScript (GOOS=js) made this module, for wasm_exec.js; build it with GOOS=wasip1 "
            "GOARCH=wasm"},
    {is_component_part, "this core module is the inside of a WASI 0.2 component, whose interfaces Interlink does not "
                        "have; build it for wasm32-wasip1 (WASI preview 1), or run the component with `wasmtime run`"},
    {is_assembly_script, "AssemblyScript made this module for a JavaScript host; build it with its wasi-shim, so that "
                         "it imports WASI"},
    {is_other_javascript, "JavaScript code is to provide these imports, in a browser or Node; a build for WASI preview "
                          "1 runs here"},
    {is_emscripten, "Emscripten made this module for its JavaScript glue code, which a browser or Node runs; link it "
                    "with -sSTANDALONE_WASM, or build it as docs/guests.md says"},
}};

} // namespace

std::string describe_origin(std::span<const missing_symbol> unknown_imports)
{
  for (const origin& each : origins) {
    if (std::ranges::any_of(unknown_imports, each.made)) {
      return std::string(each.text);
    }
  }
  return {};
}

} // namespace interlink
