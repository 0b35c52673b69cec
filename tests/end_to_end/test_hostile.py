"""Peers that have the keys of one of us, and lie: what they try comes to nothing.

The fake peers are small programs of tests/hostile; agent and coordinator are the
real ones.
"""

import json
import sqlite3
import subprocess
import unittest

import partnership
from partnership import BIN, ENVIRONMENT, PARTIAL, REFUSED
from test_witnesses import Note, signed_by

QUERY = 'data_set: "ed_attendances" by: "month" purpose: "needs_assessment"'
QUESTION = ("--from", "ed_attendances", "--by", "month")


class FakeCoordinator(unittest.TestCase):
    """Everything it tries, in one session with one agent."""

    AGENCY = "st-marys-ed"

    @classmethod
    def setUpClass(cls):
        cls.world = world = partnership.synthetic(cls.AGENCY, rows=2000)
        cls.addClassCleanup(world.close)
        world.certificates()
        world.write_configs()
        world.load(cls.AGENCY)
        fake = subprocess.Popen(
            [str(BIN / "fake_coordinator"), str(world.config("coordinator")), QUERY],
            env=ENVIRONMENT, stdout=subprocess.PIPE, text=True)
        world.start(cls.AGENCY)
        try:
            out, _ = fake.communicate(timeout=60)
        finally:
            fake.kill()
        world.stop(cls.AGENCY)
        cls.said = {line["attempt"]: line for line in map(json.loads, out.splitlines())}
        path = world.folder / "state" / cls.AGENCY / "agent.db"
        with sqlite3.connect(path) as db:
            cls.entries = [json.loads(row[0]) for row in
                           db.execute("SELECT line FROM entry ORDER BY seq")]

    def outcome(self, attempt):
        return self.said[attempt]["outcome"]

    def of(self, query_id):
        return [e for e in self.entries if e.get("qid") == query_id]

    def test_an_honest_question_is_answered(self):
        self.assertEqual(self.outcome("round"), "cosigned", self.said)
        self.assertEqual(self.outcome("honest"), "answered", self.said)

    def test_a_question_without_proof_is_refused_and_the_refusal_is_logged(self):
        for attempt, query_id in (("no_proof", "q-no-proof"), ("hidden", "q-hidden"),
                                  ("other_question", "q-other")):
            self.assertEqual(self.outcome(attempt), "NOT_LOGGED", self.said[attempt])
            types = [e["type"] for e in self.of(query_id)]
            self.assertEqual(types, ["query.received", "query.refused"], attempt)
            self.assertEqual(self.of(query_id)[1]["reason"], "NOT_LOGGED")

    def test_a_question_without_a_quorum_is_refused(self):
        for attempt in ("no_quorum", "forged_quorum"):
            self.assertEqual(self.outcome(attempt), "NOT_WITNESSED", self.said[attempt])

    def test_a_question_that_is_replayed_does_not_run_again(self):
        self.assertEqual(self.outcome("replayed"), "NOT_LOGGED", self.said["replayed"])
        self.assertEqual(self.outcome("asked_again"), "answered")
        self.assertEqual(self.outcome("same_bytes"), "yes")
        released = [e for e in self.of("q-honest") if e["type"] == "answer.released"]
        self.assertEqual(len(released), 1)

    def test_a_fork_that_hides_a_question_is_found_and_both_notes_are_kept(self):
        self.assertEqual(self.outcome("forked"), "answered", self.said["forked"])
        self.assertEqual(self.outcome("after_fork"), "NOT_LOGGED",
                         self.said["after_fork"])
        conflicts = [e for e in self.entries if e["type"] == "peer.conflict"]
        self.assertEqual(len(conflicts), 1)
        text = self.world.config("ledger-keys").read_text()
        vkey = text.split('log: "')[1].split('"')[0]  # the coordinator's stands first
        notes = [Note(conflicts[0][field]) for field in ("kept", "shown")]
        for note in notes:
            self.assertTrue(signed_by(vkey, note.body.encode(),
                                      note.signatures[vkey.split("+")[0]],
                                      self.world.folder))
        self.assertEqual(notes[0].size, notes[1].size)
        self.assertNotEqual(notes[0].root, notes[1].root)

    def test_the_agencys_own_ledger_is_whole(self):
        done = partnership.run("cairn-agent", "audit", "verify", "--config",
                               str(self.world.config(self.AGENCY)))
        self.assertEqual(done.code, 0, done)


class FakeAgent(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.world = partnership.synthetic("st-marys-ed", "queens-ed", rows=2000)
        cls.addClassCleanup(cls.world.close)
        cls.world.open()
        cls.world.stop("queens-ed")

    def answers(self, mode):
        """What two questions come to while the fake one is in queens' place."""
        fake = subprocess.Popen(
            [str(BIN / "fake_agent"), str(self.world.config("queens-ed")), mode],
            env=ENVIRONMENT, stdout=subprocess.DEVNULL)
        try:
            partnership.wait_until(
                lambda: self.world.seen()["queens-ed"]["attached"] == "yes", "attached")
            done = [self.world.query(*QUESTION, output="json") for _ in range(2)]
        finally:
            fake.kill()
            fake.wait(10)
        self.world.wait_detached("queens-ed")
        return done

    def total(self, result):
        return [row["value"] for row in result["rows"]
                if row["key"]["month"] == "Total"][0]

    def test_is_merged_only_with_a_receipt_that_holds(self):
        honest = self.answers("honest")[1].json()
        outcome = {a["agency"]: a for a in honest["agencies"]}
        self.assertEqual(outcome["queens-ed"]["outcome"], "answered", outcome)
        alone = self.world.query(*QUESTION, "--agencies", "st-marys-ed",
                                 output="json").json()
        self.assertNotEqual(self.total(honest), self.total(alone))
        for mode in ("no_receipt", "other_bytes", "other_query", "other_key"):
            with self.subTest(mode):
                done = self.answers(mode)[1]
                self.assertIn(done.code, (REFUSED, PARTIAL), done)
                outcome = {a["agency"]: a for a in done.json()["agencies"]}
                self.assertEqual(outcome["queens-ed"]["outcome"], "refused")
                self.assertIn("no receipt that holds", outcome["queens-ed"]["reason"])
                self.assertIsNone(outcome["queens-ed"]["receipt"])
                self.assertEqual(outcome["st-marys-ed"]["outcome"], "answered")
                # What was shown is what the honest one alone has.
                rows = {json.dumps(r["key"]): r for r in done.json()["rows"]}
                self.assertNotEqual(self.total(done.json()), self.total(honest), rows)


if __name__ == "__main__":
    unittest.main()
