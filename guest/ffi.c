// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libffi's interface on closures and dynamic calls. How C types become wasm's is the basic C ABI of the tool
// conventions (https://github.com/WebAssembly/tool-conventions/blob/main/BasicCABI.md): a structure of one scalar is
// that scalar, every other one is passed and returned by its address; long double is two i64, and returned by address;
// variadic arguments lie in memory.
#include "ffi.h"

#include <interlink/closure.h>

#include <alloca.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define TYPE(name, c_type, number) ffi_type ffi_type_##name = {sizeof(c_type), _Alignof(c_type), number, NULL};
ffi_type ffi_type_void = {1, 1, FFI_TYPE_VOID, NULL};
TYPE(uint8, uint8_t, FFI_TYPE_UINT8)
TYPE(sint8, int8_t, FFI_TYPE_SINT8)
TYPE(uint16, uint16_t, FFI_TYPE_UINT16)
TYPE(sint16, int16_t, FFI_TYPE_SINT16)
TYPE(uint32, uint32_t, FFI_TYPE_UINT32)
TYPE(sint32, int32_t, FFI_TYPE_SINT32)
TYPE(uint64, uint64_t, FFI_TYPE_UINT64)
TYPE(sint64, int64_t, FFI_TYPE_SINT64)
TYPE(float, float, FFI_TYPE_FLOAT)
TYPE(double, double, FFI_TYPE_DOUBLE)
TYPE(longdouble, long double, FFI_TYPE_LONGDOUBLE)
TYPE(pointer, void*, FFI_TYPE_POINTER)

enum { slot = 8 };

static size_t aligned(size_t size, size_t alignment)
{
  return (size + alignment - 1) / alignment * alignment;
}

// Lays a structure out, if nobody has.
static bool lay_out(ffi_type* type)
{
  if (type->type != FFI_TYPE_STRUCT) {
    return true;
  }
  if (type->elements == NULL) {
    return false;
  }
  if (type->size != 0) {
    return true;
  }
  type->alignment = 1;
  for (ffi_type** element = type->elements; *element != NULL; ++element) {
    if (!lay_out(*element)) {
      return false;
    }
    type->size = aligned(type->size, (*element)->alignment) + (*element)->size;
    if (type->alignment < (*element)->alignment) {
      type->alignment = (*element)->alignment;
    }
  }
  type->size = aligned(type->size, type->alignment);
  return true;
}

// The scalar that a structure of one scalar is, or the type itself. A field that is larger than its type is an array.
static const ffi_type* scalar_of(const ffi_type* type)
{
  while (type->type == FFI_TYPE_STRUCT && type->elements[0] != NULL && type->elements[1] == NULL &&
         type->elements[0]->size == type->size) {
    type = type->elements[0];
  }
  return type;
}

static bool is_by_address(const ffi_type* type)
{
  return type->type == FFI_TYPE_STRUCT;
}

static bool is_empty(const ffi_type* type)
{
  return type->type == FFI_TYPE_STRUCT && type->elements[0] == NULL;
}

// Whether the caller gives the result's address as the first argument.
static bool returns_by_address(const ffi_type* type)
{
  return (is_by_address(type) && !is_empty(type)) || type->type == FFI_TYPE_LONGDOUBLE;
}

static uint8_t number_of(const ffi_type* scalar)
{
  switch (scalar->type) {
  case FFI_TYPE_FLOAT:
    return CLOSURE_F32;
  case FFI_TYPE_DOUBLE:
    return CLOSURE_F64;
  case FFI_TYPE_UINT64:
  case FFI_TYPE_SINT64:
  case FFI_TYPE_LONGDOUBLE:
    return CLOSURE_I64;
  default:
    return CLOSURE_I32;
  }
}

static size_t size_of(uint8_t number)
{
  return number == CLOSURE_I32 || number == CLOSURE_F32 ? 4 : 8;
}

// A value of a C type, widened to 8 bytes.
static uint64_t load(const ffi_type* scalar, const void* from)
{
  switch (scalar->type) {
  case FFI_TYPE_UINT8:
    return *(const uint8_t*)from;
  case FFI_TYPE_SINT8:
    return (uint64_t)*(const int8_t*)from;
  case FFI_TYPE_UINT16:
    return *(const uint16_t*)from;
  case FFI_TYPE_SINT16:
    return (uint64_t)*(const int16_t*)from;
  case FFI_TYPE_INT:
  case FFI_TYPE_SINT32:
    return (uint64_t)*(const int32_t*)from;
  default: {
    uint64_t value = 0;
    memcpy(&value, from, scalar->size < sizeof value ? scalar->size : sizeof value);
    return value;
  }
  }
}

// The type of a wasm function, and a value for each of its arguments.
struct lowered {
  uint8_t* types;
  uint64_t* values;
  uint32_t count;
};

static void add(struct lowered* to, uint8_t type, uint64_t value)
{
  to->types[to->count] = type;
  to->values[to->count] = value;
  ++to->count;
}

static void add_argument(struct lowered* to, const ffi_type* type, void* value)
{
  if (is_empty(type)) {
    return;
  }
  type = scalar_of(type);
  if (is_by_address(type)) {
    add(to, CLOSURE_I32, (uintptr_t)value);
  } else if (type->type == FFI_TYPE_LONGDOUBLE) {
    uint64_t halves[2] = {0, 0};
    if (value != NULL) {
      memcpy(halves, value, sizeof halves);
    }
    add(to, CLOSURE_I64, halves[0]);
    add(to, CLOSURE_I64, halves[1]);
  } else {
    add(to, number_of(type), value == NULL ? 0 : load(type, value));
  }
}

// Where a variadic argument lies in their buffer, and where the next one begins. C promotes small ones.
static size_t place_variadic(const ffi_type* type, size_t* end)
{
  const bool is_address = is_by_address(type);
  const size_t size = is_address || type->size < 4 ? 4 : type->size, alignment = size < 8 ? 4 : type->alignment;
  const size_t at = aligned(*end, alignment);
  *end = at + size;
  return at;
}

// What every call of the type needs room for: two values for an argument, one for a result's address, one for variadic
// ones.
static size_t most_values(const ffi_cif* cif)
{
  return 2 * (size_t)cif->nargs + 2;
}

ffi_status ffi_prep_cif_var(ffi_cif* cif, ffi_abi abi, unsigned nfixedargs, unsigned ntotalargs, ffi_type* rtype,
                            ffi_type** atypes)
{
  if (abi != FFI_DEFAULT_ABI) {
    return FFI_BAD_ABI;
  }
  if (!lay_out(rtype)) {
    return FFI_BAD_TYPEDEF;
  }
  for (unsigned i = 0; i < ntotalargs; ++i) {
    if (!lay_out(atypes[i])) {
      return FFI_BAD_TYPEDEF;
    }
  }
  *cif = (ffi_cif){.abi = abi, .nargs = ntotalargs, .arg_types = atypes, .rtype = rtype, .fixed = nfixedargs};
  return FFI_OK;
}

ffi_status ffi_prep_cif(ffi_cif* cif, ffi_abi abi, unsigned nargs, ffi_type* rtype, ffi_type** atypes)
{
  return ffi_prep_cif_var(cif, abi, nargs, nargs, rtype, atypes);
}

// A value as a parameter of another type takes it.
static uint64_t converted(uint64_t value, uint8_t from, uint8_t to)
{
  double wide;
  float narrow;
  if (from == CLOSURE_F32 && to == CLOSURE_F64) {
    memcpy(&narrow, &value, sizeof narrow);
    wide = narrow;
    memcpy(&value, &wide, sizeof wide);
  } else if (from == CLOSURE_F64 && to == CLOSURE_F32) {
    memcpy(&wide, &value, sizeof wide);
    narrow = (float)wide;
    memcpy(&value, &narrow, sizeof narrow);
  }
  return value;
}

static void store_result(const ffi_type* scalar, uint64_t value, void* into)
{
  if (scalar->type == FFI_TYPE_VOID || into == NULL) {
    return;
  }
  const uint64_t widened = load(scalar, &value);
  const bool is_integral = scalar->type != FFI_TYPE_FLOAT && scalar->type != FFI_TYPE_DOUBLE;
  memcpy(into, &widened, is_integral && scalar->size < sizeof(ffi_arg) ? sizeof(ffi_arg) : scalar->size);
}

void ffi_call(ffi_cif* cif, void (*function)(void), void* rvalue, void** avalue)
{
  const size_t most = most_values(cif);
  struct lowered call = {alloca(most), alloca(most * sizeof(uint64_t)), 0};
  const ffi_type* result = scalar_of(cif->rtype);
  if (returns_by_address(result)) {
    add(&call, CLOSURE_I32, (uintptr_t)(rvalue != NULL ? rvalue : alloca(result->size)));
  }
  for (unsigned i = 0; i < cif->fixed; ++i) {
    void* value = avalue[i];
    const ffi_type* type = scalar_of(cif->arg_types[i]);
    if (is_by_address(type) && !is_empty(type)) {
      value = memcpy(alloca(aligned(type->size + 1, 16)), value, type->size); // The callee's own copy.
    }
    add_argument(&call, cif->arg_types[i], value);
  }
  if (cif->fixed < cif->nargs) {
    size_t end = 0;
    for (unsigned i = cif->fixed; i < cif->nargs; ++i) {
      place_variadic(scalar_of(cif->arg_types[i]), &end);
    }
    uint8_t* buffer = aligned_alloc(16, aligned(end + 1, 16));
    if (buffer == NULL) {
      abort();
    }
    end = 0;
    for (unsigned i = cif->fixed; i < cif->nargs; ++i) {
      const ffi_type* type = scalar_of(cif->arg_types[i]);
      uint8_t* at = buffer + place_variadic(type, &end);
      const uint64_t value = is_by_address(type) ? (uintptr_t)avalue[i] : load(type, avalue[i]);
      if (type->type == FFI_TYPE_LONGDOUBLE) {
        memcpy(at, avalue[i], type->size);
      } else {
        memcpy(at, &value, !is_by_address(type) && type->size == 8 ? 8 : 4);
      }
    }
    add(&call, CLOSURE_I32, (uintptr_t)buffer);
  }

  // The function's own type decides what it is given.
  struct closure_signature own = {0};
  uint8_t own_result = 0;
  int failed = reflect_signature((void*)function, NULL, 0, NULL, 0, &own);
  uint8_t* types = alloca(own.arguments + 1u);
  failed = reflect_signature((void*)function, types, own.arguments, &own_result, 1, &own);
  if (failed != 0 || own.results > 1) {
    __builtin_trap(); // No function: natively a segmentation fault.
  }
  uint8_t* packed = alloca(own.arguments * (size_t)slot + 1);
  uint32_t size = 0;
  for (uint32_t i = 0; i < own.arguments; ++i) {
    const uint64_t value = i < call.count ? converted(call.values[i], call.types[i], types[i]) : 0;
    memcpy(packed + size, &value, size_of(types[i]));
    size += size_of(types[i]);
  }
  uint64_t returned = 0;
  if (call_dynamic((void*)function, packed, size, &returned, own.results != 0 ? size_of(own_result) : 0, 1) != 0) {
    __builtin_trap();
  }
  if (!returns_by_address(result) && !is_empty(result)) {
    store_result(result, own.results != 0 ? converted(returned, own_result, number_of(result)) : 0, rvalue);
  }
  if (cif->fixed < cif->nargs) {
    free((void*)(uintptr_t)call.values[call.count - 1]);
  }
}

void* ffi_closure_alloc(size_t size, void** code)
{
  ffi_closure* made = calloc(1, size < sizeof *made ? sizeof *made : size);
  if (made != NULL && closure_allocate(&made->code) != 0) {
    free(made);
    made = NULL;
  }
  *code = made != NULL ? made->code : NULL;
  return made;
}

void ffi_closure_free(void* closure)
{
  closure_free(((ffi_closure*)closure)->code);
  free(closure);
}

// What wasm calls: brings the values to where libffi has them.
static void enter(const uint8_t* arguments, uint8_t* results, void* datum)
{
  ffi_closure* closure = datum;
  ffi_cif* cif = closure->cif;
  const ffi_type* result = scalar_of(cif->rtype);
  uint64_t returned[2] = {0, 0};
  void* into = returned;
  if (returns_by_address(result)) {
    uint32_t address;
    memcpy(&address, arguments, sizeof address);
    arguments += sizeof address;
    into = (void*)(uintptr_t)address;
  }
  void** values = alloca((cif->nargs + 1) * sizeof *values);
  uint64_t* copies = alloca(((size_t)cif->nargs + 1) * 2 * sizeof *copies);
  copies = (uint64_t*)aligned((uintptr_t)copies, 16);
  for (unsigned i = 0; i < cif->nargs; ++i) {
    const ffi_type* type = scalar_of(cif->arg_types[i]);
    values[i] = copies + 2 * i;
    if (is_empty(type)) {
      continue;
    }
    const size_t size = is_by_address(type) ? 4 : type->type == FFI_TYPE_LONGDOUBLE ? 16 : size_of(number_of(type));
    if (is_by_address(type)) {
      uint32_t address;
      memcpy(&address, arguments, sizeof address);
      values[i] = (void*)(uintptr_t)address;
    } else {
      memcpy(values[i], arguments, size);
    }
    arguments += size;
  }
  closure->fun(cif, into, values, closure->user_data);
  if (!returns_by_address(result) && !is_empty(result) && result->type != FFI_TYPE_VOID) {
    const uint64_t value = load(result, returned);
    memcpy(results, &value, size_of(number_of(result)));
  }
}

ffi_status ffi_prep_closure_loc(ffi_closure* closure, ffi_cif* cif, void (*fun)(ffi_cif*, void*, void**, void*),
                                void* user_data, void* code)
{
  if (cif->fixed != cif->nargs) {
    return FFI_BAD_TYPEDEF;
  }
  const size_t most = most_values(cif);
  struct lowered type = {alloca(most), alloca(most * sizeof(uint64_t)), 0};
  const ffi_type* result = scalar_of(cif->rtype);
  if (returns_by_address(result)) {
    add(&type, CLOSURE_I32, 0);
  }
  for (unsigned i = 0; i < cif->nargs; ++i) {
    add_argument(&type, cif->arg_types[i], NULL);
  }
  const uint8_t number = number_of(result);
  const bool has_result = !returns_by_address(result) && !is_empty(result) && result->type != FFI_TYPE_VOID;
  closure->cif = cif;
  closure->fun = fun;
  closure->user_data = user_data;
  return closure_prepare(enter, code, type.types, type.count, &number, has_result ? 1 : 0, closure) == 0 ? FFI_OK
                                                                                                         : FFI_BAD_ABI;
}
