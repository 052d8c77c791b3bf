# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command as a shell starts it: with closed streams, limits, programs that are no files, and the names of a guest.

Usage: host_test.py INTERLINK GUESTS WITHOUT_OPENAT2
"""
import os
import resource
import subprocess
import sys
import tempfile
import unittest

INTERLINK, GUESTS, WITHOUT_OPENAT2 = sys.argv[1:4]
PROGRAM = os.path.join(GUESTS, "looks_at_names.wasm")
COMMAND = os.path.join(GUESTS, "static_command.wasm")  # ends with the number of its arguments


class Host(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.data = os.path.join(scratch.name, "data")
        self.cache = os.path.join(scratch.name, "cache")
        os.makedirs(os.path.join(self.data, "inner"))
        with open(os.path.join(self.data, "file"), "w") as file:
            file.write("contents")

    def run_guest(self, options, acts, shell="", program=PROGRAM, **others):
        """The lines that the guest printed."""
        line = 'exec "$0" run --wasm-cache "$1" "${@:2}" ' + shell
        # The guests' compiled modules are shared by all tests; a limit or a sandbox must not be what compiles them.
        ran = subprocess.run(["bash", "-c", line, INTERLINK, self.cache_directory(), *options, program, *acts],
                             capture_output=True, text=True, timeout=60, **others)
        self.assertEqual(ran.returncode, 0, ran)
        return (ran.stderr + ran.stdout).splitlines()

    def cache_directory(self):
        return os.environ.get("INTERLINK_SCENARIO_CACHE", self.cache)

    def test_a_closed_stream_is_closed_for_the_guest(self):
        self.assertEqual(self.run_guest([], ["r0"], "<&-"), ["read 0: Bad file descriptor"])
        self.assertEqual(self.run_guest([], ["w1"], ">&-"), ["write 1: Bad file descriptor"])
        self.assertEqual(self.run_guest([], ["w2", "r0"], "2>&- </dev/null"),
                         ["write 2: Bad file descriptor", "read 0: yes"])
        # The first file that the guest opens gets the free number, as natively, and it is the guest's file.
        self.assertEqual(self.run_guest(["--dir", self.data], ["l" + self.data, "r0"], "<&-"),
                         [f"list {self.data}: . .. file inner", "read 0: Bad file descriptor"])

    def test_the_command_itself_runs_without_its_streams(self):
        for shell, code in (("<&-", 2), (">&-", 2), ("2>&-", 2), ("<&- >&- 2>&-", 2)):
            ran = subprocess.run(["bash", "-c", f'exec "$0" run "$1" a b {shell}', INTERLINK, COMMAND], timeout=60)
            self.assertEqual(ran.returncode, code, shell)
        ran = subprocess.run(["bash", "-c", 'exec "$0" nm "$1" >&-', INTERLINK, COMMAND], capture_output=True,
                             text=True, timeout=60)
        self.assertEqual((ran.returncode, ran.stderr), (1, "interlink: cannot write to standard output\n"))

    def test_a_sync_of_a_pipe_is_invalid_as_natively(self):
        self.assertEqual(self.run_guest([], ["f1"]), ["sync 1: Invalid argument"])

    def test_the_root_holds_what_is_mapped(self):
        mapped = ["--dir", self.data + "::/data", "--dir", self.data + "/inner::/usr/lib"]
        self.assertEqual(
            self.run_guest(mapped, ["d", "l/", "l/usr", "c/", "d", "l.", "sdata/file", "cusr/lib", "d", "c..", "c..",
                                    "c..", "d", "s../..", "s/data/../usr", "s/data/../missing", "n/new", "m/data"]),
            ["current directory /data", "list /: . .. data usr", "list /usr: . .. lib", "enter /: yes",
             "current directory /", "list .: . .. data usr", "status data/file: yes", "enter usr/lib: yes",
             "current directory /usr/lib", "enter ..: yes", "enter ..: yes", "enter ..: yes", "current directory /",
             "status ../..: yes", "status /data/../usr: yes", "status /data/../missing: No such file or directory",
             "create /new: Read-only file system", "make directory /data: File exists"])

    def test_dot_dot_stays_at_the_root(self):
        for name in (".", "/"):
            self.assertEqual(
                self.run_guest(["--dir", f"{self.data}::{name}"],
                               ["s..", "s/../file", "l..", "c..", "d", "cinner", "c../..", "d", "cinner/..", "d"]),
                ["status ..: yes", "status /../file: yes", "list ..: . .. file inner", "enter ..: yes",
                 "current directory /", "enter inner: yes", "enter ../..: yes", "current directory /",
                 "enter inner/..: yes", "current directory /"])

    def test_starts_in_the_directory_given(self):
        mapped = ["--dir", self.data + "::/data", "--cwd"]
        self.assertEqual(self.run_guest(mapped + ["/data/inner"], ["d", "s../file", "l."]),
                         ["current directory /data/inner", "status ../file: yes", "list .: . .."])
        self.assertEqual(self.run_guest(mapped + ["/"], ["d", "sdata/file"]),
                         ["current directory /", "status data/file: yes"])
        ran = subprocess.run([INTERLINK, "run", *mapped, "/missing", PROGRAM], capture_output=True, text=True,
                             timeout=60)
        self.assertEqual(ran.returncode, 2)
        self.assertIn("/missing", ran.stderr)

    def test_a_read_only_directory_stays_as_it_is(self):
        for spelling in (f"{self.data}::/data:ro", f"{self.data}::/data:rw"):
            refused = "Read-only file system" if spelling.endswith("ro") else "yes"
            self.assertEqual(
                self.run_guest(["--dir", spelling], ["n/data/file", "n/data/new", "m/data/made", "l/data/inner"]),
                [f"create /data/file: {refused}", f"create /data/new: {refused}",
                 f"make directory /data/made: {refused}", "list /data/inner: . .."])
        self.assertEqual(sorted(os.listdir(self.data)), ["file", "inner", "made", "new"])

    def test_a_name_outside_has_a_text(self):
        os.symlink("/etc/passwd", os.path.join(self.data, "out"))
        self.assertEqual(self.run_guest(["--dir", self.data + "::/data"], ["s/data/out"]),
                         ["status /data/out: Capabilities insufficient"])

    def test_closing_what_may_be_inherited_leaves_the_guest_its_files(self):
        self.assertEqual(self.run_guest(["--dir", self.data + "::/data"], ["x", "s/data/file", "l/"]),
                         ["status /data/file: yes", "list /: . .. data"])

    def test_a_library_is_no_directory(self):
        lines = self.run_guest(["--dir", GUESTS + "::/"], ["o./libplain.so", "o./libplain.so/"])
        self.assertEqual(lines[0], "opened ./libplain.so")
        self.assertIn("not a directory", " ".join(lines[1:]))

    def test_a_program_comes_from_a_pipe_or_a_descriptor(self):
        for line in ('"$0" run <(cat "$1") a b', 'cat "$1" | "$0" run - a b', 'cat "$1" | "$0" run /dev/stdin a b',
                     '"$0" run - a b <"$1"', '"$0" run /dev/fd/7 a b 7<"$1"'):
            ran = subprocess.run(["bash", "-c", line, INTERLINK, COMMAND], capture_output=True, text=True, timeout=60)
            self.assertEqual(ran.returncode, 2, (line, ran.stderr))
        ran = subprocess.run(["bash", "-c", '"$0" run - <&-', INTERLINK], capture_output=True, timeout=60)
        self.assertEqual(ran.returncode, 127)

    def test_a_fifo_is_read_by_every_command(self):
        fifo = os.path.join(self.data, "fifo")
        os.mkfifo(fifo)
        for command, code in (("run", 0), ("run --check", 0), ("ldd", 1), ("nm", 0)):
            ran = subprocess.run(["bash", "-c", f'cat "$1" >"$2" & exec "$0" {command} "$2"', INTERLINK, COMMAND, fifo],
                                 capture_output=True, text=True, timeout=60)
            self.assertEqual(ran.returncode, code, (command, ran.stderr))
            self.assertTrue(command != "ldd" or "not a dynamic executable" in ran.stderr, ran.stderr)

    def test_a_file_that_may_not_be_read_is_named(self):
        file = os.path.join(self.data, "file")
        os.chmod(file, 0)
        powers = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
        for command, code in (("run", 127), ("ldd", 1), ("nm", 1)):
            ran = subprocess.run([*powers, INTERLINK, command, file], capture_output=True, text=True, timeout=60)
            self.assertEqual(ran.returncode, code, (command, ran.stderr))
            self.assertIn(f"{file}: Permission denied; name a regular file that may be read\n", ran.stderr)

    def test_a_limit_of_file_lengths_is_an_error_of_the_write(self):
        self.run_guest([], [])  # compiles
        limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
        self.assertEqual(self.run_guest(["--dir", self.data + "::/data"], ["F/data/full"], preexec_fn=limit),
                         ["fill /data/full: File too large"])

    def test_a_full_disk_is_an_error_of_the_write(self):
        self.assertEqual(self.run_guest(["--dir", "/dev::/dev"], ["F/dev/full"]),
                         ["fill /dev/full: No space left on device"])

    def test_a_limit_of_open_files_is_named_or_an_error_of_the_open(self):
        self.run_guest([], [])  # compiles
        ran_at_all = False
        for count in (*range(3, 24), 32, 64):
            limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count))
            ran = subprocess.run([INTERLINK, "run", "--wasm-cache", self.cache_directory(), "--dir",
                                  self.data + "::/data", PROGRAM, "M/data/file"],
                                 capture_output=True, text=True, timeout=60, preexec_fn=limit)
            self.assertGreaterEqual(ran.returncode, 0, (count, ran.stderr))  # no signal
            if "error while loading shared libraries" in ran.stderr:
                continue  # the host's own linker
            if ran.returncode == 0:
                ran_at_all = True
                lines = [line for line in ran.stderr.splitlines() if "compiled modules are not kept" not in line]
                self.assertEqual(lines, ["open many /data/file: Too many open files"])
            else:
                self.assertRegex(ran.stderr, r"[Oo]pen files|ulimit|mfile", count)
        self.assertTrue(ran_at_all)

    def in_mounts(self, script, *arguments):
        """The shell script with mounts of its own, for root: its standard output and error, in lines."""
        ran = subprocess.run(["unshare", "--mount", "bash", "-c", script, INTERLINK, *arguments], capture_output=True,
                             text=True, timeout=60)
        if "unshare" in ran.stderr:
            self.skipTest("no mounts of one's own here")
        if "WARNING: reading executable name" in ran.stderr:
            self.skipTest("a sanitizer needs /proc")
        return ran.stderr.splitlines() + ran.stdout.splitlines()

    def test_nothing_needs_proc(self):
        no_proc = "mount -t tmpfs none /proc; "
        self.assertEqual(
            self.in_mounts(no_proc + 'echo | "$0" run --wasm-cache "$1" --dir "$2::/data" "$3" s/data/file n/data/new r0',
                           self.cache, self.data, PROGRAM),
            ["status /data/file: yes", "create /data/new: yes", "read 0: yes"])
        kept = [name for name in os.listdir(self.cache) if name.startswith("settings")]
        self.assertEqual(kept, [])
        self.assertEqual(self.in_mounts(no_proc + 'cat "$1" | "$0" run - a b; echo $?', COMMAND)[-1], "2")

    def test_a_cache_on_a_full_or_read_only_disk_is_left_alone(self):
        mounted = 'mount -t tmpfs -o size=16k none "$1"; export XDG_CACHE_HOME="$1"; '
        fill = 'head -c 1000000 /dev/zero >"$1/filler" 2>/dev/null; '
        twice = '"$0" run "$2" a b; echo $?; "$0" run "$2" a b; echo $?'
        quiet = ["ok static command", "2"] * 2
        self.assertEqual(self.in_mounts(mounted + fill + twice, self.data, COMMAND), quiet)
        self.assertEqual(self.in_mounts(mounted + 'mount -o remount,ro "$1"; ' + twice, self.data, COMMAND), quiet)
        named = self.in_mounts(mounted + 'mount -o remount,ro "$1"; "$0" run --wasm-cache "$1" "$2"', self.data, COMMAND)
        self.assertEqual(named[-1], "ok static command")
        self.assertRegex("\n".join(named[:-1]), "compiled modules are not kept: cache directory ")

    def test_paths_are_walked_where_openat2_is_filtered(self):
        self.run_guest([], [])
        for refusal in ("38", "1"):
            ran = subprocess.run([WITHOUT_OPENAT2, refusal, INTERLINK, "run", "--wasm-cache", self.cache_directory(),
                                  "--dir", self.data + "::/data", PROGRAM, "s/data/file", "s/data/missing",
                                  "s/data/inner/../file"], capture_output=True, text=True, timeout=60)
            if ran.returncode == 77:
                self.skipTest("this kernel has no filters of system calls")
            self.assertEqual(ran.stderr.splitlines(),
                             ["status /data/file: yes", "status /data/missing: No such file or directory",
                              "status /data/inner/../file: yes"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=1)
