#!/usr/bin/python3
"""Makes the proof vectors in inclusion/ and consistency/: good ones, and one file for each flaw.

usage: make_vectors.py FOLDER

The tree is that of certificate-transparency's tests, its proofs made word for word
from RFC 6962, section 2.1. The JSON has the fields of transparency-dev/merkle's test
data, so that either set can be read by a reader of the other.
"""

import base64
import hashlib
import json
import sys
from pathlib import Path

LEAVES = [bytes.fromhex(leaf) for leaf in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
    "606162636465666768696a6b6c6d6e6f")]
SOME = hashlib.sha256(b"some other hash").digest()


def sha256(data):
    return hashlib.sha256(data).digest()


def split(count):
    return 1 << (count - 1).bit_length() - 1


def mth(d):
    if not d:
        return sha256(b"")
    if len(d) == 1:
        return sha256(b"\0" + d[0])
    k = split(len(d))
    return sha256(b"\1" + mth(d[:k]) + mth(d[k:]))


def path(m, d):
    if len(d) == 1:
        return []
    k = split(len(d))
    return path(m, d[:k]) + [mth(d[k:])] if m < k else path(m - k, d[k:]) + [mth(d[:k])]


def subproof(m, d, whole=True):
    if m == len(d):
        return [] if whole else [mth(d)]
    k = split(len(d))
    if m <= k:
        return subproof(m, d[:k], whole) + [mth(d[k:])]
    return subproof(m - k, d[k:], False) + [mth(d[:k])]


def spoiled(proof, *roots):
    """Flaws that any proof can have."""
    yield "trailing-garbage", proof + [b""]
    yield "preceding-garbage", [b""] + proof
    yield "trailing-short-hash", proof + [SOME[:31]]
    for n, root in enumerate(roots):
        yield f"trailing-root-{n}", proof + [root]
        yield f"preceding-root-{n}", [root] + proof
    for n, node in enumerate(proof):
        yield f"flipped-bit-in-{n}", proof[:n] + [bytes([node[0] ^ 8]) + node[1:]] + proof[n + 1:]
        yield f"long-hash-{n}", proof[:n] + [node + b"x"] + proof[n + 1:]
        yield f"removed-{n}", proof[:n] + proof[n + 1:]
        yield f"doubled-{n}", proof[:n + 1] + proof[n:]
    if len(proof) > 1:
        yield "reversed", proof[::-1]


def inclusion(index, size):
    d = LEAVES[:size]
    good = {"leafIdx": index, "treeSize": size, "root": mth(d), "leafHash": mth(d[index:][:1]),
            "proof": path(index, d)}
    yield "good", good, False
    for name, proof in spoiled(good["proof"], good["root"]):
        yield name, {**good, "proof": proof}, True
    for name, change in {
            "index-before": {"leafIdx": (index - 1) % 2**64},
            "index-after": {"leafIdx": index + 1},
            "index-outside": {"leafIdx": size},
            "size-doubled": {"treeSize": 2 * size},
            "size-halved": {"treeSize": size // 2},
            "size-zero": {"treeSize": 0},
            "wrong-leaf": {"leafHash": SOME},
            "short-leaf": {"leafHash": good["leafHash"][:31]},
            "leaf-is-root": {"leafHash": good["root"]} if size > 1 else {"leafHash": b""},
            "wrong-root": {"root": SOME},
            "empty-root": {"root": sha256(b"")},
            "no-root": {"root": b""}}.items():
        yield name, {**good, **change}, True


def consistency(old, new):
    good = {"size1": old, "size2": new, "root1": mth(LEAVES[:old]), "root2": mth(LEAVES[:new]),
            "proof": subproof(old, LEAVES[:new])}
    yield "good", good, False
    for name, proof in spoiled(good["proof"], good["root1"], good["root2"]):
        yield name, {**good, "proof": proof}, True
    changes = {"wrong-root-1": {"root1": SOME}, "wrong-root-2": {"root2": SOME},
               "backwards": {"size1": new + 1}}
    if old < new:
        changes.update({
            "swapped-roots": {"root1": good["root2"], "root2": good["root1"]},
            "swapped-sizes": {"size1": new, "size2": old},
            "old-size-before": {"size1": old - 1},
            "old-size-after": {"size1": old + 1},
            "new-size-doubled": {"size2": 2 * new},
            "from-nothing": {"size1": 0},
            "no-proof": {"proof": None}})
    for name, change in changes.items():
        yield name, {**good, **change}, True


def encoded(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return [encoded(item) for item in value] if isinstance(value, list) else value


def main():
    folder = Path(sys.argv[1])
    made = {}
    for index, size in ((0, 1), (5, 8), (2, 3), (6, 7)):
        for name, vector, fails in inclusion(index, size):
            made[f"inclusion/{index}-of-{size}/{name}.json"] = {**vector, "wantErr": fails}
    for old, new in ((1, 1), (1, 8), (6, 8), (2, 5)):
        for name, vector, fails in consistency(old, new):
            made[f"consistency/{old}-to-{new}/{name}.json"] = {**vector, "wantErr": fails}
    for name, vector in made.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        fields = {key: encoded(value) for key, value in vector.items()}
        file.write_text(json.dumps({**fields, "desc": file.stem}, indent=2) + "\n")
    print(len(made), "vectors")


if __name__ == "__main__":
    main()
