// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instance groups for a program that embeds Interlink: guest threads that serve what the embedder posts to them.
#include <pthread.h>
#include <stdint.h>

__attribute__((import_module("interlink_host"), import_name("serve"))) void interlink_serve(int32_t cookie);

// The host returns from `serve` when the group is to end.
static void *serve_group(void *cookie) {
  interlink_serve((int32_t)(intptr_t)cookie);
  return 0;
}

// Called by the host: makes a detached thread that serves under this cookie. Returns 0 or an errno value.
int32_t __interlink_spawn_group(int32_t cookie) {
  pthread_t thread = 0;
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  return pthread_create(&thread, &attributes, serve_group, (void *)(intptr_t)cookie);
}
