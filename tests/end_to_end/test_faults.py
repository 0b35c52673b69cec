"""Power cuts, hangs and restarts: what is promised of a partnership under them."""

import contextlib
import csv
import json
import re
import shutil
import sqlite3
import time
import unittest

import partnership
from partnership import COMPLETE, FAILED, PARTIAL, REFUSED, run, wait_until

ED = ("--from", "ed_attendances", "--by", "age_core")
POLICE = ("--from", "police_incidents", "--by", "lad,quarter")
LOST = "queens-ed"
STAYS = "st-marys-ed"


class FaultTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic("riverside-police", STAYS, LOST)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()

    def setUp(self):
        self.partners.heal()

    def tearDown(self):
        """Whatever was done: nobody's ledger lost or changed an entry."""
        for name, verdict in self.partners.verify_ledgers().items():
            self.assertEqual(verdict.code, COMPLETE, verdict)
            self.assertRegex(verdict.out, r"(?m)^ok    entries ", name)

    def in_flight(self, *words):
        """A question that LOST has been sent and cannot answer yet."""
        self.partners.freeze(LOST)
        before = self.partners.cairn("history", "--limit", "1").out
        asking = self.partners.asking(*words, output="json")
        wait_until(lambda: self.partners.cairn("history", "--limit", "1").out != before,
                   "the question is in the history", 5, 0.05)
        time.sleep(0.3)
        self.assertIsNone(asking.process.poll(), "answered without the frozen agent")
        return asking

    def is_partial_without_lost(self, done):
        """Exit 3; the missing agency is named, and is no zero."""
        self.assertEqual(done.code, PARTIAL, done)
        self.assertIn(LOST, done.err, done)
        result = done.json()
        outcome = {a["agency"]: a for a in result["agencies"]}
        self.assertEqual(outcome[LOST]["outcome"], "silent", done)
        self.assertTrue(outcome[LOST]["reason"], done)
        self.assertIsNone(outcome[LOST]["receipt"], done)
        self.assertEqual(outcome[STAYS]["outcome"], "answered", done)
        for row in result["rows"]:
            if row.get("agency", LOST) == LOST:
                self.assertEqual((row["status"], row["value"], row["high"]),
                                 ("unavailable", None, None), row)
        return result

    def answers_in_full(self, *words):
        done = self.partners.query(*words)
        self.assertEqual(done.code, COMPLETE, done)
        self.assertNotIn("unavailable", done.out, done)
        return done

    # Agents.

    def test_an_agent_killed_in_the_middle_of_a_question_is_named_at_once(self):
        asking = self.in_flight(*ED, "--timeout", "20s")
        self.partners.kill(LOST)
        done = asking.end(25)
        self.assertLess(done.seconds, 10, done)
        self.is_partial_without_lost(done)

    def test_a_hanging_agent_is_waited_for_until_the_deadline_only(self):
        asking = self.in_flight(*ED, "--timeout", "2s")
        done = asking.end(20)
        self.assertGreaterEqual(done.seconds, 1.9, done)
        self.assertLess(done.seconds, 5, done)
        self.is_partial_without_lost(done)

    def test_an_answer_after_the_deadline_is_dropped(self):
        asking = self.in_flight(*ED, "--split", "agency", "--timeout", "1s")
        result = self.is_partial_without_lost(asking.end(20))
        self.partners.thaw(LOST)
        wait_until(lambda: result["query_id"] in self.partners.log(LOST),
                   f"{LOST} answered, late", 10)
        time.sleep(0.3)
        kept = self.partners.cairn("export", result["query_id"], "-o", "json")
        self.assertEqual(kept.code, COMPLETE, kept)
        self.assertEqual(kept.json(), result)
        self.answers_in_full(*ED)

    def test_the_other_agencies_figures_do_not_suffer(self):
        alone = self.partners.query(*ED, "--agencies", STAYS, "--split", "agency")
        self.partners.kill(LOST)
        self.partners.wait_detached(LOST)
        both = self.partners.query(*ED, "--split", "agency")
        self.assertEqual(both.code, PARTIAL, both)
        self.assertEqual([r for r in both.rows() if r["agency"] == STAYS], alone.rows())

    def test_a_restarted_agent_answers_the_next_question(self):
        before = self.answers_in_full(*ED)
        self.partners.kill(LOST)
        self.partners.start(LOST)
        self.partners.wait_attached(LOST)
        self.assertEqual(self.answers_in_full(*ED).raw, before.raw)

    def test_an_agency_that_is_offline_makes_figures_unavailable_not_smaller(self):
        self.assertEqual(self.partners.stop(LOST), 0)
        self.partners.wait_detached(LOST)
        done = self.partners.query(*ED, output="json")
        result = self.is_partial_without_lost(done)
        self.assertTrue(result["rows"])
        csv_rows = self.partners.query(*ED).rows()
        self.assertEqual({r["status"] for r in csv_rows}, {"unavailable"})
        self.assertEqual({(r["value"], r["high"]) for r in csv_rows}, {("", "")})
        only = self.partners.query(*ED, "--agencies", LOST)
        self.assertEqual(only.code, PARTIAL, only)
        # A data set of others is not touched.
        self.answers_in_full("--from", "police_incidents", "--by", "lad")

    def test_every_program_ends_at_a_polite_request(self):
        for name in (LOST, "coordinator", STAYS):
            self.assertEqual(self.partners.stop(name), 0, name)

    def test_the_ledger_says_when_its_program_ran_and_when_it_was_cut_off(self):
        def acts():
            path = self.partners.folder / f"state/{STAYS}/agent.db"
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as disk:
                lines = [json.loads(line) for (line,) in
                         disk.execute("SELECT line FROM entry ORDER BY seq")]
            return [(line["type"], line["entries"] == line["seq"]) for line in lines
                    if line["type"].startswith("node.")]

        before = len(acts())
        for end in (self.partners.stop, self.partners.kill, self.partners.stop):
            end(STAYS)
            self.partners.heal()
        self.assertEqual(acts()[before:], [
            ("node.stopped", True), ("node.started", True), ("node.started", True),
            ("node.stopped", True), ("node.started", True)])

    # The coordinator.

    def test_agents_come_back_by_themselves_after_the_coordinator_is_killed(self):
        before = self.answers_in_full(*ED)
        self.partners.kill("coordinator")
        nobody = self.partners.query(*ED, timeout=30)
        self.assertEqual((nobody.code, nobody.out), (FAILED, ""), nobody)
        self.assertIn("cannot be reached", nobody.err)
        self.partners.start("coordinator")
        self.partners.wait_attached(seconds=10)
        self.assertEqual(self.answers_in_full(*ED).raw, before.raw)

    def test_an_analyst_is_told_when_the_coordinator_dies_under_a_question(self):
        asking = self.in_flight(*ED, "--timeout", "20s")
        self.partners.kill("coordinator")
        done = asking.end(25)
        self.assertLess(done.seconds, 10, done)
        self.assertEqual((done.code, done.out), (FAILED, ""), done)
        self.assertEqual(done.err.count("\n"), 1, done)

    def test_a_second_coordinator_on_the_same_state_refuses(self):
        text = self.partners.config("coordinator").read_text()
        other = self.partners.config("second")
        other.write_text(text.replace(str(self.partners.port),
                                      str(partnership.free_port())))
        done = run("cairn-coordinator", "run", "--config", str(other), timeout=20)
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn("state/coordinator", done.err)
        self.assertIn("another process", done.err)
        self.answers_in_full(*ED)

    def test_a_second_coordinator_on_the_same_port_refuses(self):
        """Or each would get some of the agents, and some of the questions."""
        text = self.partners.config("coordinator").read_text()
        text = re.sub("ledger_keys: .*\n", "", text)  # it has keys of its own
        self.partners.config("second").write_text(
            text.replace("state/coordinator", "state/second"))
        done = run("cairn-coordinator", "run", "--config",
                   str(self.partners.config("second")), timeout=5)
        said = [line for line in done.err.splitlines() if not line.startswith("{")]
        self.assertEqual((done.code, len(said)), (FAILED, 1), done)
        self.assertIn(str(self.partners.port), said[0])

    def test_a_second_agent_on_the_same_state_refuses(self):
        done = run("cairn-agent", "run", "--config",
                   str(self.partners.config(STAYS)), timeout=20)
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn("another process", done.err)
        self.answers_in_full(*ED)

    def test_what_was_released_stays_to_the_byte_after_power_cuts(self):
        questions = (POLICE, (*ED, "--split", "agency"),
                     ("--from", "ed_attendances", "--by", "intent,sex,age_core"))
        first = [self.partners.query(*words) for words in questions]
        self.assertEqual({done.code for done in first}, {COMPLETE}, first)
        for name in ("coordinator", *self.partners.agencies):
            self.partners.kill(name)
        self.partners.heal()
        again = [self.partners.query(*words) for words in questions]
        self.assertEqual([d.raw for d in again], [d.raw for d in first])

    def test_an_answer_given_before_a_power_cut_can_be_fetched_after_it(self):
        given = self.partners.query(*POLICE, output="json")
        self.partners.kill("coordinator")
        self.partners.heal()
        kept = self.partners.cairn("export", given.json()["query_id"], "-o", "json")
        self.assertEqual(kept.raw, given.raw)

    def test_a_new_question_asked_many_times_at_once_gets_one_answer(self):
        words = ("--from", "ed_attendances", "--by", "weapon,sex,month")
        asking = [self.partners.asking(*words) for _ in range(8)]
        done = [one.end() for one in asking]
        self.assertEqual({one.code for one in done}, {COMPLETE}, done)
        self.assertEqual(len({one.raw for one in done}), 1)

    def test_an_analyst_who_goes_away_can_fetch_the_answer_later(self):
        asking = self.in_flight(*ED, "--timeout", "20s")
        query = self.partners.cairn("history", "--limit", "1").rows()[0]["query_id"]
        asking.process.kill()
        asking.end()
        self.partners.thaw(LOST)
        wait_until(lambda: self.partners.cairn("export", query).code == COMPLETE,
                   "the answer is kept", 10)
        self.assertEqual(self.partners.cairn("export", query).raw,
                         self.answers_in_full(*ED).raw)

    # Ledgers.

    def test_an_altered_ledger_is_found_and_its_agent_does_not_run(self):
        self.answers_in_full(*POLICE)
        for change in (
            "UPDATE entry SET line = replace(line, 'demo', 'dem0') WHERE seq = "
            "(SELECT min(seq) FROM entry WHERE line LIKE '%demo%')",
            "DELETE FROM entry WHERE seq = 1",
            "UPDATE entry SET seq = seq + 100 WHERE seq = (SELECT max(seq) FROM entry)",
            "UPDATE entry SET hashes = zeroblob(32) WHERE seq = 0",
        ):
            with self.subTest(change):
                agency = "riverside-police"
                state = self.partners.folder / "state/altered"
                self.partners.stop(agency)
                shutil.copytree(self.partners.folder / f"state/{agency}", state)
                self.addCleanup(shutil.rmtree, state, True)
                self.partners.heal()
                config = self.partners.config("altered")
                config.write_text(self.partners.agent_config(agency, state=state))
                verify = ("cairn-agent", "audit", "verify", "--config", str(config))
                self.assertEqual(run(*verify).code, COMPLETE)
                with contextlib.closing(sqlite3.connect(state / "agent.db")) as ledger:
                    self.assertEqual(ledger.execute(change).rowcount, 1)
                    ledger.commit()
                verdict = run(*verify)
                self.assertRegex(verdict.err, r"entry \d+")
                started = run("cairn-agent", "run", *verify[3:], timeout=20)
                self.assertEqual(started.out, "", started)
                for done in (verdict, started):
                    self.assertEqual(done.code, FAILED, done)
                    self.assertEqual(done.err.count("\n"), 1, done)
                shutil.rmtree(state)

    # Loading.

    def test_a_load_is_picked_up_by_the_running_agent(self):
        agency = "riverside-police"
        file = self.partners.folder / f"data/{agency}.csv"
        whole = file.read_bytes()
        self.addCleanup(self.partners.load, agency)
        self.addCleanup(file.write_bytes, whole)
        question = ("--from", "police_incidents", "--by", "financial_year")
        before, epoch = self.answers_in_full(*question), self.partners.epoch(agency)
        loaded = self.partners.seen()[agency]["loaded"]
        with open(file, newline="", encoding="utf-8") as text:
            header, *rows = csv.reader(text)
        with open(file, "w", newline="", encoding="utf-8") as text:
            csv.writer(text).writerows([header, *rows[::2]])
        time.sleep(1.1)  # `loaded` counts whole seconds
        self.partners.load(agency)
        self.assertNotEqual(self.partners.epoch(agency), epoch)
        wait_until(lambda: self.partners.seen()[agency]["loaded"] > loaded,
                   "`cairn agencies` shows the new load", 10)
        after = self.answers_in_full(*question)
        old, new = (int(done.rows()[-1]["value"]) for done in (before, after))
        self.assertLess(abs(new - old / 2), 10)
        self.assertTrue(self.partners.running(agency))


if __name__ == "__main__":
    unittest.main()
