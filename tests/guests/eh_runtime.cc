// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A small freestanding runtime for C++ exceptions of fundamental types: allocate, throw, begin and end a catch, and the
// personality. The packaged one is in the old encoding, which engines refuse. It follows the Itanium C++ ABI for the
// names and LLVM's tables: a landing pad stores its number and the address of its table, and asks for the selector.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

namespace {

struct exception {
  const void* type;
  void (*destroy)(void*);
  int handlers;
  int padding;
};

exception* header_of(void* object)
{
  return static_cast<exception*>(object) - 1;
}

uintptr_t read_uleb(const uint8_t*& at)
{
  uintptr_t value = 0;
  for (unsigned shift = 0;; shift += 7) {
    uint8_t byte = *at++;
    value |= static_cast<uintptr_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      return value;
    }
  }
}

intptr_t read_sleb(const uint8_t*& at)
{
  intptr_t value = 0;
  unsigned shift = 0;
  for (;;) {
    uint8_t byte = *at++;
    value |= static_cast<intptr_t>(byte & 0x7f) << shift;
    shift += 7;
    if (byte < 0x80) {
      return (byte & 0x40) != 0 && shift < 32 ? value | -(static_cast<intptr_t>(1) << shift) : value;
    }
  }
}

enum : uint8_t { encoding_omitted = 0xff, encoding_pc_relative = 0x10, encoding_indirect = 0x80 };

// The type at `entry`: null for catch (...).
const void* read_type(const uint8_t* entry, uint8_t encoding)
{
  uintptr_t value = *reinterpret_cast<const uintptr_t*>(entry);
  if (value == 0) {
    return nullptr;
  }
  if ((encoding & encoding_pc_relative) != 0) {
    value += reinterpret_cast<uintptr_t>(entry);
  }
  if ((encoding & encoding_indirect) != 0) {
    value = *reinterpret_cast<const uintptr_t*>(value);
  }
  return reinterpret_cast<const void*>(value);
}

// Walks the table of one function for one landing pad. Returns the selector of the handler that takes the type, or 0.
uintptr_t select(const uint8_t* table, uintptr_t landing_pad, const void* thrown)
{
  const uint8_t* at = table;
  if (*at++ != encoding_omitted) {
    abort();
  }
  uint8_t type_encoding = *at++;
  const uint8_t* types = nullptr;
  if (type_encoding != encoding_omitted) {
    uintptr_t offset = read_uleb(at);
    types = at + offset;
  }
  ++at;
  uintptr_t size = read_uleb(at);
  const uint8_t* actions = at + size;
  uintptr_t action = 0;
  for (uintptr_t i = 0; i <= landing_pad; ++i) {
    read_uleb(at);
    action = read_uleb(at);
  }
  if (action == 0) {
    return 0;
  }
  for (const uint8_t* record = actions + action - 1;;) {
    intptr_t index = read_sleb(record);
    const uint8_t* link = record;
    intptr_t next = read_sleb(record);
    if (index > 0) {
      const void* type = read_type(types - index * 4, type_encoding);
      if (type == nullptr || type == thrown) {
        return static_cast<uintptr_t>(index);
      }
    }
    if (next == 0) {
      return 0;
    }
    record = link + next;
  }
}

} // namespace

extern "C" {

// What a landing pad fills and reads. One for each thread; its name is known to the compiler.
struct landing_pad_context {
  uintptr_t landing_pad;
  const uint8_t* table;
  uintptr_t selector;
};

thread_local landing_pad_context __wasm_lpad_context;

void* __cxa_allocate_exception(size_t size)
{
  auto* made = static_cast<exception*>(calloc(1, sizeof(exception) + size));
  return made != nullptr ? made + 1 : (abort(), nullptr);
}

void __cxa_free_exception(void* object)
{
  free(header_of(object));
}

[[noreturn]] void __cxa_throw(void* object, void* type, void (*destroy)(void*))
{
  header_of(object)->type = type;
  header_of(object)->destroy = destroy;
  __builtin_wasm_throw(0, object);
}

void* __cxa_begin_catch(void* object)
{
  header_of(object)->handlers += 1;
  return object;
}

// The exception that is being handled is not freed: a fixture throws few, and a rethrow would need it.
void __cxa_end_catch() {}

// A handler that does not take the exception passes it on.
[[noreturn]] void __cxa_rethrow()
{
  abort();
}

int _Unwind_CallPersonality(void* object)
{
  __wasm_lpad_context.selector =
      select(__wasm_lpad_context.table, __wasm_lpad_context.landing_pad, header_of(object)->type);
  return 0;
}

[[noreturn]] void __clang_call_terminate(void*)
{
  abort();
}

[[noreturn]] void _ZSt9terminatev()
{
  abort();
}

int __gxx_personality_wasm0()
{
  return 0;
}

// std::type_info of int: a virtual table that nobody calls through, and a name.
void* _ZTVN10__cxxabiv123__fundamental_type_infoE[3];
const char _ZTSi[] = "i";
const void* _ZTIi[2] = {&_ZTVN10__cxxabiv123__fundamental_type_infoE[2], _ZTSi};
}
