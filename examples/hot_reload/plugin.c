// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The plugin. Rebuild it with another VERSION while the program runs.
#ifndef VERSION
#define VERSION 1
#endif

int plugin_version(void) { return VERSION; }

// What the program keeps is the program's: a reload changes code, and the plugin's own data.
int plugin_step(int *state) { return *state += VERSION; }
