"""What an answer says of itself, checked with Python's own SHA-256 and SQLite."""

import hashlib
import json
import sqlite3
import unittest

import partnership
from partnership import COMPLETE, PURPOSE, ROOT, run

AGENCY = "riverside-police"
ASKED = ("--from", "police_incidents", "--by", "ward,quarter")


class ReceiptTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic(AGENCY)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()

    def disk(self, what):
        state = self.partners.folder / "state" / AGENCY / "agent.db"
        with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as database:
            return database.execute(what).fetchall()

    def answer(self):
        done = self.partners.query(*ASKED, output="json")
        self.assertEqual(done.code, COMPLETE, done)
        return json.loads(done.out)

    def test_the_receipt_that_leaves_binds_the_one_that_stays(self):
        answer = self.answer()
        receipt = answer["agencies"][0]["receipt"]
        said = receipt["disclosure"]
        (table,) = said["tables"]
        self.assertEqual(table["table"], ["quarter", "ward"])
        self.assertEqual(table["cells"], table["shown"] + table["hidden"])
        # What is shown and hidden is what the rows say.
        statuses = [row["status"] for row in answer["rows"]]
        self.assertLessEqual(statuses.count("published"), table["shown"])
        # Opened by the agency: the hash that went out is of the text that stayed.
        kept = {hashlib.sha256(salt + text.encode()).hexdigest(): json.loads(text)
                for text, salt in self.disk("SELECT text, salt FROM receipt")}
        full = kept[table["full_receipt"]]
        self.assertEqual(full["shown"], table["shown"])
        self.assertEqual(sum(full["hidden"].values()), table["hidden"])
        self.assertEqual(len(full["why"]), table["cells"])
        self.assertEqual(full["why"].count("."), table["shown"])
        self.assertEqual(full["why"].count("s"), full["hidden"]["small"])
        self.assertEqual(full["checks"]["sensitive"],
                         full["checks"]["certified"]
                         + full["checks"]["certified_by_fractions"]
                         + full["checks"]["held_as_before"])
        for digest in ("policy_digest", "catalogue_digest", "catalogue_version", "engine"):
            self.assertEqual(full[digest], said[digest])
        # And stands in the ledger, under the entry that the answer names.
        line = self.disk(f"SELECT line FROM entry WHERE seq = {receipt['index']}")[0][0]
        self.assertEqual(hashlib.sha256(b"\0" + line.encode()).hexdigest(),
                         receipt["entry_hash"])
        entry = json.loads(line)
        self.assertEqual(entry["type"], "answer.released")
        self.assertEqual(entry["receipts"], table["full_receipt"])
        # Nothing that left says how many of the hidden are complements.
        for left in (json.dumps(answer), line):
            self.assertNotIn("complement", left)
        self.assertEqual(self.answer()["agencies"][0]["receipt"]["disclosure"], said)

    def test_the_steward_sees_why_and_the_full_receipt(self):
        words = ("preview", "--config", str(self.partners.config(AGENCY)), *ASKED, *PURPOSE)
        self.answer()
        done = run("cairn-agent", *words)
        self.assertEqual(done.code, COMPLETE, done)
        self.assertIn("was released before", done.out)
        self.assertIn("small count", done.out)
        self.assertIn("The full receipt, which stays here:\n{", done.out)
        text = done.out[done.out.index("{"):].split("\n", 1)[0]
        self.assertIn((text,), self.disk("SELECT text FROM receipt"))

    def test_the_ledger_says_under_which_terms_it_goes_on(self):
        def changes():
            entries = [json.loads(line) for (line,) in
                       self.disk("SELECT line FROM entry ORDER BY seq")]
            return [entry for entry in entries if entry["type"].endswith(".changed")]

        first = changes()
        self.assertEqual([entry["type"] for entry in first],
                         ["catalogue.changed", "policy.changed"])
        self.assertEqual(first[1]["largest_hidden_count"], 7)
        policy = self.partners.folder / "tighter.textproto"
        policy.write_text((ROOT / "policies/strict.textproto").read_text())
        config = self.partners.config(AGENCY)
        text = config.read_text()
        self.partners.stop(AGENCY)
        try:
            config.write_text(text.replace(str(self.partners.policy), str(policy)))
            self.partners.start(AGENCY)
            self.partners.wait_attached()
            self.assertEqual(len(changes()), 3)
            self.assertEqual(changes()[2]["from"], first[1]["to"])
            self.assertEqual(changes()[2]["largest_hidden_count"], 12)
        finally:
            self.partners.stop(AGENCY)
            config.write_text(text)
            self.partners.start(AGENCY)
            self.partners.wait_attached()
        self.assertEqual(changes()[3]["to"], first[1]["to"])


if __name__ == "__main__":
    unittest.main()
