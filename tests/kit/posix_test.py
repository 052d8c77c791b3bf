#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Calls every function that the guests' C headers declare, natively and in a guest, and compares how each call ends.

Usage: posix_test.py KIT INTERLINK TABLE [--update]

TABLE (docs/posix.md) is what is expected: the functions that a guest has not. None may trap and none may be missing when the
program is linked. Arguments are harmless: -1, 0, "", empty buffers, a stream, a folder. So most calls fail, on both sides, and
what counts is how: by a result that says so.
"""

import json
import os
import re
import subprocess
import sys
import tempfile

HEADERS = """aio.h arpa/inet.h arpa/nameser.h assert.h complex.h crypt.h ctype.h dirent.h dlfcn.h err.h errno.h fcntl.h
fenv.h fmtmsg.h fnmatch.h ftw.h getopt.h glob.h grp.h iconv.h ifaddrs.h inttypes.h langinfo.h libgen.h libintl.h link.h locale.h
malloc.h math.h mntent.h monetary.h mqueue.h net/ethernet.h net/if.h netdb.h netinet/ether.h netinet/in.h nl_types.h poll.h
pthread.h pty.h pwd.h regex.h resolv.h sched.h search.h semaphore.h setjmp.h shadow.h signal.h spawn.h stdio.h stdio_ext.h
stdlib.h string.h strings.h stropts.h sys/acct.h sys/auxv.h sys/cachectl.h sys/epoll.h sys/eventfd.h sys/fanotify.h sys/file.h
sys/fsuid.h sys/inotify.h sys/io.h sys/ioctl.h sys/ipc.h sys/klog.h sys/membarrier.h sys/mman.h sys/mount.h sys/msg.h
sys/personality.h sys/prctl.h sys/ptrace.h sys/quota.h sys/random.h sys/reboot.h sys/resource.h sys/select.h sys/sem.h
sys/sendfile.h sys/shm.h sys/signalfd.h sys/socket.h sys/stat.h sys/statfs.h sys/statvfs.h sys/swap.h sys/sysinfo.h sys/syslog.h
sys/sysmacros.h sys/time.h sys/timeb.h sys/timerfd.h sys/times.h sys/timex.h sys/types.h sys/uio.h sys/utsname.h sys/vfs.h
sys/wait.h sys/xattr.h syslog.h termios.h threads.h time.h uchar.h ucontext.h ulimit.h unistd.h utime.h utmp.h utmpx.h wchar.h
wctype.h wordexp.h""".split()

# They do not return, or not here: they end a process, a thread or a frame, wait for ever, or read and write where they like.
NOT_CALLED = re.compile(
    r"_?_?(exit|_Exit|abort|quick_exit|_?longjmp|siglongjmp|pthread_exit|thrd_exit|_?setjmp|__?sigsetjmp|sigsetjmp|v?errx?|"
    r"pause|sigpause|sigsuspend|sigwait|sigwaitinfo|sleep|alarm|ualarm|daemon|getpass|v?fork|_Fork|clone|"
    r"setcontext|swapcontext|makecontext|getcontext|alloca|gets|getchar|getchar_unlocked|getwchar|scanf|wscanf|"
    r"free|realloc|reallocarray|endmntent|cfree|malloc_usable_size|closedir|fclose|freeaddrinfo|freeifaddrs|freelocale|pclose|regfree|globfree|"
    r"pthread_(create|join|detach|cancel|kill|mutex_(lock|timedlock|unlock)|cond_(timed)?wait|rwlock_.*lock|barrier_wait|spin_.*|"
    r"getattr_np|cleanup_.*|once|timedjoin_np|setcanceltype|setcancelstate|sigmask|key_.*|setspecific)|"
    r"(mtx|cnd|thrd|tss|call)_.*|sem_(wait|timedwait|destroy|close)|mq_.*receive|"
    r"_?flushlbf|_pthread_cleanup_.*|setregid|setgid|setuid|"
    r"set(res|re|eu|eg)?[ug]id|setgroups|initgroups|kill|killpg|raise|sigqueue|sync|syncfs|reboot|vhangup|ptrace|syscall|munmap|mprotect|mremap|brk|sbrk|"
    r"remap_file_pages|process_vm_.*|execv?|exec[lv].*|fexecve|system|popen|login_tty|getopt.*|twalk|tdestroy|"
    r"ungetwc|qsort.*|bsearch|lsearch|lfind|insque|remque|h(create|destroy|search).*|tdelete|tfind|tsearch|"
    r"(v|__).*|iconv.*|cat(close|gets)|dcn?gettext|dcngettext|strtok.*|dl.*|pthread_atfork|atexit|at_quick_exit|"
    r".*chroot|pivot_root|unshare|setns|iopl|ioperm|acct|sethostname|setdomainname|.*mount.*|swapo.*|settimeofday|stime|"
    r"clock_settime|clock_adjtime|adjtimex?|quotactl|klogctl|personality|prctl|select|pselect|poll|ppoll|epoll.*wait|"
    r"funlockfile|flockfile|ftrylockfile|sigaction|signal|sigset|sigignore|bsd_signal|openlog|closelog|v?syslog|setlogmask|"
    r"close|dup[23]?|fdopen|fdopendir|freopen|scandir|fts_.*|nftw|ftw|setvbuf|setbuf.*|longjmp|wait[a-z0-9]*|"
    r"res_.*|ns_.*|dn_.*|herror|gethostby.*|getaddrinfo|putenv|clearenv|nanosleep|clock_nanosleep|usleep|"
    r"putspent|putpwent|putgrent|fmtmsg|regexec|regerror|forkpty|openpty|mktemp|.*wtmp|pututx?line|ctermid|cuserid)$")

# The first that fits a parameter's type.
ARGUMENTS = [(re.compile(pattern), argument) for pattern, argument in (
    (r".*\(\*.*", "(void *)nothing"),
    (r".*(_IO_FILE|FILE) \*.*", "stream"),
    (r".*(DIR|__dirstream) \*.*", "folder"),
    (r".*locale.*", "locale"),
    (r"const char \*.*", '""'),
    (r"const wchar_t \*.*", 'L""'),
    (r".*[*\[].*", "(void *)buffer"),
    (r"pthread_t|struct __pthread \*", "pthread_self()"),
    (r"union sigval|cookie_io_functions_t|struct in_addr|struct mallinfo.*", None),
    (r"u?int\d*_t|pid_t|ssize_t|off_t|int|long|long long|short|id_t|key_t|mqd_t|time_t|idtype_t|clockid_t|uid_t|gid_t", "-1"),
    (r".*", "0"))]

PROGRAM = r"""
#pragma clang diagnostic ignored "-Weverything"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
static char buffer[65536];
static int result;
static int nothing(void) { return 0; }
static void say(const char *name, int fails, int error) {
  static char out[200];
  int size = snprintf(out, sizeof out, "%%s %%s\n", name, !fails ? "works" : error == ENOSYS ? "lacks" : "refuses");
  write(result, out, (size_t)size);
}
static void begin(int number, const char *name) {
  static char out[200];
  int size = snprintf(out, sizeof out, "@%%d %%s\n", number, name);
  write(result, out, (size_t)size);
  memset(buffer, 0, sizeof buffer);
  errno = 0;
}
int main(int argc, char **argv) {
  int first = atoi(argv[1]);
  result = open("result", O_WRONLY | O_APPEND);
  FILE *stream = fopen("scratch", "w+");
  DIR *folder = opendir(".");
  locale_t locale = newlocale(LC_ALL_MASK, "C", 0);
  switch (first) {
%s
  }
  return 0;
}
"""


def functions(compiler, include):
    """Maps the name of each declared function to the type of its result and those of its parameters."""
    there = [h for h in HEADERS if subprocess.run([*compiler, "-E", "-x", "c", "-"], input="#include <%s>\n" % h, text=True,
                                                  capture_output=True).returncode == 0]
    source = "#define _GNU_SOURCE 1\n" + "".join("#include <%s>\n" % h for h in there)
    with open(include, "w", encoding="utf-8") as file:
        file.write(source)
    dumped = subprocess.run([*compiler, "-fsyntax-only", "-w", "-Xclang", "-ast-dump=json", "-x", "c", include],
                            capture_output=True, check=True).stdout
    found = {}
    for node in json.loads(dumped)["inner"]:
        if node["kind"] == "FunctionDecl" and not node["name"].startswith("_"):
            parameters = [p["type"]["qualType"] for p in node.get("inner", []) if p["kind"] == "ParmVarDecl"]
            found[node["name"]] = (node["type"]["qualType"].split("(")[0].strip(), parameters)
    return found


def call_of(name, result, parameters):
    """The statements that call one function and say how it ended, or nothing."""
    arguments = [next(a for pattern, a in ARGUMENTS if pattern.fullmatch(p)) for p in parameters]
    if NOT_CALLED.fullmatch(name) or None in arguments or result.startswith(("struct", "union", "div_t", "ldiv_t", "lldiv_t", "imaxdiv_t")):
        return None
    call = "%s(%s)" % (name, ", ".join(arguments))
    if result == "void":
        return "%s; say(\"%s\", 0, 0);" % (call, name)
    if result.endswith("*"):
        # The answer to a question may be null without a failure.
        return "{ void *r = (void *)%s; say(\"%s\", r == 0 && errno != 0, errno); }" % (call, name)
    if re.search("float|double|[Cc]omplex", result):
        return "(void)%s; say(\"%s\", 0, 0);" % (call, name)
    # Some answer with the error itself.
    own = "r > 0 && r < 200 ? (int)r : 0" if re.match("posix_|pthread_|getspnam_r|get(pw|gr|sp).*_r|clock_getcpu", name) else "0"
    return "{ long long r = (long long)%s; int e = %s; say(\"%s\", r == -1 && errno != 0 || e != 0, e != 0 ? e : errno); }" % (
        call, own, name)


def outcomes(run, folder, count):
    """Runs the program again behind each call that ends it."""
    result = os.path.join(folder, "result")
    found = {}
    first = 0
    while first < count:
        with open(result, "w", encoding="utf-8"):
            pass
        os.chmod(result, 0o666)
        try:
            subprocess.run([*run, str(first)], cwd=folder, capture_output=True, stdin=subprocess.DEVNULL, timeout=120)
        except subprocess.TimeoutExpired:
            pass
        with open(result, encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
        begun = None
        for line in lines:
            name, _, how = line.partition(" ")
            if name.startswith("@"):
                begun = (int(name[1:]), how)
            else:
                found[name] = how
        if begun is None:
            sys.exit("the program did not begin: " + " ".join(run))
        if begun[0] != first and begun[1] not in found:
            first = begun[0]  # Called first, it is not ended by a late signal of a call before it.
            continue
        found.setdefault(begun[1], "ends")
        first = begun[0] + 1
    return found


def build(compiler, declared, names, folder):
    os.makedirs(folder, exist_ok=True)
    os.chmod(folder, 0o777)
    calls = "\n".join('  case %d: begin(%d, "%s"); %s' % (i, i, n, call_of(n, *declared[n])) for i, n in enumerate(names))
    source = os.path.join(folder, "calls.c")
    with open(source, "w", encoding="utf-8") as file:
        file.write("#define _GNU_SOURCE 1\n#include \"all.h\"\n" + PROGRAM % calls)
    program = os.path.join(folder, "calls")
    done = subprocess.run([*compiler, "-O0", "-w", "-I", os.path.dirname(folder), source, "-o", program, "-lm", "-lresolv"],
                          capture_output=True, text=True)
    # This machine's library declares what it has not.
    absent = set(re.findall(r"undefined reference to `(\w+)'", done.stderr))
    if done.returncode != 0 and not absent:
        sys.exit("the calls do not compile:\n" + done.stderr)
    return program, absent


def check_links(compiler, declared, folder):
    """All declared functions, also those that are not called, are there."""
    source = os.path.join(folder, "names.c")
    macros = {"alloca", "setjmp", "_setjmp", "longjmp", "_longjmp", "sigsetjmp", "siglongjmp"}  # The compiler's own.
    names = sorted(n for n in declared if n not in macros)
    with open(source, "w", encoding="utf-8") as file:
        file.write('#include "all.h"\nvoid *volatile all[] = {%s};\nint main(void) { return all[0] == 0; }\n' % ", ".join(
            "(void *)" + n for n in names))
    done = subprocess.run([*compiler, "-w", "-I", folder, source, "-o", os.path.join(folder, "names")], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit("declared, and not there:\n" + done.stderr)
    return len(names)


TABLE = """# The C library's functions in a guest

The headers declare {declared} functions, and all are there: none is missing when a program is linked. A test calls {called} of
them with harmless arguments, natively (glibc) and in a guest, and compares how each call ends. They end alike but for these.

## Lacking

They refuse, by -1 or null and ENOSYS, or by the number itself where that is the way:

{lacking}

## Otherwise

| function | natively | in a guest |
|---|---|---|
{others}

Not called, because they would end the test or wait: {not_called} functions. `tests/kit/posix_test.py --update` writes this page.
"""


def wrapped(words, width=120):
    lines, line = [], ""
    for word in words:
        if len(line) + len(word) + 1 > width:
            lines.append(line)
            line = ""
        line = line + " " + word if line else word
    return "\n".join(lines + [line])


def main():
    kit, interlink, table = sys.argv[1:4]
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        guest_cc, native_cc = [os.path.join(kit, "bin", "interlink-cc")], ["clang-22"]
        declared = functions(guest_cc, os.path.join(work, "all.h"))
        native = functions(native_cc, os.path.join(work, "all.h"))
        names = [n for n in sorted(declared) if call_of(n, *declared[n]) and n in native and call_of(n, *native[n])]
        program, absent = build(native_cc, native, names, os.path.join(work, "native"))
        if absent:
            names = [n for n in names if n not in absent]
            program, absent = build(native_cc, native, names, os.path.join(work, "native"))
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        natively = outcomes([*as_nobody, program], os.path.join(work, "native"), len(names))
        functions(guest_cc, os.path.join(work, "all.h"))
        linked = check_links(guest_cc, declared, work)
        program, _ = build(guest_cc, declared, names, os.path.join(work, "guest"))
        in_guest = outcomes([interlink, "run", "--dir", ".", program], os.path.join(work, "guest"), len(names))
    ended = sorted(n for n in names if in_guest[n] == "ends" and natively[n] != "ends")
    if ended:
        sys.exit("these end the guest, and return natively: " + " ".join(ended))
    lacking = {n for n in names if in_guest[n] == "lacks" and natively[n] != "lacks"}
    others = {n for n in names if in_guest[n] != natively[n]} - lacking
    if "--update" in sys.argv:
        with open(table, "w", encoding="utf-8") as file:
            file.write(TABLE.format(
                declared=linked, called=len(names), lacking=wrapped("`%s`" % n for n in sorted(lacking)), not_called=linked - len(names),
                others="\n".join("| `%s` | %s | %s |" % (n, natively[n], in_guest[n]) for n in sorted(others))))
    with open(table, encoding="utf-8") as file:
        lacking_there, others_there = (set(re.findall(r"`(\w+)`", part)) for part in file.read().split("## ")[1:])
    # This machine's own library may be of another mind than the one that the page was made with.
    wrong = sorted((lacking ^ lacking_there) | (others - others_there))
    if wrong:
        sys.exit("these end otherwise than %s says; look, and write it anew with --update:\n%s" % (table, "\n".join(
            "%s: natively %s, in a guest %s" % (n, natively.get(n), in_guest.get(n)) for n in wrong)))
    print("%d functions end as %s says" % (len(names), table))


if __name__ == "__main__":
    main()
