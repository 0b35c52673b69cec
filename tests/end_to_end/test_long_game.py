"""Two hundred questions of three analysts, over two loads and restarts.

Whatever was released to anyone of an epoch is then one system: no hidden small cell
is exact or narrowed, and what was told once is told so for ever.
"""

import unittest

import attack_world
from attack_case import AttackCase, Question
from attacker import among
from partnership import COMPLETE

VARIABLES = ("ward", "lad", "msoa", "age_core", "age_u25", "sex", "domestic",
             "weapon_kind", "violence", "quarter", "role", "outcome_group",
             "knife_enabled")
OF_ONE = ({"ward", "lad", "msoa"}, {"age_core", "age_u25"},
          {"knife_enabled", "weapon_kind"}, {"knife_enabled", "violence"})
FILTERED = ("sex", "domestic", "age_u25", "weapon_kind", "quarter", "lad")


class LongGame(AttackCase):
    analysts = ("ann", "bob", "cem")
    QUERIES = 200

    @classmethod
    def setUpClass(cls):
        cls.world, _ = attack_world.make_records()
        cls.start({"plain-a": cls.world, "zeros-a": cls.world},
                  {"plain-a": "standard", "zeros-a": "hes"})

    def question(self):
        """At most three variables, of which one may be filtered."""
        while True:
            by = self.chance.sample(VARIABLES, self.chance.choice((1, 2, 2, 2, 3)))
            if any(len(one & set(by)) > 1 for one in OF_ONE):
                continue
            if len(by) == 3 or self.chance.random() < 0.5:
                return Question(*by)
            variable = self.chance.choice(FILTERED)
            if any({variable, b} <= one for b in by for one in (*OF_ONE, {variable})):
                continue
            codes = list(self.lattice.masks[variable])
            some = self.chance.sample(codes, self.chance.randint(1, len(codes) - 1))
            where = among(variable, *some)
            return Question(*by, where=~where if self.chance.random() < 0.3 else where)

    def play(self, agency, questions):
        for question in questions:
            self.ask(agency, question, analyst=self.chance.choice(self.analysts))

    def restart(self):
        """One is stopped, one has a power cut; the coordinator goes too."""
        self.assertEqual(self.partners.stop("plain-a"), 0)
        self.partners.kill("zeros-a")
        self.assertEqual(self.partners.stop("coordinator"), 0)
        self.partners.heal()

    def told_again(self):
        """A sample of everything that was told, told again: the same rows."""
        for agency, book in self.mine.items():
            for _, question, rows in self.chance.sample(book, 15):
                done = self.asked(agency, *question.words(), analyst="bob")
                self.assertEqual((done.code, done.rows()), (COMPLETE, rows), question)

    def judge(self, epoch):
        for agency in self.records:
            with self.subTest(f"{agency}, {epoch}"):
                self.is_safe(agency)

    def test_two_hundred_questions_over_two_loads_and_a_restart(self):
        """Asked of each agency; judged at the end of each epoch."""
        questions = [self.question() for _ in range(self.QUERIES)]
        half = self.QUERIES // 2
        for agency in self.records:
            self.play(agency, questions[:half // 2])
        self.restart()
        self.told_again()
        for agency in self.records:
            self.play(agency, questions[half // 2:half])
        self.judge("first load")
        # A new epoch: other records, other questions; nothing ties the two.
        other, _ = attack_world.make_records(seed=7)
        for agency in self.records:
            attack_world.write_records(
                self.partners.folder / f"data/{agency}.csv", other)
            self.partners.load(agency)
            self.truths[agency] = attack_world.Truth(self.lattice, other)
            self.mine[agency] = []
            self.play(agency, questions[half:])
        self.restart()
        self.told_again()
        self.judge("second load")


if __name__ == "__main__":
    unittest.main()
