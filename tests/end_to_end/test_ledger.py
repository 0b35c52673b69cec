"""Exported ledgers, held against verifiers that share nothing with ours."""

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ["CAIRN_BIN"])
VECTORS = Path(__file__).resolve().parent.parent / "vectors"
SUMDB = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")


def run(*command, env=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=120, check=False, env=env)
    return done.returncode, done.stdout + done.stderr


def sha256(data):
    return hashlib.sha256(data).digest()


def root_from(receipt, entry):
    """The root that a receipt leads to from an entry, by RFC 6962, top down."""
    head, _, note = receipt.partition("\n\n")
    first, index, *proof = head.split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    size, root = note.split("\n")[1:3]
    hashes = [base64.b64decode(line) for line in proof]

    def climb(at, count):
        if count == 1:
            return sha256(b"\0" + entry)
        half = 1 << (count - 1).bit_length() - 1
        sibling = hashes.pop()
        if at < half:
            return sha256(b"\1" + climb(at, half) + sibling)
        return sha256(b"\1" + sibling + climb(at - half, count - half))

    made = climb(int(index.removeprefix("index ")), int(size))
    return made == base64.b64decode(root) and not hashes


class Log:
    """An exported log, its keys, and what three verifiers say of it."""

    def __init__(self, folder, entries):
        self.folder = Path(folder)
        code, out = run(BIN / "ledger_tool", "make", folder, entries)
        assert code == 0, out
        self.log_key, self.witness_key = out.split()
        self.export = self.folder / "log"
        self.kept = self.folder / "kept"

    def ours(self, *kept):
        return run(BIN / "ledger_tool", "verify", self.export, self.log_key, self.witness_key,
                   *kept)

    def python(self, *kept):
        options = [option for path in kept for option in ("--kept", path)]
        return run("/usr/bin/python3", VECTORS / "verify_log.py", self.export, "--log",
                   self.log_key, "--witness", self.witness_key, *options)

    def files(self):
        return sorted(path for path in self.export.rglob("*") if path.is_file())


class ProofVectorTest(unittest.TestCase):
    def test_every_vector_gets_the_verdict_it_names(self):
        files = sorted(VECTORS.glob("inclusion/*/*.json")) + sorted(
            VECTORS.glob("consistency/*/*.json"))
        good = 0
        for file in files:
            vector = json.loads(file.read_text())
            code, out = run(BIN / "cairn-proof-check", file)
            self.assertEqual(code, 1 if vector["wantErr"] else 0, f"{file}: {out}")
            good += code == 0
        self.assertEqual(good, 8)
        self.assertGreater(len(files), 180)

    def test_the_vectors_are_those_their_maker_makes(self):
        with tempfile.TemporaryDirectory() as folder:
            code, out = run("/usr/bin/python3", VECTORS / "make_vectors.py", folder)
            self.assertEqual(code, 0, out)
            for file in Path(folder).rglob("*.json"):
                kept = VECTORS / file.relative_to(folder)
                self.assertEqual(file.read_bytes(), kept.read_bytes(), kept)

    def test_what_is_no_vector_is_neither_good_nor_bad(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "x.json")
            good = (VECTORS / "inclusion/5-of-8/good.json").read_text()
            for text in ("", "{}", "[]", good + "x", good[:-3], "{\"leafIdx\":"):
                file.write_text(text)
                self.assertEqual(run(BIN / "cairn-proof-check", file)[0], 2, text)
            self.assertEqual(run(BIN / "cairn-proof-check", folder)[0], 2)
            self.assertEqual(run(BIN / "cairn-proof-check", Path(folder, "no"))[0], 2)


class LedgerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def make(self, entries):
        return Log(self.folder / str(entries), entries)

    def both(self, log, holds, *kept):
        for verdict in (log.ours(*kept), log.python(*kept)):
            self.assertEqual(verdict[0], 0 if holds else 1, verdict[1])

    def test_logs_of_every_shape_verify_with_a_verifier_that_is_not_ours(self):
        for entries in (1, 2, 7, 255, 256, 257, 600):
            log = self.make(entries)
            self.both(log, True, log.kept)
            self.assertIn(f"{entries} entries", log.python()[1])

    def test_no_tampered_log_passes_either(self):
        log = self.make(300)
        for path in log.files():
            good = path.read_bytes()
            for at in {0, 1, len(good) // 3, len(good) // 2, len(good) - 1}:
                bad = bytearray(good)
                bad[at] ^= 1 << at % 8
                path.write_bytes(bad)
                self.both(log, False)
            for bad in (good[:-1], good + b"x", b""):
                path.write_bytes(bad)
                self.both(log, False)
            path.unlink()
            self.both(log, False)
            path.write_bytes(good)
        self.both(log, True, log.kept)

    def test_an_other_logs_checkpoint_or_history_is_refused(self):
        log, other = self.make(300), self.make(299)
        for verdict in (log.ours(other.kept), log.python(other.kept)):
            self.assertEqual(verdict[0], 1)
        shutil.copy(log.kept, log.export / "checkpoint")  # an older one: files do not fit
        self.both(log, False)

    def test_receipts_prove_their_entry_and_no_other(self):
        log = self.make(300)
        receipts = sorted((log.folder / "receipts").iterdir())
        self.assertGreater(len(receipts), 20)
        for number, receipt in enumerate(receipts):
            text = receipt.read_text()
            for name, holds in ((receipt.name, True), (receipts[number - 1].name, False)):
                entry = (log.folder / "entries" / name).read_bytes()
                self.assertEqual(root_from(text, entry), holds)
            self.assertTrue(text.endswith((log.export / "checkpoint").read_text()))

    @unittest.skipUnless(shutil.which("go") and SUMDB.is_dir(),
                         "Go or golang.org/x/mod is missing: apt-get install golang-go "
                         "golang-golang-x-mod-dev")
    def test_logs_verify_with_golangs_sumdb(self):
        go = self.folder / "verify_log"
        env = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
               "GOCACHE": str(self.folder / "cache"), "GOFLAGS": ""}
        code, out = run("go", "build", "-o", go, VECTORS / "verify_log.go", env=env)
        self.assertEqual(code, 0, out)
        for entries in (2, 256, 600):
            log = self.make(entries)
            code, out = run(go, log.export, log.log_key, log.kept)
            self.assertEqual(code, 0, out)
            self.assertIn(f"{entries} entries", out)
            bundle = next(path for path in log.files() if "entries" in path.parts)
            bundle.write_bytes(bundle.read_bytes().replace(b'"t":1', b'"t":2', 1))
            self.assertEqual(run(go, log.export, log.log_key)[0], 1)


if __name__ == "__main__":
    unittest.main()
