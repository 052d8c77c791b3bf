// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one user and the one group that there are.
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char name[] = "guest", hidden[] = "x", nothing[] = "", root[] = "/", shell[] = "/bin/sh";
static char *no_members[] = {0};

static void fill_user(struct passwd *user) {
  char *home = getenv("HOME");
  *user = (struct passwd){.pw_name = name,
                          .pw_passwd = hidden,
                          .pw_uid = getuid(),
                          .pw_gid = getgid(),
                          .pw_gecos = nothing,
                          .pw_dir = home != 0 ? home : root,
                          .pw_shell = shell};
}

static void fill_group(struct group *group) {
  *group = (struct group){.gr_name = name, .gr_passwd = hidden, .gr_gid = getgid(), .gr_mem = no_members};
}

static struct passwd user;
static struct group group;
static bool user_was_read, group_was_read;

// Not found is null, with errno as it was.
static struct passwd *the_user(bool found) {
  fill_user(&user);
  return found ? &user : 0;
}
static struct group *the_group(bool found) {
  fill_group(&group);
  return found ? &group : 0;
}

struct passwd *getpwuid(uid_t id) { return the_user(id == getuid()); }
struct passwd *getpwnam(const char *asked) { return the_user(strcmp(asked, name) == 0); }
struct group *getgrgid(gid_t id) { return the_group(id == getgid()); }
struct group *getgrnam(const char *asked) { return the_group(strcmp(asked, name) == 0); }

// The strings are nobody's to free, so the caller's buffer stays unused, whatever its size.
static int found_user(bool found, struct passwd *out, struct passwd **result) {
  fill_user(out);
  *result = found ? out : 0;
  return 0;
}
static int found_group(bool found, struct group *out, struct group **result) {
  fill_group(out);
  *result = found ? out : 0;
  return 0;
}

int getpwuid_r(uid_t id, struct passwd *out, char *buffer, size_t size, struct passwd **result) {
  (void)buffer, (void)size;
  return found_user(id == getuid(), out, result);
}
int getpwnam_r(const char *asked, struct passwd *out, char *buffer, size_t size, struct passwd **result) {
  (void)buffer, (void)size;
  return found_user(strcmp(asked, name) == 0, out, result);
}
int getgrgid_r(gid_t id, struct group *out, char *buffer, size_t size, struct group **result) {
  (void)buffer, (void)size;
  return found_group(id == getgid(), out, result);
}
int getgrnam_r(const char *asked, struct group *out, char *buffer, size_t size, struct group **result) {
  (void)buffer, (void)size;
  return found_group(strcmp(asked, name) == 0, out, result);
}

void setpwent(void) { user_was_read = false; }
void endpwent(void) { user_was_read = false; }
void setgrent(void) { group_was_read = false; }
void endgrent(void) { group_was_read = false; }
struct passwd *getpwent(void) {
  struct passwd *next = the_user(!user_was_read);
  user_was_read = true;
  return next;
}
struct group *getgrent(void) {
  struct group *next = the_group(!group_was_read);
  group_was_read = true;
  return next;
}

int getgrouplist(const char *asked, gid_t first, gid_t *groups, int *count) {
  (void)asked;
  int room = *count;
  *count = 1;
  if (room < 1) {
    return -1;
  }
  groups[0] = first;
  return 1;
}

int initgroups(const char *asked, gid_t first) {
  (void)asked;
  if (first == getgid()) {
    return 0;
  }
  errno = EPERM;
  return -1;
}
