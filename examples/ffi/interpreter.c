// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An interpreter that hands its own functions to a C library. Lines of its language:
//
//   open LIBRARY                       a C library, by dlopen
//   define NAME TYPE = EXPRESSION      a function in postfix: numbers, $0 $1 ... are arguments, + - * / % <
//   call FUNCTION TYPE ARGUMENT ...    a C function of the library; an argument is a number or the name of a defined function
//
// Reads them from the file that is its argument, else those of the demonstration.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ffi.h"

static const char demonstration[] = "open ./libcallbacks.so\n"
                                    "define square d(d) = $0 $0 *\n"
                                    "call integrate d(pdd) square 0 3\n"
                                    "define third i(i) = $0 3 % 1 <\n"
                                    "call count_if i(pii) third 0 100\n"
                                    "define line d(d) = $0 2 * 1 +\n"
                                    "call integrate_in_threads d(pddi) line 0 4 4\n"
                                    "call integrate d(dd) 0 3\n";

enum { most_functions = 32, most_words = 16, deepest = 32 };

struct function {
  char name[32], type[32], expression[128];
  void *pointer; // what C calls
};

static struct function functions[most_functions];
static int defined;
static void *library;

static double take(char type, ffi_value value) { return type == 'd' ? value.d : value.i; }

static ffi_value give(char type, double number) {
  ffi_value value;
  memset(&value, 0, sizeof value);
  if (type == 'd') {
    value.d = number;
  } else {
    value.i = (int32_t)number;
  }
  return value;
}

static double apply(char operation, double left, double right) {
  switch (operation) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    case '*':
      return left * right;
    case '/':
      return left / right;
    case '%':
      return (double)((int)left % (int)right);
    default:
      return left < right;
  }
}

// What C has called: the expression of one function.
static void evaluate(void *datum, const ffi_value *arguments, ffi_value *result) {
  const struct function *called = datum;
  double stack[deepest];
  int height = 0;
  char text[sizeof called->expression], *rest = text;
  strcpy(text, called->expression);
  for (char *word = strtok_r(text, " ", &rest); word != 0 && height < deepest; word = strtok_r(0, " ", &rest)) {
    if (word[0] == '$') {
      const int number = atoi(word + 1);
      stack[height++] = take(called->type[2 + number], arguments[number]);
    } else if (strchr("+-*/%<", word[0]) != 0 && word[1] == 0 && height >= 2) {
      --height;
      stack[height - 1] = apply(word[0], stack[height - 1], stack[height]);
    } else {
      stack[height++] = atof(word);
    }
  }
  *result = give(called->type[0], height > 0 ? stack[height - 1] : 0);
}

static int define(char *name, char *type, const char *expression) {
  struct function *made = &functions[defined];
  if (defined == most_functions || strlen(name) >= sizeof made->name || strlen(type) >= sizeof made->type ||
      strlen(expression) >= sizeof made->expression) {
    return printf("%s: too much to define\n", name), 1;
  }
  strcpy(made->name, name);
  strcpy(made->type, type);
  strcpy(made->expression, expression);
  made->pointer = ffi_make(type, evaluate, made);
  if (made->pointer == 0) {
    return printf("%s: %s is no type\n", name, type), 1;
  }
  ++defined;
  return 0;
}

static ffi_value argument_of(char type, const char *word) {
  for (int i = 0; type == 'p' && i < defined; ++i) {
    if (strcmp(functions[i].name, word) == 0) {
      return (ffi_value){.p = functions[i].pointer};
    }
  }
  return give(type, atof(word));
}

static int call(char **words, int count) {
  void *function = library == 0 ? 0 : dlsym(library, words[1]);
  if (function == 0) {
    return printf("%s: %s\n", words[1], library == 0 ? "no library is open" : dlerror()), 1;
  }
  const char *type = words[2];
  ffi_value arguments[most_words], result;
  for (int i = 3; i < count && type[i - 1] != 0; ++i) {
    arguments[i - 3] = argument_of(type[i - 1], words[i]);
  }
  if ((int)strlen(type) != count || ffi_call(type, function, arguments, &result) != 0) {
    return printf("%s: has not the type %s\n", words[1], type), 1;
  }
  printf("%s = %g\n", words[1], take(type[0], result));
  return 0;
}

static int run_line(char *line) {
  char *expression = strstr(line, " = "), *words[most_words], *rest = line;
  int count = 0;
  if (expression != 0) {
    *expression = 0;
    expression += 3;
  }
  for (char *word = strtok_r(line, " ", &rest); word != 0 && count < most_words; word = strtok_r(0, " ", &rest)) {
    words[count++] = word;
  }
  if (count == 2 && strcmp(words[0], "open") == 0) {
    library = dlopen(words[1], RTLD_NOW);
    return library == 0 ? printf("%s\n", dlerror()), 1 : 0;
  }
  if (count == 3 && expression != 0 && strcmp(words[0], "define") == 0) {
    return define(words[1], words[2], expression);
  }
  if (count >= 3 && strcmp(words[0], "call") == 0) {
    return call(words, count);
  }
  if (count > 0) {
    printf("%s: not understood\n", words[0]);
  }
  return count > 0;
}

int main(int count, char **arguments) {
  FILE *script = count > 1 ? fopen(arguments[1], "r") : fmemopen((void *)demonstration, sizeof demonstration - 1, "r");
  if (script == 0) {
    return perror(arguments[1]), 1;
  }
  char line[256];
  int failed = 0;
  while (fgets(line, sizeof line, script) != 0) {
    line[strcspn(line, "\n")] = 0;
    failed += run_line(line) != 0;
  }
  fclose(script);
  for (int i = 0; i < defined; ++i) {
    ffi_free(functions[i].pointer);
  }
  printf("%d of the lines failed\n", failed);
  return 0;
}
