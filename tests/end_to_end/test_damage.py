"""Damaged files, full disks, wrong clocks, slow lines: what is promised then."""

import contextlib
import glob
import json
import os
import shutil
import subprocess
import time
import unittest
from unittest import mock

import partnership
from line import Line
from partnership import COMPLETE, PARTIAL, REFUSED, run, wait_until

AGENCY, OTHER = "riverside-police", "st-marys-ed"
QUESTION = ("--from", "police_incidents", "--by", "lad,quarter")
NEW = ("month", "weapon", "age_core", "sex", "role", "weekday", "hour",
       "location_type", "outcome_group", "quarter")


class DamageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic(AGENCY, OTHER, rows=3000)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()
        cls.state = cls.partners.folder / "state"

    def setUp(self):
        self.addCleanup(self.partners.heal)

    def agent(self, *words, through=(), timeout=30):
        return run("cairn-agent", *words, "--config",
                   str(self.partners.config(AGENCY)), through=through,
                   timeout=timeout)

    def one_sentence(self, done, *names):
        self.assertNotEqual(done.code, COMPLETE, done)
        self.assertGreater(done.code, 0, f"it crashed: {done}")
        self.assertEqual(done.err.count("\n"), 1, done)
        for name in names:
            self.assertIn(name, done.err, done)

    # Keys.

    def test_a_key_file_that_is_none_is_said_and_nothing_starts(self):
        certificates = self.partners.folder / "certificates"
        for program, who in (("cairn-agent", AGENCY), ("cairn-coordinator", "coordinator")):
            self.partners.stop(who)
            name = "coordinator" if who == "coordinator" else f"agent-{who}"
            key = certificates / f"{name}.key"
            good = key.read_bytes()
            other = (certificates / "analyst-demo.key").read_bytes()
            self.addCleanup(key.write_bytes, good)
            for what, bad in (("empty", b""), ("junk", b"not a key\n" * 40),
                              ("half", good[: len(good) // 2]), ("of another", other)):
                with self.subTest(f"{program}: {what}"):
                    key.write_bytes(bad)
                    done = run(program, "run", "--config",
                               str(self.partners.config(who)), timeout=20)
                    self.one_sentence(done, str(certificates))
            key.unlink()
            with self.subTest(f"{program}: missing"):
                done = run(program, "run", "--config",
                           str(self.partners.config(who)), timeout=20)
                self.one_sentence(done, f"{name}.key")
            key.write_bytes(good)
            key.chmod(0o600)
            self.partners.heal()

    # Extracts.

    def test_a_damaged_extract_gives_no_figure_and_a_load_mends_it(self):
        before = self.partners.query(*QUESTION)
        extract = self.state / AGENCY / "extract/police_incidents.db"
        whole = extract.read_bytes()
        for what, bad in (("cut off", whole[: len(whole) // 2]), ("empty", b""),
                          ("junk", os.urandom(4096) * 4),
                          ("a page of zeros", whole[:4096] + bytes(4096) + whole[8192:])):
            with self.subTest(what):
                aside = extract.with_name("aside")
                aside.write_bytes(bad)
                aside.replace(extract)
                time.sleep(0.1)
                for by in ("weapon,sex", "lad,quarter"):
                    done = self.partners.query("--from", "police_incidents", "--by", by)
                    self.assertIn(done.code, (COMPLETE, REFUSED, PARTIAL), done)
                    if done.code == COMPLETE:  # what was released before
                        self.assertEqual((by, done.raw), ("lad,quarter", before.raw))
                self.assertTrue(self.partners.running(AGENCY))
        aside.write_bytes(whole)
        aside.replace(extract)
        self.partners.load(AGENCY)
        wait_until(lambda: self.partners.query(*QUESTION).raw == before.raw,
                   "the same answer as before", 15)

    # Disks.

    def test_on_a_full_disk_nothing_is_answered_and_nothing_is_lost(self):
        if os.geteuid() != 0:
            self.skipTest("needs root, to mount a small disk")
        # Else so small a disk would be refused from the start.
        with mock.patch.dict(partnership.ENVIRONMENT, CAIRN_DISK_RESERVE_MIB="0"):
            self.fill_the_disk()

    def fill_the_disk(self):
        before = self.partners.query(*QUESTION)
        self.partners.stop(AGENCY)
        place = self.state / AGENCY
        kept = self.state / "kept"
        shutil.move(place, kept)
        place.mkdir()
        size = sum(f.stat().st_size for f in kept.rglob("*") if f.is_file())
        disk = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size + (1 << 20)}",
                               "none", place], capture_output=True, text=True)
        if disk.returncode != 0:
            place.rmdir()
            shutil.move(kept, place)
            self.skipTest(f"no small disk can be mounted here: {disk.stderr}")
        self.addCleanup(self.take_back, place, kept)
        shutil.copytree(kept, place, dirs_exist_ok=True)
        self.partners.heal()
        filler = place / "filler"
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        answers = [self.partners.query("--from", "police_incidents", "--by", by,
                                       "--timeout", "5s") for by in NEW]
        self.assertNotEqual(answers[-1].code, COMPLETE, answers[-1])
        for done in answers:
            self.assertIn(done.code, (COMPLETE, PARTIAL, REFUSED), done)
        # It stopped, and said why.
        process = self.partners.processes[AGENCY]
        wait_until(lambda: process.poll() is not None, "the agent stopped", 10)
        self.assertGreater(process.returncode, 0)
        last = json.loads([line for line in self.partners.log(AGENCY).splitlines()
                           if "agent.stopping" in line][-1])
        self.assertIn("full", last["reason"])
        filler.unlink()
        self.partners.heal()
        verdict = self.agent("audit", "verify")
        self.assertEqual(verdict.code, COMPLETE, verdict)
        self.assertEqual(self.partners.query(*QUESTION).raw, before.raw)
        for by, done in zip(NEW, answers):
            if done.code == COMPLETE:
                again = self.partners.query("--from", "police_incidents", "--by", by)
                self.assertEqual(again.raw, done.raw, by)

    def take_back(self, place, kept):
        self.partners.stop(AGENCY)
        # The others remember what it has signed here: an older copy is no more
        # believed.
        shutil.rmtree(kept)
        shutil.copytree(place, kept, ignore=shutil.ignore_patterns("filler"))
        subprocess.run(["umount", place], check=True)
        place.rmdir()
        shutil.move(kept, place)

    # Clocks.

    def at(self, jump):
        """What a program is started through to have another time of day."""
        library = next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)
        if library is None:
            self.skipTest("faketime is not installed")
        through = ("env", f"LD_PRELOAD={library}", f"FAKETIME={jump}",
                   "DONT_FAKE_MONOTONIC=1")
        if run("cairn-agent", "--help", through=through).code != 0:
            self.skipTest("faketime does not go with a sanitizer's own start")
        return through

    def test_a_clock_that_jumps_breaks_no_ledger(self):
        before = self.partners.query(*QUESTION)
        for jump in ("+1h", "+40d"):  # and back again after each
            with self.subTest(jump):
                self.partners.stop(AGENCY)
                self.partners.start(AGENCY, through=self.at(jump))
                self.partners.wait_attached(AGENCY)
                self.assertEqual(self.partners.query(*QUESTION).raw, before.raw)
                self.partners.stop(AGENCY)
                verdict = self.agent("audit", "verify")
                self.assertEqual(verdict.code, COMPLETE, verdict)
                self.partners.heal()
        entries = subprocess.run(
            ["sqlite3", f"file:{self.state}/{AGENCY}/agent.db?mode=ro",
             "SELECT line FROM entry ORDER BY seq"], capture_output=True, text=True,
            check=True).stdout.splitlines()
        times = [json.loads(line)["t"] for line in entries]
        self.assertEqual(times, sorted(times))
        # It was more than a month ahead, and did not go back.
        self.assertGreater(times[-1] / 1000, time.time() + 39 * 86400)

    def test_a_certificate_that_has_expired_is_said_in_words(self):
        self.partners.stop(AGENCY)
        done = self.agent("run", through=self.at("+400d"), timeout=20)
        self.one_sentence(done, f"agent-{AGENCY}.pem", "expired")

    # Lines.

    def test_one_byte_a_second_makes_a_partial_answer_at_the_deadline(self):
        slow = Line(self.partners.port)
        self.addCleanup(slow.close)
        text = self.partners.config(OTHER).read_text()
        self.addCleanup(self.partners.config(OTHER).write_text, text)
        self.partners.stop(OTHER)
        self.partners.config(OTHER).write_text(
            text.replace(f":{self.partners.port}", f":{slow.port}"))
        self.partners.start(OTHER)
        self.partners.wait_attached(OTHER)
        slow.rate = 1
        question = ("--from", "ed_attendances", "--by", "age_core")
        done = self.partners.query(*question, "--timeout", "3s")
        self.assertEqual(done.code, PARTIAL, done)
        self.assertLess(done.seconds, 6, done)
        self.assertIn(OTHER, done.err)
        at_once = self.partners.query(*QUESTION)
        self.assertEqual(at_once.code, COMPLETE, at_once)
        self.assertLess(at_once.seconds, 2, at_once)
        slow.rate = 0
        wait_until(lambda: self.partners.query(*question).code == COMPLETE,
                   "it answers again on a quick line", 20)
        self.partners.stop(OTHER)


if __name__ == "__main__":
    unittest.main()
