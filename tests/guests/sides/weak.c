// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Weak symbols: undefined ones, of which some may be defined elsewhere, and a definition that another may replace.
__attribute__((weak)) extern int weak_data_nowhere;
__attribute__((weak)) int weak_function_nowhere(int);
__attribute__((weak)) extern int weak_data_in_main;
__attribute__((weak)) int weak_function_in_main(int);

__attribute__((weak)) int weak_replaced(void) { return 1; }
__attribute__((weak)) int weak_kept(void) { return 2; }

int *weak_address_nowhere(void) { return &weak_data_nowhere; }
int weak_call_or(int otherwise) { return weak_function_nowhere != 0 ? weak_function_nowhere(1) : otherwise; }
int weak_call_blindly(void) { return weak_function_nowhere(1); }
int weak_read_main(void) { return &weak_data_in_main != 0 ? weak_data_in_main : -1; }
int weak_call_main(int value) { return weak_function_in_main != 0 ? weak_function_in_main(value) : -1; }
int weak_call_replaced(void) { return weak_replaced(); }
int weak_call_kept(void) { return weak_kept(); }
