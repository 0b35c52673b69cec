"""The auditor's commands, on exports and on running programs.

Verdicts are held against verifiers that share nothing with ours, and against
what was done to the files."""

import contextlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import tempfile
import unittest
from pathlib import Path

import partnership
from partnership import (
    BIN, COMPLETE, FAILED, NOT_ALLOWED, PARTIAL, PURPOSE, USAGE, run, wait_until)

VECTORS = Path(__file__).resolve().parent.parent / "vectors"
SUMDB = Path("/usr/share/gocode/src/golang.org/x/mod/sumdb/tlog")
POLICE, HOSPITAL = "riverside-police", "st-marys-ed"
QUESTIONS = (
    ("--from", "police_incidents", "--by", "lad,quarter"),
    ("--from", "police_incidents", "--by", "age_band",
     "--where", "(weapon = 'KNIFE' OR weapon = 'FIREARM') AND age < 25"),
    ("--from", "ed_attendances", "--by", "age_core"),
)


def files_of(folder):
    """The files of the log itself: what stands beside them proves nothing."""
    return sorted(path for path in Path(folder).rglob("*")
                  if path.is_file() and (path.name == "checkpoint" or "tile" in path.parts))


class TamperedExportTest(unittest.TestCase):
    """`cairn audit verify DIR` on a log of 300 entries."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        made = run("ledger_tool", "make", str(cls.folder / "made"), "300")
        cls.log_key, cls.witness_key = made.out.split()
        cls.kept = cls.folder / "made/kept"

    def setUp(self):
        self.log = self.folder / "log"
        shutil.rmtree(self.log, ignore_errors=True)
        shutil.copytree(self.folder / "made/log", self.log)

    def verify(self, *words):
        return run("cairn", "audit", "verify", str(self.log), "--log", self.log_key,
                   "--witness", self.witness_key, *map(str, words))

    def caught(self, *words):
        done = self.verify(*words)
        self.assertEqual(done.code, FAILED, done)
        self.assertRegex(done.out, r"(?m)^FAIL ", done)
        self.assertEqual(done.err.count("\n"), 1, done)
        return done.err

    def test_an_honest_export_holds(self):
        done = self.verify("--older", self.kept)
        self.assertEqual(done.code, COMPLETE, done)
        self.assertIn("The ledger holds.", done.out)

    # Every byte of every file is flipped in core/audit/log_audit_test.
    def test_flipped_cut_dropped_and_swapped_files_are_caught(self):
        chance = random.Random(5)
        paths = files_of(self.log)
        for path in paths:
            good = path.read_bytes()
            for at in [0, len(good) - 1, *chance.sample(range(len(good)), 5)]:
                bad = bytearray(good)
                bad[at] ^= 1 << chance.randrange(8)
                path.write_bytes(bad)
                self.caught()
            for bad in (good[:-1], b"", good + b"x"):
                path.write_bytes(bad)
                self.caught()
            path.unlink()
            self.assertIn(path.relative_to(self.log).as_posix(), self.caught())
            other = chance.choice([p for p in paths if p != path])
            path.write_bytes(other.read_bytes())
            self.caught()
            path.write_bytes(good)
        self.assertEqual(self.verify().code, COMPLETE)

    def test_the_entry_that_was_altered_is_named(self):
        bundle = self.log / "tile/entries/000"
        good = bundle.read_bytes()
        self.assertIn(b'"seq":17,', good)
        bundle.write_bytes(good.replace(b'"qid":"q5","cells":14', b'"qid":"q5","cells":15'))
        self.assertIn("entry 17 was altered", self.caught())

    def test_an_older_export_is_caught_by_a_later_checkpoint(self):
        later = self.folder / "later"
        shutil.copy(self.log / "checkpoint", later)
        shutil.rmtree(self.log)
        shutil.copytree(self.folder / "made/log", self.log)
        # The half-way checkpoint with all files: an old backup brought back.
        shutil.copy(self.kept, self.log / "checkpoint")
        self.caught("--older", later)

    def test_usage_is_told_from_a_flaw(self):
        key = self.log_key
        for words in (("--log", "nonsense"), ("--log", self.witness_key),
                      ("--witness", key), ("--keys", "/no/such/file"),
                      ("--older", "/no/such/file"), ("-o", "yaml")):
            done = run("cairn", "audit", "verify", str(self.log), *words)
            self.assertEqual(done.code, USAGE, done)
            self.assertEqual(done.err.count("\n"), 1, done)
        done = run("cairn", "audit", "verify", str(self.folder / "nothing"))
        self.assertEqual(done.code, USAGE, done)


class AuditTest(unittest.TestCase):
    """A partnership of two, audited while it runs."""

    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic(POLICE, HOSPITAL, rows=2000)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()
        cls.partners.certificates(None, None, "--auditor", "ig-lead")
        cls.auditor = cls.partners.write_profile(
            cls.partners.folder / "auditor.textproto",
            cls.partners.credentials("auditor-ig-lead"))
        cls.keys = str(cls.partners.config("ledger-keys"))
        cls.ids = []
        for question in QUESTIONS:
            done = cls.partners.query(*question, output="json")
            assert done.code == COMPLETE, done
            cls.ids.append(done.json()["query_id"])

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def at_vru(self, *words, profile=None):
        return run("cairn", "audit", *map(str, words), profile=profile or self.auditor)

    def at(self, agency, *words):
        return run("cairn-agent", "audit", *map(str, words), "--config",
                   str(self.partners.config(agency)))

    def good(self, done):
        self.assertEqual(done.code, COMPLETE, done)
        return done

    def exports(self):
        """Exports of all three ledgers."""
        self.good(self.at_vru("export", self.folder / "vru"))
        for agency in (POLICE, HOSPITAL):
            self.good(self.at(agency, "export", self.folder / agency))
        return [self.folder / name for name in ("vru", POLICE, HOSPITAL)]

    def key_of(self, export):
        origin = (export / "checkpoint").read_text().split("\n")[0]
        keys = re.findall(r'"([^"]+)"', Path(self.keys).read_text())
        return next(key for key in keys if key.startswith(origin + "+"))

    def test_every_side_verifies_while_it_runs(self):
        for done in (self.at_vru("verify", "--keys", self.keys), self.at(POLICE, "verify"),
                     self.at(HOSPITAL, "verify")):
            self.good(done)
            self.assertRegex(done.out, r"(?m)^ok    signature ")
        self.assertTrue(self.partners.all_running())

    def test_an_agencys_list_is_what_it_was_asked(self):
        rows = self.good(self.at(POLICE, "list", "-o", "json")).json()
        mine = [row for row in rows if row["query"] in self.ids]
        self.assertEqual([row["query"] for row in mine], [self.ids[1], self.ids[0]])
        for row in mine:
            self.assertEqual((row["person"], row["purpose"], row["data_set"], row["outcome"]),
                             ("demo", PURPOSE[1], "police_incidents", "released"))
            self.assertGreater(row["shown"], 0)
        for words, count in (
                (("--person", "demo"), len(rows)), (("--person", "nobody"), 0),
                (("--data-set", "ed_attendances"), 0), (("--outcome", "refused"), 0),
                (("--from", "2020-01-01", "--to", "2020-12-31"), 0), (("--limit", "1"), 1)):
            found = self.good(self.at(POLICE, "list", "-o", "json", *words)).json()
            self.assertEqual(len(found), count, words)
        for words in (("--from", "yesterday"), ("--outcome", "lost"),
                      ("--from", "2026-02-01", "--to", "2026-01-01")):
            self.assertEqual(self.at(POLICE, "list", *words).code, USAGE)
        events = self.good(self.at(POLICE, "list", "--events")).rows()
        self.assertLessEqual({"policy.changed", "dataset.loaded"},
                             {row["event"] for row in events})

    def test_the_lists_formats_say_the_same(self):
        as_json = self.good(self.at_vru("list", "-o", "json")).json()
        as_csv = self.good(self.at_vru("list", "-o", "csv")).rows()
        lines = self.good(self.at_vru("list", "-o", "jsonl")).out.splitlines()
        text = [{k: "" if v is None else str(v) for k, v in row.items()} for row in as_json]
        self.assertEqual(text, as_csv)
        self.assertEqual([json.loads(line) for line in lines], as_json)
        book = self.folder / "list.xlsx"
        self.good(self.at_vru("list", "-o", "xlsx", "--out", book))
        self.assertEqual(book.read_bytes()[:2], b"PK")

    def test_show_tells_the_question_and_each_part(self):
        for done in (self.at_vru("show", self.ids[1]), self.at(POLICE, "show", self.ids[1])):
            self.good(done)
            for words in (self.ids[1], "Knife", "├─ OR", "weapon = 'GUN'", "query.received",
                          "is bound to just this question", PURPOSE[1]):
                self.assertIn(words, done.out)
        told = self.good(self.at_vru("show", self.ids[1], "-o", "json")).json()
        own = self.good(self.at(POLICE, "show", self.ids[1], "-o", "json")).json()
        (part,) = told["agencies"]
        self.assertEqual(part["agency"], POLICE)
        self.assertEqual(part["entry"], own["entries"][-1]["entry"])
        self.assertEqual(own["outcome"], "released")
        self.assertIn("policy.changed", {term["type"] for term in own["terms"]})
        self.assertEqual(self.at_vru("show", "q-none").code, USAGE)

    def test_only_an_auditor_reads_the_coordinators_ledger(self):
        for words in (("verify",), ("list",), ("show", self.ids[0]),
                      ("export", self.folder / "x")):
            done = self.at_vru(*words, profile=self.partners.profile)
            self.assertEqual(done.code, NOT_ALLOWED, done)
            self.assertIn("auditor", done.err)

    def test_an_export_verifies_with_verifiers_that_are_not_ours(self):
        for export in self.exports():
            key = self.key_of(export)
            self.good(self.at_vru("verify", export, "--keys", self.keys))
            witnesses = [option for vkey in re.findall(
                r'witness: "([^"]+)"', Path(self.keys).read_text())
                for option in ("--witness", vkey)]
            theirs = subprocess.run(
                ["/usr/bin/python3", str(VECTORS / "verify_log.py"), str(export), "--log",
                 key, *witnesses], capture_output=True, text=True, timeout=60, check=False)
            self.assertEqual(theirs.returncode, 0, theirs)
            self.assertFalse(self.at_vru("export", export).code == COMPLETE)

    @unittest.skipUnless(shutil.which("go") and SUMDB.is_dir(),
                         "Go or golang.org/x/mod is missing: apt-get install golang-go "
                         "golang-golang-x-mod-dev")
    def test_the_program_in_the_readme_gives_the_verdict(self):
        export = self.exports()[1]
        readme = (export / "README.txt").read_text()
        source = self.folder / "check.go"
        source.write_text(readme.split("---- check.go ----\n")[1])
        env = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode",
               "GOCACHE": str(self.folder / "cache"), "GOFLAGS": ""}
        go = ["go", "run", str(source), str(export), self.key_of(export)]
        done = subprocess.run(go, capture_output=True, text=True, env=env, timeout=280,
                              check=False)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn("OK: ", done.stdout)
        bundle = next((export / "tile/entries").iterdir())
        bundle = bundle if bundle.is_file() else next(bundle.iterdir())
        bundle.write_bytes(bundle.read_bytes().replace(b"demo", b"dem0", 1))
        done = subprocess.run(go, capture_output=True, text=True, env=env, timeout=280,
                              check=False)
        self.assertNotEqual(done.returncode, 0, done)

    def test_the_readmes_commands_for_sha256_say_the_same(self):
        export = self.exports()[0]
        readme = (export / "README.txt").read_text()
        python = re.search(r"(?s)\n     (python3 -c .*?\| sha256sum)\n", readme).group(1)
        head = re.search(r"\n     head -c 32 (\S+) \| xxd", readme).group(1)
        said = subprocess.run(["bash", "-c", python], cwd=export, capture_output=True,
                              text=True, check=True, timeout=60).stdout.split()[0]
        self.assertEqual(said, (export / head).read_bytes()[:32].hex())

    def test_an_export_is_written_down_by_whoever_is_exported(self):
        self.exports()
        made = lambda: [row for row in self.at(POLICE, "list", "--events").rows()
                        if row["event"] == "export.made"]
        wait_until(made, "the agent's ledger has export.made", 10)
        self.partners.query(*QUESTIONS[0])  # signs what is new
        events = self.good(self.at_vru("list", "--events")).rows()
        self.assertIn("actor ig-lead", {row["details"].split(",")[0] for row in events
                                        if row["event"] == "export.made"})

    def test_ledgers_of_honest_partners_do_not_differ(self):
        vru, police, hospital = self.exports()
        for where in ((), ("--coordinator", vru)):
            done = self.good(self.at_vru(
                "reconcile", *where, "--agent", police, "--agent", hospital, "--keys",
                self.keys, "-o", "json"))
            self.assertEqual([row for row in done.json() if row["kind"] == "difference"], [])
        swapped = self.at_vru("reconcile", "--coordinator", police, "--agent", vru)
        self.assertEqual(swapped.code, USAGE, swapped)

    def test_an_agency_holds_its_own_ledger_against_the_coordinators(self):
        vru, police, _ = self.exports()
        done = self.good(self.at(POLICE, "reconcile", "--coordinator", vru, "-o", "json"))
        self.assertEqual(done.json(), [])
        # What is younger than the export is noted.
        asked = self.partners.query(*QUESTIONS[0], output="json").json()["query_id"]
        done = self.good(self.at(POLICE, "reconcile", "--coordinator", vru, "-o", "json"))
        self.assertEqual([(row["kind"], row["query"]) for row in done.json()],
                         [("note", asked)])
        # The coordinator signs another story of the same question.
        lines = []
        for path in files_of(vru):
            data = path.read_bytes() if "entries" in path.parts else b""
            while data:
                size = int.from_bytes(data[:2], "big")
                lines.append(data[2:2 + size].decode())
                data = data[2 + size:]
        forged = [line.replace(PURPOSE[1], "another") if self.ids[0] in line else line
                  for line in lines]
        self.assertNotEqual(lines, forged)
        written = self.folder / "lines"
        written.write_text("".join(line + "\n" for line in forged))
        made = run("ledger_tool", "forge", str(self.folder / "forged"), str(written),
                   str(self.partners.folder / "state/coordinator/log.key"))
        self.assertEqual(made.code, 0, made)
        done = self.at(POLICE, "reconcile", "--coordinator", self.folder / "forged",
                       "-o", "json")
        self.assertEqual(done.code, FAILED, done)
        self.assertIn(self.ids[0], {row["query"] for row in done.json()
                                    if row["kind"] == "difference"})
        # Not an agency's, nor nothing.
        for folder in (police, self.folder / "nothing"):
            self.assertEqual(self.at(POLICE, "reconcile", "--coordinator", folder).code,
                             USAGE)

    def test_a_deleted_entry_is_named(self):
        state = self.folder / "state"
        shutil.copytree(self.partners.folder / f"state/{POLICE}", state)
        config = self.folder / "agent.textproto"
        config.write_text(self.partners.agent_config(POLICE, state=state))
        with contextlib.closing(sqlite3.connect(state / "agent.db")) as ledger:
            (seq,) = ledger.execute(
                "SELECT seq FROM entry WHERE line LIKE ? ORDER BY seq",
                (f'%query.received","qid":"{self.ids[0]}"%',)).fetchone()
            ledger.execute("DELETE FROM entry WHERE seq = ?", (seq,))
            ledger.commit()
        own = ("--config", str(config))
        done = run("cairn-agent", "audit", "verify", *own)
        self.assertEqual(done.code, FAILED, done)
        self.assertIn(f"entry {seq} is missing", done.err)
        done = run("cairn-agent", "audit", "export", str(self.folder / "x"), *own)
        self.assertEqual(done.code, FAILED, done)
        self.assertFalse((self.folder / "x/checkpoint").exists())

    def test_an_agency_that_forgets_a_question_and_signs_anew_is_named(self):
        vru, police, hospital = self.exports()
        # All that the agency's owner can do: other entries, all files made anew.
        lines = []
        for path in files_of(police):
            if "entries" not in path.parts:
                continue
            data = path.read_bytes()
            while data:
                size = int.from_bytes(data[:2], "big")
                lines.append(json.loads(data[2:2 + size]))
                data = data[2 + size:]
        forged = [line for line in lines if line.get("qid") != self.ids[0]]
        self.assertEqual(len(lines) - len(forged), 3)
        written = self.folder / "lines"
        written.write_text("".join(
            json.dumps({**line, "seq": seq}, separators=(",", ":"), ensure_ascii=False) + "\n"
            for seq, line in enumerate(forged)))
        secret = self.partners.folder / f"state/{POLICE}/log.key"
        made = run("ledger_tool", "forge", str(self.folder / "forged"), str(written),
                   str(secret))
        self.assertEqual(made.code, 0, made)
        self.good(self.at_vru("verify", self.folder / "forged", "--keys", self.keys))
        done = self.at_vru("verify", self.folder / "forged", "--keys", self.keys,
                           "--older", police)
        self.assertEqual(done.code, FAILED, done)
        done = self.at_vru("reconcile", "--coordinator", vru, "--agent",
                           self.folder / "forged", "--agent", hospital, "--keys", self.keys,
                           "-o", "json")
        self.assertEqual(done.code, FAILED, done)
        found = [row for row in done.json() if row["kind"] == "difference"]
        gone = [row for row in found if row["query"] == self.ids[0]]
        self.assertEqual(len(gone), 1, found)
        self.assertIn("does not have the question at all", gone[0]["words"])
        # And what came after it moved: its receipts name other entries.
        self.assertTrue(any(row["query"] == self.ids[1] for row in found), found)


class ManyAgenciesAuditTest(unittest.TestCase):
    """A question to more agencies than one entry can name: all but one of them
    are members that never connect."""

    OTHERS = [f"council-{number:04}" for number in range(1000)]

    @classmethod
    def setUpClass(cls):
        cls.partners = partners = partnership.synthetic(POLICE, rows=2000)
        cls.addClassCleanup(partners.close)
        partners.certificates()
        partners.write_configs()
        with partners.config("coordinator").open("a") as config:
            for name in cls.OTHERS:
                config.write(f'agency {{ id: "{name}" name: "{name}" kind: "council" '
                             f'data_set: "police_incidents" }}\n')
        partners.load(POLICE)
        partners.start("coordinator", POLICE)
        partners.wait_attached(POLICE)
        partners.certificates(None, None, "--auditor", "ig-lead")
        cls.auditor = partners.write_profile(
            partners.folder / "auditor.textproto", partners.credentials("auditor-ig-lead"))

    def audit(self, *words):
        return run("cairn", "audit", *map(str, words), profile=self.auditor)

    def test_each_agencys_part_is_found_and_held_against_its_ledger(self):
        done = self.partners.query(*QUESTIONS[0], output="json")
        self.assertEqual(done.code, PARTIAL, done)
        answer = done.json()
        self.assertEqual(len(answer["agencies"]), 1001)
        self.partners.query(*QUESTIONS[0])  # signs what is new
        told = self.audit("show", answer["query_id"], "-o", "json").json()
        self.assertEqual({part["agency"]: part["outcome"] for part in told["agencies"]},
                         {POLICE: "answered", **dict.fromkeys(self.OTHERS, "silent")})
        self.assertIn("answer.parts", {entry["type"] for entry in told["entries"]})
        export = self.partners.folder / "vru"
        self.assertEqual(self.audit("export", export).code, COMPLETE)
        keys = self.partners.config("ledger-keys")
        self.assertEqual(self.audit("verify", export, "--keys", keys).code, COMPLETE)
        done = run("cairn-agent", "audit", "reconcile", "--coordinator", str(export),
                   "--config", str(self.partners.config(POLICE)), "-o", "json")
        self.assertEqual(done.code, COMPLETE, done)
        self.assertNotIn(answer["query_id"], {row["query"] for row in done.json()}, done)


if __name__ == "__main__":
    unittest.main()
