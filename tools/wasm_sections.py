# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Just enough of the wasm binary format to build fixtures: list imports and exports, add a custom section, cap a table.

The input is what our own compiler and linker wrote, so nothing is checked beyond the header.
"""

HEADER = b"\0asm\1\0\0\0"
FUNCTION, TABLE, MEMORY, GLOBAL, TAG = range(5)


def leb(value):
    """Unsigned LEB128."""
    out = bytearray()
    while True:
        byte = value & 0x7F
        value >>= 7
        out.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(out)


def name(text):
    """A vector of bytes, as names are stored."""
    data = text.encode()
    return leb(len(data)) + data


class Reader:
    """A cursor over bytes."""

    def __init__(self, data, at=0):
        self.data = data
        self.at = at

    def byte(self):
        self.at += 1
        return self.data[self.at - 1]

    def leb(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def bytes(self, count):
        self.at += count
        return self.data[self.at - count : self.at]

    def name(self):
        return self.bytes(self.leb()).decode()


def sections(module):
    """Yields (id, payload) in order."""
    if module[:8] != HEADER:
        raise ValueError("not a wasm module")
    reader = Reader(module, 8)
    while reader.at < len(module):
        ident = reader.byte()
        yield ident, reader.bytes(reader.leb())


def assemble(parts):
    """The module made of (id, payload) pairs."""
    return HEADER + b"".join(bytes([ident]) + leb(len(payload)) + payload for ident, payload in parts)


def _skip_limits(reader):
    flags = reader.leb()
    reader.leb()
    if flags & 1:
        reader.leb()


def _skip_import_type(reader, kind):
    if kind == FUNCTION:
        reader.leb()
    elif kind == TABLE:
        reader.byte()
        _skip_limits(reader)
    elif kind == MEMORY:
        _skip_limits(reader)
    elif kind == GLOBAL:
        reader.bytes(2)
    else:
        reader.byte()
        reader.leb()


def imports(module):
    """List of (module, name, kind)."""
    found = []
    for ident, payload in sections(module):
        if ident != 2:
            continue
        reader = Reader(payload)
        for _ in range(reader.leb()):
            entry = (reader.name(), reader.name(), reader.byte())
            _skip_import_type(reader, entry[2])
            found.append(entry)
    return found


def exports(module):
    """List of (name, kind)."""
    found = []
    for ident, payload in sections(module):
        if ident != 7:
            continue
        reader = Reader(payload)
        for _ in range(reader.leb()):
            entry = (reader.name(), reader.byte())
            reader.leb()
            found.append(entry)
    return found


def with_table_maximum(module, maximum):
    """The module whose imported table has this maximum instead of none (wasm-ld writes none)."""
    parts = []
    for ident, payload in sections(module):
        if ident == 2:
            reader = Reader(payload)
            for _ in range(reader.leb()):
                reader.name()
                reader.name()
                kind = reader.byte()
                start = reader.at
                _skip_import_type(reader, kind)
                if kind == TABLE:
                    limits = Reader(payload, start + 2)
                    minimum = limits.leb()
                    payload = payload[: start + 1] + b"\1" + leb(minimum) + leb(maximum) + payload[limits.at :]
                    break
        parts.append((ident, payload))
    return assemble(parts)


def without_custom(module, names):
    """The module without the custom sections of these names."""
    return assemble((i, p) for i, p in sections(module) if i != 0 or Reader(p).name() not in names)


def dylink(memory_size=0, memory_align=0, table_size=0, table_align=0, needed=(), runtime_path=()):
    """The payload of a `dylink.0` section: memory and table needs, needed modules, runtime path."""
    info = b"".join(leb(v) for v in (memory_size, memory_align, table_size, table_align))
    out = name("dylink.0") + b"\1" + leb(len(info)) + info
    for ident, entries in ((2, needed), (5, runtime_path)):
        if entries:
            body = leb(len(entries)) + b"".join(name(entry) for entry in entries)
            out += bytes([ident]) + leb(len(body)) + body
    return out


def _with_needed_list(module, change):
    """The module whose `dylink.0` section needs what `change` makes of the list of those it needs."""
    parts = []
    for ident, payload in sections(module):
        if ident == 0 and Reader(payload).name() == "dylink.0":
            reader = Reader(payload)
            head, needed, others = name(reader.name()), [], b""
            while reader.at < len(payload):
                kind, body = reader.byte(), reader.bytes(reader.leb())
                if kind == 2:
                    listed = Reader(body)
                    needed = [listed.name() for _ in range(listed.leb())]
                else:
                    others += bytes([kind]) + leb(len(body)) + body
            needed = change(needed)
            body = leb(len(needed)) + b"".join(name(entry) for entry in needed)
            payload = head + others + b"\2" + leb(len(body)) + body
        parts.append((ident, payload))
    return assemble(parts)


def with_needed(module, names):
    """The module with these names added to the needed list of its `dylink.0` section."""
    return _with_needed_list(module, lambda needed: needed + names)


def with_needed_renamed(module, names):
    """The module that needs names[x] wherever it needed x."""
    return _with_needed_list(module, lambda needed: [names.get(entry, entry) for entry in needed])


# A library's own name: the payload is the name, as names are stored.
SONAME_SECTION = "interlink.soname"


def soname(module):
    """The name that a library gives itself, or nothing."""
    for ident, payload in sections(module):
        reader = Reader(payload)
        if ident == 0 and reader.name() == SONAME_SECTION:
            return reader.name()
    return ""


def with_soname(module, own_name):
    """The module that gives itself this name."""
    return assemble([*sections(without_custom(module, {SONAME_SECTION})), (0, name(SONAME_SECTION) + name(own_name))])


def with_dylink(module, payload):
    """The module with this `dylink.0` section in front, where the convention wants it."""
    return assemble([(0, payload), *sections(module)])
