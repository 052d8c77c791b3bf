// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls and closures of many types by libffi's interface. Prints the same on libffi natively and on ours as a guest.
#include <ffi.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair {
  short a;
  double b;
};

struct one {
  struct {
    float value;
  } inner;
};

struct big {
  int64_t values[3];
  char text[7];
};

static signed char small(signed char a, unsigned char b, short c, unsigned short d)
{
  return (signed char)(a + b + c + d);
}

static double mixed(int a, int64_t b, float c, double d, const char* e)
{
  return a + (double)b + c + d + strlen(e);
}

static struct pair swap(struct pair p, int by)
{
  return (struct pair){(short)(p.b + by), p.a + by};
}

static struct one half(struct one o)
{
  return (struct one){{o.inner.value / 2}};
}

static struct big turned(struct big b)
{
  struct big r = {{b.values[2], b.values[1], b.values[0]}, "turned"};
  b.values[0] = 99; // The caller's stays.
  return r;
}

static long double longer(long double a, int b)
{
  return a * b;
}

static void nothing(int* into)
{
  *into = 7;
}

static ffi_type* pair_fields[] = {&ffi_type_sint16, &ffi_type_double, NULL};
static ffi_type pair_type = {0, 0, FFI_TYPE_STRUCT, pair_fields};
static ffi_type* inner_fields[] = {&ffi_type_float, NULL};
static ffi_type inner_type = {0, 0, FFI_TYPE_STRUCT, inner_fields};
static ffi_type* one_fields[] = {&inner_type, NULL};
static ffi_type one_type = {0, 0, FFI_TYPE_STRUCT, one_fields};
static ffi_type* big_fields[] = {&ffi_type_sint64,
                                 &ffi_type_sint64,
                                 &ffi_type_sint64,
                                 &ffi_type_uint8,
                                 &ffi_type_uint8,
                                 &ffi_type_uint8,
                                 &ffi_type_uint8,
                                 &ffi_type_uint8,
                                 &ffi_type_uint8,
                                 &ffi_type_uint8,
                                 NULL};
static ffi_type big_type = {0, 0, FFI_TYPE_STRUCT, big_fields};

#define CALL(function, result, result_type, count, ...)                                                                \
  do {                                                                                                                 \
    ffi_type* types[] = {__VA_ARGS__};                                                                                 \
    ffi_cif cif;                                                                                                       \
    if (ffi_prep_cif(&cif, FFI_DEFAULT_ABI, count, result_type, types) != FFI_OK) {                                    \
      puts("not prepared: " #function);                                                                                \
    }                                                                                                                  \
    ffi_call(&cif, FFI_FN(function), result, arguments);                                                               \
  } while (0)

static void calls(void)
{
  signed char a = -5;
  unsigned char b = 250;
  short c = -300;
  unsigned short d = 100;
  ffi_sarg small_result = 0;
  void* arguments[5] = {&a, &b, &c, &d};
  CALL(small, &small_result, &ffi_type_sint8, 4, &ffi_type_sint8, &ffi_type_uint8, &ffi_type_sint16, &ffi_type_uint16);
  printf("small %d\n", (int)small_result);
  int i = -3;
  int64_t l = INT64_C(1) << 40;
  float f = 0.25f;
  double g = 0.5, real;
  const char* text = "four";
  memcpy(arguments, (void* [5]){&i, &l, &f, &g, &text}, sizeof arguments);
  CALL(mixed, &real, &ffi_type_double, 5, &ffi_type_sint32, &ffi_type_sint64, &ffi_type_float, &ffi_type_double,
       &ffi_type_pointer);
  printf("mixed %.3f\n", real);
  struct pair p = {3, 4.5}, q;
  memcpy(arguments, (void* [2]){&p, &i}, 2 * sizeof(void*));
  CALL(swap, &q, &pair_type, 2, &pair_type, &ffi_type_sint32);
  printf("swap %d %.2f\n", q.a, q.b);
  struct one o = {{9}}, h;
  arguments[0] = &o;
  CALL(half, &h, &one_type, 1, &one_type);
  printf("half %.2f\n", h.inner.value);
  struct big x = {{1, 2, 3}, "text"}, y;
  arguments[0] = &x;
  CALL(turned, &y, &big_type, 1, &big_type);
  printf("turned %d %d %d %s, %d stays\n", (int)y.values[0], (int)y.values[1], (int)y.values[2], y.text,
         (int)x.values[0]);
  long double wide = 1.5L, product;
  int by = 3;
  memcpy(arguments, (void* [2]){&wide, &by}, 2 * sizeof(void*));
  CALL(longer, &product, &ffi_type_longdouble, 2, &ffi_type_longdouble, &ffi_type_sint32);
  printf("longer %.2f\n", (double)product);
  int into = 0, *address = &into;
  arguments[0] = &address;
  CALL(nothing, NULL, &ffi_type_void, 1, &ffi_type_pointer);
  printf("nothing %d\n", into);
}

static void variadic(void)
{
  char buffer[80];
  char* to = buffer;
  size_t room = sizeof buffer;
  const char* format = "%d %lld %.2f %s %c";
  int a = -4;
  long long b = 1LL << 35;
  double c = 2.25;
  const char* d = "end";
  int e = 'x';
  void* arguments[] = {&to, &room, &format, &a, &b, &c, &d, &e};
  ffi_type* types[] = {&ffi_type_pointer, &ffi_type_ulong,  &ffi_type_pointer, &ffi_type_sint32,
                       &ffi_type_sint64,  &ffi_type_double, &ffi_type_pointer, &ffi_type_sint32};
  ffi_cif cif;
  ffi_arg length;
  ffi_prep_cif_var(&cif, FFI_DEFAULT_ABI, 3, 8, &ffi_type_sint32, types);
  ffi_call(&cif, FFI_FN(snprintf), &length, arguments);
  printf("variadic %d: %s\n", (int)length, buffer);
}

struct closed {
  ffi_cif cif;
  ffi_closure* closure;
  void* code;
};

static void prepare(struct closed* of, void (*fun)(ffi_cif*, void*, void**, void*), ffi_type* result, unsigned count,
                    ffi_type** types, void* datum)
{
  of->closure = ffi_closure_alloc(sizeof(ffi_closure), &of->code);
  if (of->closure == NULL || ffi_prep_cif(&of->cif, FFI_DEFAULT_ABI, count, result, types) != FFI_OK ||
      ffi_prep_closure_loc(of->closure, &of->cif, fun, datum, of->code) != FFI_OK) {
    puts("no closure");
    exit(1);
  }
}

static void compare(ffi_cif* cif, void* result, void** arguments, void* datum)
{
  (void)cif;
  ++*(int*)datum;
  *(ffi_sarg*)result = **(int**)arguments[0] - **(int**)arguments[1];
}

static void scale(ffi_cif* cif, void* result, void** arguments, void* datum)
{
  (void)cif;
  const struct pair* p = arguments[0];
  *(struct pair*)result = (struct pair){(short)(p->a * *(int*)datum), p->b * *(float*)arguments[1]};
}

static void narrow(ffi_cif* cif, void* result, void** arguments, void* datum)
{
  (void)cif, (void)datum;
  *(ffi_sarg*)result = (signed char)(*(signed char*)arguments[0] - *(int64_t*)arguments[1]);
}

static void* sort(void* datum)
{
  int values[100], calls = 0, ordered = 1;
  ffi_type* types[] = {&ffi_type_pointer, &ffi_type_pointer};
  struct closed by;
  prepare(&by, compare, &ffi_type_sint32, 2, types, &calls);
  for (int i = 0; i < 100; ++i) {
    values[i] = (i * 37 + *(int*)datum) % 100;
  }
  qsort(values, 100, sizeof *values, (int (*)(const void*, const void*))by.code);
  for (int i = 0; i < 100; ++i) {
    ordered = ordered && values[i] == i;
  }
  ffi_closure_free(by.closure);
  *(int*)datum = ordered && calls > 0;
  return NULL;
}

int main(void)
{
  calls();
  variadic();
  int by = 3;
  ffi_type *scale_types[] = {&pair_type, &ffi_type_float}, *narrow_types[] = {&ffi_type_sint8, &ffi_type_sint64};
  struct closed scaled, narrowed;
  prepare(&scaled, scale, &pair_type, 2, scale_types, &by);
  const struct pair p = ((struct pair (*)(struct pair, float))scaled.code)((struct pair){5, 1.5}, 2.0f);
  printf("scale %d %.2f\n", p.a, p.b);
  prepare(&narrowed, narrow, &ffi_type_sint8, 2, narrow_types, NULL);
  printf("narrow %d\n", ((signed char (*)(signed char, int64_t))narrowed.code)(-100, 100));
  pthread_t threads[8];
  int data[8];
  for (int i = 0; i < 8; ++i) {
    data[i] = i;
    pthread_create(&threads[i], NULL, sort, &data[i]);
  }
  for (int i = 0; i < 8; ++i) {
    pthread_join(threads[i], NULL);
    printf("sorted %d\n", data[i]);
  }
  return 0;
}
