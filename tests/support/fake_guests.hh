// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Small guests that say of themselves what they are: every function returns a number that names its library and itself,
// every word that a library keeps has a value that a test can foretell. So a call that reached a wrong function, or a
// word that someone else wrote, shows at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace interlink::support {

enum class start_shape : std::uint8_t {
  none,
  closed, ///< writes the library's number into its own data
  open,   ///< the same, tells the host, calls through the index that `test.index` gives unless that is 0, and writes
          ///< again
  traps,  ///< closed, and traps
};

/// A function of another library, `fN_K`.
struct function_name {
  std::uint32_t library{};
  std::uint32_t function{};

  std::string text() const { return "f" + std::to_string(library) + "_" + std::to_string(function); }
};

/// What to make a library of. Its exports, for library number N:
///   fN_K () -> i32       N * 1000 + K
///   backN (i32, i32 results, i32 datum)   stores N * 100'000 + datum to the results: what a closure calls
///   tlsN () -> i32       the word that `__wasm_init_tls` wrote in the calling thread: N * 1000 + 900
///   dataN (i32) -> i32   the word at that offset of its data
///   callN_J () -> i32    what the J-th of `calls` returns
///   gotN_J () -> i32     the address of the J-th of `addresses`
///   shared_K () -> i32   for each K of `defines`: N * 1000 + 500 + K; other libraries may define it, too
///   useN_J () -> i32     what the J-th of `uses` returns, `shared_K` of whoever is found first
///   maybe_K () -> i32    for each K of `offers`: N * 1000 + 600 + K; datum_K: data, at weak_data_offset(K)
///   askN_J () -> i32     the address of the J-th of `weak`, imported weakly: `maybe_K` of whoever is found first, or 0
///   tryN_J () -> i32     what it returns, or 0 when nobody has it
///   riskN_J () -> i32    what it returns; a trap when nobody has it
///   seeN_J () -> i32     the address of `datum_K`, imported weakly, for the K of the J-th of `weak`, or 0
/// Its data: word 0 counts constructor runs, word 4 has the address of word 8 once relocated, word 12 has N once its
/// start function has run. The host function `test.event (i32 what, i32 number)` is told of constructors, of open start
/// functions, and of what the latter's call returned.
struct library_shape {
  std::uint32_t number{};
  std::uint32_t functions = 2;
  std::uint32_t functions_in_table = 0; ///< the first ones, in its own element segment
  std::vector<std::string> needed{};    ///< file names
  std::vector<function_name> calls{};
  std::vector<function_name> addresses{};
  std::vector<std::uint32_t> defines{};
  std::vector<std::uint32_t> uses{};
  start_shape start = start_shape::none;
  bool has_tls = false;
  bool has_constructor = false;
  bool relocations_trap = false;
  std::uint32_t data_bytes = 64;
  std::vector<std::uint32_t> offers{};
  std::vector<std::uint32_t> weak{};
};

std::vector<std::byte> make_library(const library_shape& shape);

/// What `test.event` is told.
inline constexpr std::uint32_t event_constructor = 1;
inline constexpr std::uint32_t event_open_start = 2;
inline constexpr std::uint32_t event_called = 3; ///< the number is what the call returned

/// Length of main's data: words in which indices travel between threads.
inline constexpr std::uint32_t shelf_words = 64;

struct main_shape {
  std::vector<std::string> needed{};
  std::vector<function_name> calls{}; ///< lazily bound: nobody defines them when main is loaded
  std::vector<std::uint32_t> uses{};  ///< as in a library
  std::uint32_t maximum_pages = 256;
  bool has_tls = true;
  bool allocates = true; ///< exports aligned_alloc, served by `test.allocate (i32, i32) -> i32`
  bool has_thread_start = true;
};

/// A position-independent main. Its data is the shelf. Exports:
///   call_at (i32 address) -> i32   calls through the index in that word
///   call_slot (i32 slot) -> i32    calls through that index
///   spin_at (i32 address, i32 value, i32 turns) -> i32
///                                  computes until that word has another value, or `turns` are over, then `call_at`
///   load (i32) -> i32, store (i32, i32)
///   wait (i32 address, i32 expected, i64 timeout_ns) -> i32, notify (i32 address, i32 count) -> i32
///   trap ()
///   callM_J () -> i32              what the J-th of `calls` returns
///   use0_J () -> i32               as in a library
///   f0_0 () -> i32                 0; tls0 as in a library
///   wasi_thread_start (i32, i32)   calls `test.thread (i32 number, i32 argument)`
std::vector<std::byte> make_main(const main_shape& shape);

inline constexpr std::uint32_t shared_value_of(std::uint32_t library, std::uint32_t shared)
{
  return library * 1000 + 500 + shared;
}

inline constexpr std::uint32_t backing_value_of(std::uint32_t library, std::uint32_t datum)
{
  return library * 100'000 + datum;
}

inline constexpr std::uint32_t maybe_value_of(std::uint32_t library, std::uint32_t maybe)
{
  return library * 1000 + 600 + maybe;
}

/// Where `datum_K` is in its library's data.
inline constexpr std::uint32_t weak_data_offset(std::uint32_t datum)
{
  return 16 + 4 * datum;
}

inline constexpr std::uint32_t tls_word_of(std::uint32_t library)
{
  return library * 1000 + 900;
}

} // namespace interlink::support
