"""Noise by cell key, through running programs: one cell, one value, for ever."""

import hashlib
import sqlite3
import subprocess
import unittest

import attack_world
from attack_case import AttackCase, Question
from partnership import BIN

Q = Question
AGENCY = "plain-a"
ASKS = 1000
AT_ONCE = 40


class CellKeyAttacks(AttackCase):
    @classmethod
    def setUpClass(cls):
        records, _ = attack_world.make_records()
        cls.start({AGENCY: records}, {AGENCY: "cell_key"})

    def disk(self, what):
        path = self.partners.folder / "state" / AGENCY / "agent.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return database.execute(what).fetchall()

    def ask_often(self, by, times):
        """All must be answered; what they were told the agency's own state says."""
        for _ in range(-(-times // AT_ONCE)):
            done = subprocess.run(
                [BIN / "cairn-many-questions", self.partners.profile, str(AT_ONCE),
                 "300000", self.data_set, ",".join(by)],
                capture_output=True, text=True, check=True)
            self.assertRegex(done.stdout, rf"^{AT_ONCE} \S+ answered\n$", done)

    def bytes_that_left(self, by):
        """The SHA-256 of each answer that left is of the same bytes: the pinned ones."""
        answers = self.disk(
            "SELECT table_key, release.bytes, salt, json_extract(line, '$.answer_commit') "
            "FROM entry JOIN commitment USING (seq) JOIN release "
            "ON json_extract(line, '$.epoch') = epoch "
            "AND json_extract(line, '$.table') = table_key "
            "WHERE json_extract(line, '$.type') = 'answer.released'")
        left = [each for each in answers if set(each[0].split(",")) == set(by)]
        for _, pinned, salt, committed in left:
            size, number = b"", len(pinned)
            while number > 127:
                size, number = size + bytes([number & 127 | 128]), number >> 7
            sent = b"\x0a" + size + bytes([number]) + pinned  # field 1 of v1.Tables
            self.assertEqual(hashlib.sha256(salt + sent).hexdigest(), committed)
        return len(left)

    def shown(self, *questions):
        """Cell -> value, of what is published; one told in two ways fails."""
        self.mine[AGENCY] = []
        for question in questions:
            self.ask(AGENCY, question)
        printed = self.system(AGENCY).printed
        return {cell: int(said[0]) for cell, said in printed.items()
                if said[1] == "published"}

    QUESTIONS = (Q("ward"), Q("ward", "sex"), Q("sex"), Q("lad", "sex"))

    def test_09_a_cell_has_one_value_in_a_thousand_asks(self):
        """Asked again, by others, after restarts and power cuts: the same bytes."""
        self.shown(*self.QUESTIONS)
        for turn in range(4):
            self.ask_often(("ward", "sex"), ASKS // 4)
            if turn == 0:
                self.assertEqual(self.partners.stop(AGENCY), 0)
            if turn == 1:
                self.partners.kill(AGENCY)
            if turn == 2:
                self.assertEqual(self.partners.stop("coordinator"), 0)
            self.partners.heal()
        self.assertGreaterEqual(self.bytes_that_left(("ward", "sex")), ASKS)

    def test_09_every_value_is_the_noisy_one_and_holds_the_truth(self):
        """Noise there is, and what is said of a value stays true."""
        shown, noisy = self.shown(*self.QUESTIONS), 0
        self.holds(AGENCY, self.system(AGENCY))
        for cell, value in shown.items():
            count = self.truths[AGENCY].count(cell)
            noisy += value != (count + 2) // 5 * 5
        self.assertGreater(len(shown), 15)
        self.assertGreater(noisy, 0)

    def test_19_a_load_of_the_same_records_has_the_same_noise(self):
        """Another load of what is held already gives nothing to average."""
        before = self.shown(*self.QUESTIONS)
        for _ in range(3):
            self.partners.load(AGENCY)
            again = self.shown(*self.QUESTIONS, Q("ward", "role"), Q("ward", "domestic"))
            both = set(before) & set(again)
            self.assertGreater(len(both), len(before) // 2)
            self.assertEqual({c: again[c] for c in both}, {c: before[c] for c in both})


if __name__ == "__main__":
    unittest.main()
