// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The plugin. Rebuild it with another VERSION while the program runs.
#ifndef VERSION
#define VERSION 1
#endif

int plugin_version(void) { return VERSION; }

// State that the program keeps is its own: a reload changes code, and the plugin's own data.
int plugin_step(int *state) { return *state += VERSION; }
