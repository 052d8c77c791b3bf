// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ffi.h"

#include <interlink/closure.h>
#include <stdlib.h>
#include <string.h>

enum { most_arguments = 16, invalid = 28 };

// A type as the host wants it: a byte for each value.
struct signature {
  char text[most_arguments]; // of the arguments
  uint8_t arguments[most_arguments];
  uint32_t count;
  char result_text;
  uint8_t result;
};

static uint8_t number_of(char type) { return type == 'd' ? CLOSURE_F64 : CLOSURE_I32; }

static uint32_t size_of(char type) { return type == 'd' ? 8 : type == 'v' ? 0 : 4; }

// Not 0: the text is no type.
static int read_type(const char *text, struct signature *into) {
  const size_t length = strlen(text);
  if (length < 3 || strchr("idpv", text[0]) == 0 || text[1] != '(' || text[length - 1] != ')' || length - 3 > most_arguments) {
    return invalid;
  }
  into->result_text = text[0];
  into->result = number_of(text[0]);
  into->count = (uint32_t)length - 3;
  for (uint32_t i = 0; i < into->count; ++i) {
    if (strchr("idp", text[2 + i]) == 0) {
      return invalid;
    }
    into->text[i] = text[2 + i];
    into->arguments[i] = number_of(text[2 + i]);
  }
  return 0;
}

int ffi_call(const char *type, void *function, const ffi_value *arguments, ffi_value *result) {
  struct signature as;
  uint8_t packed[most_arguments * 8];
  uint32_t size = 0;
  int failed = read_type(type, &as);
  if (failed != 0) {
    return failed;
  }
  // The host knows the function's own type: a wrong text is an error here and not a trap there.
  struct closure_signature found;
  uint8_t found_arguments[most_arguments], found_result[1];
  failed = reflect_signature(function, found_arguments, most_arguments, found_result, 1, &found);
  if (failed != 0) {
    return failed;
  }
  if (found.arguments != as.count || found.results != (as.result_text != 'v') ||
      memcmp(found_arguments, as.arguments, as.count) != 0 || (found.results == 1 && found_result[0] != as.result)) {
    return invalid;
  }
  for (uint32_t i = 0; i < as.count; ++i) {
    memcpy(packed + size, &arguments[i], size_of(as.text[i]));
    size += size_of(as.text[i]);
  }
  return call_dynamic(function, packed, size, result, size_of(as.result_text), 1);
}

// What a function that was made needs when it is called.
struct made {
  struct signature type;
  ffi_handler *handler;
  void *datum;
  void *function;
  struct made *next;
};

static void handle(const uint8_t *packed, uint8_t *results, void *datum) {
  const struct made *as = datum;
  ffi_value arguments[most_arguments], result;
  memset(&result, 0, sizeof result);
  for (uint32_t i = 0; i < as->type.count; ++i) {
    memset(&arguments[i], 0, sizeof arguments[i]);
    memcpy(&arguments[i], packed, size_of(as->type.text[i]));
    packed += size_of(as->type.text[i]);
  }
  as->handler(as->datum, arguments, &result);
  memcpy(results, &result, size_of(as->type.result_text));
}

static struct made *all;

void *ffi_make(const char *type, ffi_handler *handler, void *datum) {
  struct made *as = calloc(1, sizeof *as);
  if (as == 0 || read_type(type, &as->type) != 0 || closure_allocate(&as->function) != 0) {
    free(as);
    return 0;
  }
  as->handler = handler;
  as->datum = datum;
  if (closure_prepare(handle, as->function, as->type.arguments, as->type.count, &as->type.result,
                      as->type.result_text != 'v', as) != 0) {
    closure_free(as->function);
    free(as);
    return 0;
  }
  as->next = all;
  all = as;
  return as->function;
}

void ffi_free(void *function) {
  closure_free(function);
  for (struct made **at = &all; *at != 0; at = &(*at)->next) {
    if ((*at)->function == function) {
      struct made *gone = *at;
      *at = gone->next;
      free(gone);
      return;
    }
  }
}
