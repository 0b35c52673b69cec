"""What a person decided is neither lost nor doubled, whatever dies meanwhile."""

import collections
import concurrent.futures
import os
import random
import sqlite3
import subprocess
import time
import unittest

from partnership import BIN, COMPLETE, ENVIRONMENT, REFUSED, wait_until
from people_case import POLICE, SMALL, PeopleCase

BOTH = ("coordinator", POLICE)
DECIDERS = ("p-approver", "p-steward")


class ApprovalsTest(PeopleCase):
    questions = int(os.environ.get("CAIRN_QUESTIONS", "3"))

    def reason(self, question):
        """What the agency says; empty where it answers, None where it says nothing."""
        done = self.ask(*question)
        if done.code == COMPLETE:
            return ""
        return done.json()["agencies"][0]["reason"] if done.code == REFUSED else None

    def test_a_held_question_outlives_a_restart_of_both_sides(self):
        waits = self.ask(*SMALL)
        self.assertEqual(waits.code, REFUSED, waits)
        ((question,),) = self.waiting()
        self.assertEqual(self.decide("hold", "p-steward", question[:8]).code, COMPLETE)
        self.taken()
        for name in BOTH:
            self.partners.kill(name)
        self.partners.start(*BOTH)
        self.partners.wait_attached()
        self.assertIn("held", self.desk("review").out)
        self.assertIn("waits since", self.reason(SMALL))
        self.assertEqual(self.decide("release", "p-steward", question[:8]).code, COMPLETE)
        self.taken()
        for _ in ("the question", "its result"):
            for person in DECIDERS:
                self.assertEqual(self.decide("approve", person, question[:8]).code, COMPLETE)
                self.taken()
            done = self.ask(*SMALL)
        self.assertEqual(done.code, COMPLETE, done)
        told = [self.partners.cairn("show", answer.json()["query_id"], "-o", "table",
                                    environment=self.session("p-kaur"))
                for answer in (waits, done)]
        for story in told:
            self.assertEqual(story.code, COMPLETE, story)
        self.assertIn(f"{POLICE} refused: the question waits for a steward to decide",
                      told[0].out + told[0].err)
        self.assertIn("lsoa", told[1].out)

    def test_a_kill_at_any_moment_neither_loses_nor_doubles_an_approval(self):
        """While two people approve questions and their results, the agent, the
        coordinator and the approving program itself are killed at random moments."""
        dice = random.Random(seed := random.SystemRandom().randrange(10 ** 6))
        before, kills = len(self.entries("approval.given")), 0

        def approve_all():
            for number in range(self.questions):
                self.approve_at_last(self.one_place(number), dice)

        # The kernel ends a program with the thread that started it: this one kills.
        with concurrent.futures.ThreadPoolExecutor() as desks:
            approving = desks.submit(approve_all)
            while not concurrent.futures.wait([approving], dice.uniform(0.3, 2.5)).done:
                for name in dice.choice([(POLICE,), ("coordinator",), BOTH]):
                    self.partners.kill(name)
                    self.partners.start(name)
                    kills += 1
        approving.result()
        self.partners.wait_attached()
        self.assertGreater(kills, self.questions, f"seed {seed}")
        given = self.entries("approval.given")[before:]
        counted = collections.Counter(
            (entry["subject"], entry["about"], entry["actor"]) for entry in given)
        self.assertEqual(set(counted.values()), {1}, f"seed {seed}: {counted}")
        self.assertEqual(len(counted), 4 * self.questions, f"seed {seed}: {counted}")
        for name, verdict in self.partners.verify_ledgers().items():
            self.assertEqual(verdict.code, COMPLETE, (name, verdict))

    def approve_at_last(self, question, dice):
        """Until it is answered. Whatever `approve` took is not asked for again."""
        wait_until(lambda: "waits" in (self.reason(question) or ""), "it waits", 60)
        ((case,),) = self.waiting()

        def at_result():
            self.ask(*question)  # what it was told may have been lost
            database = self.partners.folder / "state" / POLICE / "agent.db"
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
                ((at,),) = rows.execute(
                    "SELECT at_result FROM desk_case WHERE question = ?", (case,))
            return at == 1

        # Nobody approves twice: what they did is all there is.
        for after, so in (("the result is there", at_result),
                          ("the answer", lambda: self.reason(question) == "")):
            for person in DECIDERS:
                self.approve_through_kills(person, case[:8], dice)
            wait_until(so, after, 60)

    def approve_through_kills(self, person, case, dice):
        """Once it said yes; killed before that, it is run again."""
        while True:
            approving = subprocess.Popen(
                [str(BIN / "cairn-agent"), "approve", case, "--config",
                 str(self.partners.config(POLICE)), "--key", str(self.people / person),
                 "--certificate", str(self.people / f"{person}.person"),
                 "--pin-file", str(self.pin)],
                env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if dice.random() < 0.5:
                time.sleep(dice.uniform(0, 0.3))
                approving.kill()
            said, _ = approving.communicate()
            if approving.returncode == 0 or "has approved" in said:
                return
            self.assertIn(approving.returncode, (-9,), said)


if __name__ == "__main__":
    unittest.main()
