// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The address of one function and of one variable, as this module sees them. PREFIX names the module's own functions.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

int plain_add(int a, int b);
extern int plain_value;
int main_function(int value);

typedef int binary(int, int);
typedef int unary(int);

binary *JOIN(PREFIX, _plain_add)(void) { return plain_add; }
int *JOIN(PREFIX, _plain_value)(void) { return &plain_value; }
unary *JOIN(PREFIX, _main_function)(void) { return main_function; }
unary *JOIN(PREFIX, _table)[] = {main_function};
