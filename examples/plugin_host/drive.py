#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Drives a plugin_host: 10,000 requests over 8 connections and three reloads meanwhile; none may be lost or wrong.

Usage: drive.py PLUGIN_HOST GUEST_DIRECTORY, where the directory has plugin_host.wasm and libserver_plugin_{1..4}.so.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

CONNECTIONS = 8
REQUESTS = 1250
VERSIONS = 4


def put(guests, directory, version):
    """The plugin's file becomes another one, in one step."""
    shutil.copy(f"{guests}/libserver_plugin_{version}.so", f"{directory}/new")
    os.rename(f"{directory}/new", f"{directory}/libplugin.so")


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.lines = self.socket.makefile("r", encoding="ascii", newline="\n")

    def ask(self, line):
        self.socket.sendall((line + "\n").encode("ascii"))
        return self.lines.readline().rstrip("\n")


def main():
    program, guests = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(f"{guests}/plugin_host.wasm", directory)
        put(guests, directory, 1)
        server = subprocess.Popen([program, directory], stdout=subprocess.PIPE, text=True)
        try:
            port = int(re.fullmatch(r"listening on (\d+)\n", server.stdout.readline()).group(1))
            drive(server, port, guests, directory)
        finally:
            server.kill()


def drive(server, port, guests, directory):
    known = [1]  # the newest version whose reload was answered
    wrong = []
    answered = [0] * CONNECTIONS
    reached = [threading.Event() for _ in range(VERSIONS)]

    def client(number):
        connection, newest = Client(port), 1
        for i in range(REQUESTS):
            text = f"request {i} of {number}"
            at_least = max(newest, known[0])
            answer = connection.ask("CALL " + text)
            match = re.fullmatch(r"OK v(\d) (.*)", answer)
            if not match or match.group(2) != text[::-1] or int(match.group(1)) < at_least:
                wrong.append((text, at_least, answer))
                return
            newest = int(match.group(1))
            answered[number] += 1
            if number == 0 and i % (REQUESTS // VERSIONS) == 0:
                reached[min(i // (REQUESTS // VERSIONS), VERSIONS - 1)].set()

    threads = [threading.Thread(target=client, args=(number,), daemon=True) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    control = Client(port)
    for version in range(2, VERSIONS + 1):
        assert reached[version - 1].wait(100), f"the requests do not go on: {wrong}"
        put(guests, directory, version)
        said = control.ask("RELOAD")
        assert said == "OK", said
        known[0] = version
    for thread in threads:
        thread.join(100)
    assert not wrong, wrong
    assert answered == [REQUESTS] * CONNECTIONS, answered
    last = control.ask("CALL last")
    assert last == f"OK v{VERSIONS} tsal", last
    said = control.ask("METRICS")
    server.send_signal(signal.SIGTERM)
    metrics = server.stdout.read().strip()
    assert server.wait(60) == 0, "the server did not end well"
    for text in (f"requests={CONNECTIONS * REQUESTS + 1} ", "failures=0 ", "timeouts=0 ", f"reloads={VERSIONS - 1} ",
                 f"closed={VERSIONS - 1} "):
        assert text in said + " " and text in metrics + " ", (text, said, metrics)
    print(metrics)


if __name__ == "__main__":
    main()
