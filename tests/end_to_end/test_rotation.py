"""A ledger for each year: begun at a start, joined to the one before, recovered.

No clock is set. The nodes' first ledgers are given the names of last year before
anything is in them, so that for them the year has turned already. What is checked
is checked from the files, with Python's own hashing and with the verifier in
tests/vectors, which knows nothing of Cairn.
"""

import base64
import datetime
import hashlib
import json
import re
import shutil
import sqlite3
import subprocess
import unittest

import partnership
from partnership import (COMPLETE, FAILED, NOT_ALLOWED, REFUSED, ROOT, run, wait_until)

QUESTION = ("--from", "ed_attendances", "--by", "month")
VERIFY = ROOT / "tests/vectors/verify_log.py"
THIS_YEAR = datetime.datetime.now(datetime.timezone.utc).year
LAST_YEAR = THIS_YEAR - 1


def program_of(name):
    return "cairn-coordinator" if name == "coordinator" else "cairn-agent"


def root_of(lines):
    """RFC 6962, section 2.1, over the entries."""
    if len(lines) == 1:
        return hashlib.sha256(b"\0" + lines[0].encode()).digest()
    left = 1
    while left * 2 < len(lines):
        left *= 2
    return hashlib.sha256(b"\1" + root_of(lines[:left]) + root_of(lines[left:])).digest()


def lines_of(folder):
    """The entries of an export, in order; fewer than 256,000 of them."""
    def number(path):
        parts = path.relative_to(folder / "tile/entries").parts
        return int(parts[0].split(".")[0])

    lines = []
    files = [p for p in (folder / "tile/entries").rglob("*") if p.is_file()]
    for path in sorted(files, key=number):
        data = path.read_bytes()
        while data:
            size = int.from_bytes(data[:2], "big")
            lines.append(data[2:2 + size].decode())
            data = data[2 + size:]
    return lines


class Years(unittest.TestCase):
    AGENCIES = ("st-marys-ed", "queens-ed")

    def make(self, agencies=None):
        world = partnership.synthetic(*(agencies or self.AGENCIES), rows=1500)
        self.addCleanup(world.close)
        world.certificates()
        world.write_configs()
        return world

    def state(self, name):
        return self.world.folder / "state" / name

    def make_last_years(self):
        """Gives every log the name of last year: the same key, another name."""
        for name in ("coordinator", *self.world.agencies):
            path = self.state(name) / "log.key"
            private, key, origin, _, secret = path.read_text().strip().split("+", 4)
            public = re.search(re.escape(origin) + r"\+\w+\+([^\"]+)",
                               self.world.config("ledger-keys").read_text()).group(1)
            origin = re.sub(r"/\d+$", f"/{LAST_YEAR}", origin)
            ident = hashlib.sha256(
                f"{origin}\n".encode() + base64.b64decode(public)).hexdigest()[:8]
            path.write_text("+".join((private, key, origin, ident, secret)) + "\n")
        self.world.make_ledger_keys()

    def log(self, name, *words):
        return run(program_of(name), "log", *map(str, words), "--config",
                   str(self.world.config(name)))

    def put_keys(self, names):
        """What `log next` prints at each of them goes into everybody's file."""
        text = ""
        for name in ("coordinator", *self.world.agencies):
            done = (self.log(name, "next") if name in names else
                    run(program_of(name), "keys", "--config",
                        str(self.world.config(name))))
            self.assertEqual(done.code, COMPLETE, done)
            text += done.out
        self.world.config("ledger-keys").write_text(text)

    def restart(self, *names):
        for name in names:
            self.assertEqual(self.world.stop(name), 0, self.world.log(name)[-2000:])
        self.world.start(*names)
        self.world.wait_attached()

    def entries(self, name):
        file = "coordinator.db" if name == "coordinator" else "agent.db"
        with sqlite3.connect(f"file:{self.state(name) / file}?mode=ro", uri=True) as db:
            return [row[0] for row in db.execute("SELECT line FROM entry ORDER BY seq")]

    def ask(self):
        def complete():
            self.done = self.world.query(*QUESTION, output="json")
            return self.done.code == COMPLETE

        # A log that was just begun waits for its first round of witnesses.
        wait_until(complete, "an answer", 60, 0.5)
        return self.done.json()

    def log_keys(self):
        return dict(re.findall(r'log: "((\S+?)\+\S+)"',
                               self.world.config("ledger-keys").read_text()))

    def check_sealed(self, name, year):
        """The sealed folder, by itself and as what the new log follows."""
        folder = self.state(name) / f"sealed/{year}"
        key = next(key for key, origin in self.log_keys().items()
                   if origin.endswith(f"/{year}") and
                   (name if name != "coordinator" else "/coordinator/") in origin)
        done = subprocess.run(["/usr/bin/python3", str(VERIFY), str(folder), "--log", key],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        lines = lines_of(folder)
        first = json.loads(self.entries(name)[0])
        self.assertEqual(first["type"], "log.opened")
        self.assertEqual(first["after"], key.split("+")[0])
        self.assertEqual(first["after_size"], len(lines))
        self.assertEqual(base64.b64decode(first["after_root"]), root_of(lines))
        last = [json.loads(line)["type"] for line in lines[-2:]]
        self.assertEqual(last, ["key.rotated", "log.sealed"])
        for extra in ("README.txt", "keys.txt"):
            self.assertTrue((folder / extra).exists(), extra)
        return lines


class ATurnOfTheYear(Years):
    def test_leaves_a_partnership_that_answers_and_two_logs_that_join(self):
        self.world = world = self.make()
        self.make_last_years()
        everyone = ("coordinator", *world.agencies)
        for agency in world.agencies:
            world.load(agency)
        world.start(*everyone)
        world.wait_attached()
        before = self.ask()

        # No key was made: the old log goes on, and says so.
        self.restart("queens-ed")
        self.assertIn("ledger.turn_due", world.log("queens-ed"))
        self.assertIn("`log next` makes it", world.status("queens-ed"))
        self.ask()
        self.assertFalse((self.state("queens-ed") / "sealed").exists())

        # The key is made, but the partnership does not know it: the same.
        self.assertEqual(self.log("queens-ed", "next").code, COMPLETE)
        self.restart("queens-ed")
        self.assertFalse((self.state("queens-ed") / "sealed").exists())
        self.assertIn("does not have the key of", world.log("queens-ed"))

        self.put_keys(everyone)
        secret = self.state("queens-ed") / "log-next.key"
        self.assertEqual(secret.stat().st_mode & 0o777, 0o600)
        old = {name: (self.state(name) / "log.key").read_text() for name in everyone}
        self.restart(*everyone)
        after = self.ask()
        for name in everyone:
            lines = self.check_sealed(name, LAST_YEAR)
            self.assertFalse((self.state(name) / "log-next.key").exists())
            self.assertNotEqual((self.state(name) / "log.key").read_text(), old[name])
            self.assertTrue(any(before["query_id"] in line for line in lines), name)
            self.assertFalse(any(before["query_id"] in line
                                 for line in self.entries(name)), name)
            self.assertTrue(any(after["query_id"] in line
                                for line in self.entries(name)), name)
        for agency in after["agencies"]:
            if agency["outcome"] == "answered":
                self.assertIn(f"/{THIS_YEAR}\n", agency["receipt"]["proof"])
        # What was asked last year can still be shown to the one who asked.
        again = world.cairn("fetch", before["query_id"], "-o", "json")
        if again.code == COMPLETE:
            self.assertEqual(again.json()["rows"], before["rows"])

        # The programs' own verdicts: the logs hold, and join.
        for name, done in world.verify_ledgers().items():
            self.assertEqual(done.code, COMPLETE, done)
            self.assertRegex(done.out, r"ok +follows", name)
            self.assertRegex(self.sealed_verdict(name), r"ok +sealed")

        # Both sides tell the same story, over the turn.
        for name in everyone:
            self.assertEqual(world.stop(name), 0)
        new = {}
        for name in world.agencies:
            new[name] = world.folder / f"export-{name}"
            self.ok(run("cairn-agent", "audit", "export", str(new[name]), "--config",
                        str(world.config(name))))
        # Of the coordinator, stopped, its sealed log stands for its side.
        words = ["audit", "reconcile", "--coordinator",
                 str(self.state("coordinator") / f"sealed/{LAST_YEAR}")]
        for name in world.agencies:
            for folder in (self.state(name) / f"sealed/{LAST_YEAR}", new[name]):
                words += ["--agent", str(folder)]
        done = run("cairn", *words, "--keys", str(world.config("ledger-keys")))
        self.assertEqual(done.code, COMPLETE, done)
        # Only what the coordinator's own sealed log cannot have yet is noted.
        self.assertEqual({(row["kind"], row["query"]) for row in done.rows()},
                         {("note", after["query_id"])}, done)

        # A turn that does not join is found: another root in the old one.
        bad = world.folder / "bad"
        shutil.copytree(self.state("queens-ed") / f"sealed/{LAST_YEAR}", bad)
        note = (bad / "checkpoint").read_text().split("\n")
        note[1] = str(int(note[1]) - 1)
        (bad / "checkpoint").write_text("\n".join(note))
        done = run("cairn", "audit", "verify", str(new["queens-ed"]), "--before", str(bad),
                   "--keys", str(world.config("ledger-keys")))
        self.assertEqual(done.code, FAILED, done)
        self.assertRegex(done.out, r"FAIL +follows")

        # Nothing that was sealed lately is removed.
        done = self.log("queens-ed", "forget", LAST_YEAR)
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn("is kept for 7 years", done.err)
        listed = self.log("queens-ed", "list").out
        self.assertRegex(listed, rf"(?m)^{LAST_YEAR} .* entries, ended ")
        self.assertRegex(listed, rf"(?m)^{THIS_YEAR} .* in use")

    def ok(self, done):
        self.assertEqual(done.code, COMPLETE, done)
        return done.out

    def sealed_verdict(self, name):
        done = run("cairn", "audit", "verify",
                   str(self.state(name) / f"sealed/{LAST_YEAR}"), "--keys",
                   str(self.world.config("ledger-keys")))
        self.assertEqual(done.code, COMPLETE, done)
        return done.out


class ALogThatEnded(Years):
    AGENCIES = ("st-marys-ed", "queens-ed")

    def test_is_not_gone_back_to(self):
        """A copy of before the turn, put back: seen by the others, not answered."""
        self.world = world = self.make()
        self.make_last_years()
        for agency in world.agencies:
            world.load(agency)
        world.start("coordinator", *world.agencies)
        world.wait_attached()
        self.ask()
        self.put_keys(("queens-ed",))
        for name in ("coordinator", *world.agencies):
            self.assertEqual(world.stop(name), 0)
        older = world.folder / "older"
        shutil.copytree(self.state("queens-ed"), older)
        world.start("coordinator", *world.agencies)
        world.wait_attached()
        self.ask()
        self.assertEqual(world.stop("queens-ed"), 0)
        shutil.rmtree(self.state("queens-ed"))
        shutil.copytree(older, self.state("queens-ed"))
        world.start("queens-ed")
        wait_until(lambda: "quarantined" in world.log("queens-ed"), "quarantine", 30)
        done = world.query(*QUESTION, output="json")
        outcome = {a["agency"]: a for a in done.json()["agencies"]}
        self.assertEqual(outcome["queens-ed"]["outcome"], "refused", done)

    def test_is_not_signed_under_the_name_of_the_next(self):
        """Only the ledger put back, with the keys of now: the start refuses."""
        self.world = world = self.make(("queens-ed",))
        self.make_last_years()
        world.load("queens-ed")
        self.put_keys(("queens-ed",))
        world.start("coordinator")
        secret = (self.state("queens-ed") / "log-next.key").read_text()
        (self.state("queens-ed") / "log-next.key").unlink()
        world.start("queens-ed")
        world.wait_attached()
        self.ask()
        self.assertEqual(world.stop("queens-ed"), 0)
        older = world.folder / "agent.db"
        shutil.copy(self.state("queens-ed") / "agent.db", older)
        (self.state("queens-ed") / "log-next.key").write_text(secret)
        world.start("queens-ed")
        world.wait_attached()
        self.ask()
        self.assertEqual(world.stop("queens-ed"), 0)
        shutil.copy(older, self.state("queens-ed") / "agent.db")
        done = run("cairn-agent", "run", "--config", str(world.config("queens-ed")))
        self.assertEqual(done.code, FAILED, done)
        self.assertIn("one of them is from another time", done.err)


class ATurnThatIsKilled(Years):
    AGENCIES = ("queens-ed",)

    def test_at_any_call_that_changes_the_disk_is_finished_by_the_next_start(self):
        self.world = world = self.make()
        self.make_last_years()
        world.load("queens-ed")
        world.start("coordinator", "queens-ed")
        world.wait_attached()
        for _ in range(3):
            self.ask()
        for node in ("queens-ed", "coordinator"):
            self.assertEqual(world.stop(node), 0)
        self.put_keys(("coordinator", "queens-ed"))
        name = "queens-ed"
        kept = world.folder / "kept"
        shutil.copytree(self.state(name), kept)
        asked = [line for line in self.entries(name) if "answer.released" in line]
        kills = 0
        for call in ("rename", "fdatasync", "fsync", "syncfs", "unlink"):
            when, killed = 1, True
            while killed and when < 40:
                shutil.rmtree(self.state(name))
                shutil.copytree(kept, self.state(name))
                start = len(world.log(name))
                # With -D the agent itself is the child.
                world.start(name, through=(
                    "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
                    "-e", f"inject={call}:signal=KILL:when={when}"))

                def over():
                    return (not world.running(name)
                            or "agent.started" in world.log(name)[start:])

                wait_until(over, "started or killed", 60)
                killed = not world.running(name)
                world.kill(name)
                kills += killed
                when += 1
                with self.subTest(call=call, when=when - 1):
                    self.finish(name, asked)
        self.assertGreater(kills, 10, "the turn was killed at many moments")

    def finish(self, name, asked):
        """One start more: the new log, after the whole of the old one."""
        start = len(self.world.log(name))
        self.world.start(name)
        wait_until(lambda: "agent.started" in self.world.log(name)[start:],
                   "started", 60)
        self.assertEqual(self.world.stop(name), 0)
        lines = self.check_sealed(name, LAST_YEAR)
        for line in asked:
            self.assertIn(line, lines)
        done = run("cairn-agent", "audit", "verify", "--config",
                   str(self.world.config(name)))
        self.assertEqual(done.code, COMPLETE, done)


class ARolledBackLedger(Years):
    AGENCIES = ("st-marys-ed", "queens-ed")
    PIN = "correct horse\n"

    def ok(self, program, *words, **options):
        done = run(program, *map(str, words), **options)
        self.assertEqual(done.code, COMPLETE, done)
        return done.out

    def make_people(self, name):
        self.people = people = self.world.folder / "people"
        people.mkdir()
        (people / "pin").write_text(self.PIN)
        for person in ("authority", "p-one", "p-two", "p-asks"):
            self.ok("cairn", "login", "--new", "--key", people / person, "--pin-file",
                    people / "pin")
        for person, role in (("p-one", "operator"), ("p-two", "steward"),
                             ("p-asks", "analyst")):
            self.ok("cairn", "people", "certify", "--authority", people / "authority",
                    "--partnership", "riverside", "--person", person,
                    "--organisation", name, "--role", role, "--public-key",
                    people / f"{person}.pub", "--out", people / f"{person}.person",
                    "--pin-file", people / "pin")

    def sign(self, name, person, statement):
        return self.log(name, "sign", statement, "--key", self.people / person,
                        "--certificate", self.people / f"{person}.person",
                        "--pin-file", self.people / "pin")

    def test_is_given_up_by_two_and_the_agency_answers_again(self):
        self.world = world = self.make()
        name = "queens-ed"
        for agency in world.agencies:
            world.load(agency)
        world.start("coordinator", *world.agencies)
        world.wait_attached()
        self.ask()
        self.assertEqual(world.stop(name), 0)
        older = world.folder / "older"
        shutil.copytree(self.state(name), older)
        world.start(name)
        world.wait_attached()
        self.ask()
        self.assertEqual(world.stop(name), 0)
        shutil.rmtree(self.state(name))
        shutil.copytree(older, self.state(name))

        # Nobody has noticed yet, and no people are configured.
        statement = world.folder / "statement"
        prepare = ("recover", "--reason", "restored_backup", "--out", statement)
        done = self.log(name, *prepare)
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn("no people are configured", done.err)
        self.make_people(name)
        plain = world.config(name).read_text()
        world.config(name).write_text(
            plain + f'people {{ authority: "{self.people}/authority.pub" }}\n')
        done = self.log(name, *prepare)
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn("nothing to recover", done.err)
        self.assertFalse(statement.exists())

        world.start(name)
        wait_until(lambda: "quarantined" in world.log(name), "quarantine", 30)
        self.assertEqual(world.stop(name), 0)
        origin = f"/agent/{name}/{THIS_YEAR}"
        lines = self.entries(name)
        done = self.log(name, *prepare)
        self.assertEqual(done.code, COMPLETE, done)
        block = "agency {" + done.out.split("agency {")[1]
        said = json.loads(statement.read_text())
        self.assertTrue(said["log"].endswith(origin))
        self.assertEqual(said["size"], len(lines))
        self.assertEqual(base64.b64decode(said["root"]), root_of(lines))
        self.assertTrue(said["next"].split("+")[0].endswith(origin + "-r2"))

        # One person is not enough, be he two roles; nor is an analyst one.
        done = self.log(name, "recover", "--signed", statement)
        self.assertNotEqual(done.code, COMPLETE, done)
        self.assertEqual(self.sign(name, "p-asks", statement).code, NOT_ALLOWED)
        self.assertEqual(self.sign(name, "p-one", statement).code, COMPLETE)
        self.assertNotEqual(self.sign(name, "p-one", statement).code, COMPLETE)
        done = self.log(name, "recover", "--signed", statement)
        self.assertEqual(done.code, NOT_ALLOWED, done)
        self.assertIn("by two", done.err)
        self.assertEqual(self.sign(name, "p-two", statement).code, COMPLETE)
        # Nor before the partnership knows the key of the new log.
        done = self.log(name, "recover", "--signed", statement)
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn("does not have the key of", done.err)
        self.assertEqual(self.entries(name), lines, "nothing has changed")

        keys = world.config("ledger-keys").read_text()
        own = re.search(rf'agency {{\s+id: "{name}".*?\n}}\n', keys, re.S).group(0)
        world.config("ledger-keys").write_text(keys.replace(own, block))
        done = self.log(name, "recover", "--signed", statement)
        self.assertEqual(done.code, COMPLETE, done)
        folder = self.state(name) / f"sealed/{THIS_YEAR}"
        self.assertEqual(lines_of(folder), lines, "as it was")
        self.assertEqual((folder / "recovery.dsse").read_text(), statement.read_text())
        first = json.loads(self.entries(name)[0])
        self.assertEqual(first["type"], "log.opened")
        self.assertEqual(first["reason"], "restored_backup")
        self.assertEqual(first["actors"], "p-one,p-two")
        self.assertEqual(base64.b64decode(first["after_root"]), root_of(lines))
        self.assertEqual(first["witnessed_size"], said["seen_size"])
        self.assertGreaterEqual(first["witnessed_size"], 1)
        # The old key has signed nothing of what was given up.
        note = (folder / "checkpoint").read_text().split("\n\n")[1]
        self.assertIn(f"{origin}-r2 ", note)
        self.assertNotIn(f"{origin} ", note)

        # The others learn the new log from their own file, and only from there.
        world.config(name).write_text(plain)
        for other in ("coordinator", "st-marys-ed"):
            self.assertEqual(world.stop(other), 0)
        world.start("coordinator", *world.agencies)
        world.wait_attached()
        after = self.ask()
        outcome = {a["agency"]: a for a in after["agencies"]}
        self.assertEqual(outcome[name]["outcome"], "answered")
        self.assertIn(f"{origin}-r2\n", outcome[name]["receipt"]["proof"])
        self.assertTrue(any(after["query_id"] in line for line in self.entries(name)))
        done = run("cairn-agent", "audit", "verify", "--config", str(world.config(name)))
        self.assertEqual(done.code, COMPLETE, done)
        self.assertIn("given up", done.out)
        self.assertIn("restored_backup", done.out)


if __name__ == "__main__":
    unittest.main()
