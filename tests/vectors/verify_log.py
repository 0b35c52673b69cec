#!/usr/bin/python3
"""Verifies an exported ledger with nothing of Cairn: Python and the openssl command.

usage: verify_log.py FOLDER --log VKEY [--witness VKEY ..] [--kept CHECKPOINT ..]

Written from docs/ledger-format.md and the specifications it names. Exits 0 and
says what holds, or exits 1 and says in one sentence what does not.
"""

import argparse
import base64
import hashlib
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ED25519_DER = bytes.fromhex("302a300506032b6570032100")  # RFC 8410, then the key


class Wrong(Exception):
    pass


def need(holds, sentence):
    if not holds:
        raise Wrong(sentence)


def sha256(data):
    return hashlib.sha256(data).digest()


def from_base64(text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError:
        data = b""
    need(data and base64.b64encode(data).decode() == text, f"not base64: {text[:60]}")
    return data


def ed25519(public, message, signature):
    if len(signature) != 64:
        return False
    with tempfile.TemporaryDirectory() as folder:
        parts = {"key": ED25519_DER + public, "message": message, "signature": signature}
        for name, data in parts.items():
            Path(folder, name).write_bytes(data)
        done = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key",
             "-rawin", "-in", "message", "-sigfile", "signature"],
            cwd=folder, capture_output=True, check=False)
    return done.returncode == 0


class Key:
    def __init__(self, vkey, kind):
        self.name, key_id, key = vkey.split("+", 2)
        typed = from_base64(key)
        need(len(typed) == 33 and typed[0] == kind, f"{self.name}: not a key of type {kind}")
        self.public = typed[1:]
        self.id = sha256(self.name.encode() + b"\n" + typed)[:4]
        need(self.id.hex() == key_id, f"{self.name}: the key's id is not its own")


def open_checkpoint(data, log, witnesses):
    """Size and root of a checkpoint all of whose signatures are true."""
    note = data.decode(errors="replace")
    need(note.encode() == data, "a checkpoint is not UTF-8")
    text, gap, lines = note.rpartition("\n\n")
    need(gap and lines.endswith("\n"), "a checkpoint is not a signed note")
    text += "\n"
    need(not re.search("[\x00-\x09\x0b-\x1f]", note), "a checkpoint has control characters")
    fields = text.split("\n")
    need(len(fields) == 4 and fields[3] == "", "a checkpoint does not have three lines")
    need(fields[0] == log.name, f"the checkpoint is of the log {fields[0]!r}")
    need(re.fullmatch("0|[1-9][0-9]{0,18}", fields[1], re.A), "a size is not a number")
    root = from_base64(fields[2])
    need(len(root) == 32, "a root does not have 32 bytes")
    signed = []
    for line in lines[:-1].split("\n"):
        match = re.fullmatch("\u2014 ([^ ]+) ([^ ]+)", line)
        need(match, "a signature line is not one")
        name, raw = match[1], from_base64(match[2])
        known = [k for k in [log, *witnesses] if (k.name, k.id) == (name, raw[:4])]
        need(known, f"the checkpoint is signed by {name}, whose key was not given")
        need(known[0] not in signed, f"{name} has signed twice")
        message, signature = text.encode(), raw[4:]
        if known[0] is not log:
            time = int.from_bytes(signature[:8], "big")
            message = f"cosignature/v1\ntime {time}\n".encode() + message
            signature = signature[8:]
        need(ed25519(known[0].public, message, signature), f"the signature of {name} is false")
        signed.append(known[0])
    need(log in signed, "the log itself has not signed the checkpoint")
    return int(fields[1]), root


def root_of(leaves):
    """RFC 6962, from the leaves up: pairs are joined, an odd one waits."""
    if not leaves:
        return sha256(b"")
    while len(leaves) > 1:
        pairs = zip(leaves[::2], leaves[1::2])
        leaves = [sha256(b"\1" + a + b) for a, b in pairs] + leaves[len(leaves) & ~1:]
    return leaves[0]


def path_of(folder, level, index, width):
    parts = [f"{index % 1000:03}"]
    while index := index // 1000:
        parts.insert(0, f"x{index % 1000:03}")
    return Path(folder, "tile", str(level), *parts[:-1],
                parts[-1] + (f".p/{width}" if width < 256 else ""))


def read(path):
    need(path.is_file(), f"{path} is missing")
    return path.read_bytes()


def tiles_of(count):
    return [(n, min(256, count - 256 * n)) for n in range((count + 255) // 256)]


def check_entry(line, number, last):
    need(len(line) <= 16384, f"entry {number} is larger than 16 KiB")
    try:
        pairs = json.loads(line.decode(), object_pairs_hook=list)
        entry = dict(pairs)
    except (ValueError, TypeError):
        raise Wrong(f"entry {number} is not restricted JSON") from None
    keys = [key for key, _ in pairs]
    rest = keys[5:] if keys[4:5] == ["qid"] else keys[4:]
    need(keys[:4] == ["v", "seq", "t", "type"] and rest == sorted(rest)
         and len(set(keys)) == len(keys), f"entry {number} does not have its keys in order")
    need(all(type(value) in (int, str) for value in entry.values()),
         f"entry {number} holds more than integers and text")
    need(entry["v"] == 1 and entry["seq"] == number,
         f"entry {number} is not there: entry {entry['seq']} is")
    need(entry["t"] >= last, f"entry {number} is older than the one before it")
    return entry["t"]


def check_entries(folder, size):
    leaves, last = [], 0
    for index, width in tiles_of(size):
        bundle = read(path_of(folder, "entries", index, width))
        at = 0
        for number in range(256 * index, 256 * index + width):
            length = int.from_bytes(bundle[at:at + 2], "big")
            line = bundle[at + 2:at + 2 + length]
            need(at + 2 + length <= len(bundle), f"entry {number} is cut short")
            last = check_entry(line, number, last)
            leaves.append(sha256(b"\0" + line))
            at += 2 + length
        need(at == len(bundle), f"something follows entry {256 * index + width - 1}")
    return leaves


def check_tiles(folder, leaves):
    level = 0
    while leaves:
        for index, width in tiles_of(len(leaves)):
            path = path_of(folder, level, index, width)
            need(read(path) == b"".join(leaves[256 * index:256 * index + width]),
                 f"{path} does not have the hashes of its entries")
        full = len(leaves) // 256
        leaves = [root_of(leaves[256 * i:256 * i + 256]) for i in range(full)]
        level += 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--log", required=True)
    for name in ("--witness", "--kept"):
        parser.add_argument(name, action="append", default=[])
    options = parser.parse_args()
    log, witnesses = Key(options.log, 1), [Key(vkey, 4) for vkey in options.witness]
    size, root = open_checkpoint(read(Path(options.folder, "checkpoint")), log, witnesses)
    leaves = check_entries(options.folder, size)
    check_tiles(options.folder, leaves)
    need(root_of(leaves) == root, "the entries are not those the checkpoint was signed for")
    for path in options.kept:
        old, old_root = open_checkpoint(read(Path(path)), log, witnesses)
        need(old <= size, f"the log has {size} entries, a kept checkpoint {old}")
        need(root_of(leaves[:old]) == old_root, f"the first {old} entries were rewritten")
    return f"{size} entries verified"


if __name__ == "__main__":
    try:
        print(main())
    except Wrong as wrong:
        sys.exit(str(wrong))
