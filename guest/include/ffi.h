// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// libffi's interface for guests, on <interlink/closure.h>: link with -lffi. Names, numbers and layouts of the types
// are libffi's; https://github.com/libffi/libffi documents them.
#pragma once

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
  FFI_TYPE_VOID,
  FFI_TYPE_INT,
  FFI_TYPE_FLOAT,
  FFI_TYPE_DOUBLE,
  FFI_TYPE_LONGDOUBLE,
  FFI_TYPE_UINT8,
  FFI_TYPE_SINT8,
  FFI_TYPE_UINT16,
  FFI_TYPE_SINT16,
  FFI_TYPE_UINT32,
  FFI_TYPE_SINT32,
  FFI_TYPE_UINT64,
  FFI_TYPE_SINT64,
  FFI_TYPE_STRUCT,
  FFI_TYPE_POINTER
};

typedef struct _ffi_type {
  size_t size; // of a structure: 0 until ffi_prep_cif lays it out
  unsigned short alignment;
  unsigned short type;
  struct _ffi_type** elements; // of a structure, ended by null
} ffi_type;

extern ffi_type ffi_type_void, ffi_type_uint8, ffi_type_sint8, ffi_type_uint16, ffi_type_sint16, ffi_type_uint32,
    ffi_type_sint32, ffi_type_uint64, ffi_type_sint64, ffi_type_float, ffi_type_double, ffi_type_longdouble,
    ffi_type_pointer;

#define ffi_type_uchar ffi_type_uint8
#define ffi_type_schar ffi_type_sint8
#define ffi_type_ushort ffi_type_uint16
#define ffi_type_sshort ffi_type_sint16
#define ffi_type_uint ffi_type_uint32
#define ffi_type_sint ffi_type_sint32
#define ffi_type_ulong ffi_type_uint32
#define ffi_type_slong ffi_type_sint32

typedef enum { FFI_OK, FFI_BAD_TYPEDEF, FFI_BAD_ABI, FFI_BAD_ARGTYPE } ffi_status;

typedef enum { FFI_FIRST_ABI, FFI_SYSV, FFI_LAST_ABI, FFI_DEFAULT_ABI = FFI_SYSV } ffi_abi;

// An integral result smaller than this is widened to it.
typedef uint32_t ffi_arg;
typedef int32_t ffi_sarg;

typedef struct {
  ffi_abi abi;
  unsigned nargs;
  ffi_type** arg_types;
  ffi_type* rtype;
  unsigned fixed; // the arguments before the variadic ones; nargs when there are none
} ffi_cif;

ffi_status ffi_prep_cif(ffi_cif* cif, ffi_abi abi, unsigned nargs, ffi_type* rtype, ffi_type** atypes);
ffi_status ffi_prep_cif_var(ffi_cif* cif, ffi_abi abi, unsigned nfixedargs, unsigned ntotalargs, ffi_type* rtype,
                            ffi_type** atypes);

#define FFI_FN(f) ((void (*)(void))(f))

// Calls the function. One of another type gets what fits, as it does natively: missing arguments are 0, and what has no
// parameter is left out.
void ffi_call(ffi_cif* cif, void (*function)(void), void* rvalue, void** avalue);

#define FFI_CLOSURES 1

typedef struct {
  void* code;
  ffi_cif* cif;
  void (*fun)(ffi_cif*, void*, void**, void*);
  void* user_data;
} ffi_closure;

void* ffi_closure_alloc(size_t size, void** code);
void ffi_closure_free(void* closure);
ffi_status ffi_prep_closure_loc(ffi_closure* closure, ffi_cif* cif, void (*fun)(ffi_cif*, void*, void**, void*),
                                void* user_data, void* code);

#ifdef __cplusplus
}
#endif
