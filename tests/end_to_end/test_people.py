"""Signed questions, an agreement that is enforced, and a steward who decides."""

import hashlib
import json
import sqlite3
import subprocess
import unittest

import partnership
from partnership import COMPLETE, NOT_ALLOWED, REFUSED, ROOT, USAGE, run, wait_until
from people_case import MONTHLY, POLICE, SMALL, PeopleCase


class PeopleTest(PeopleCase):
    def test_only_a_signed_question_is_answered(self):
        self.refused("signed", *MONTHLY, person=None)
        self.assertEqual(self.entries("query.refused")[-1]["why"], "unsigned")
        done = self.ask(*MONTHLY)
        self.assertEqual(done.code, COMPLETE, done)
        received = self.entries("query.received")[-1]
        self.assertEqual(received["actor"], "p-kaur", "the signer, not the TLS name")
        self.assertEqual(len(received["signed"]), 64)

    def test_a_refusal_names_the_clause(self):
        self.refused("clause 5", "--from", "police_incidents", "--by", "age_core")
        self.assertEqual(self.entries("query.refused")[-1]["why"], "clause_5")
        self.refused("clause 7", "--from", "police_incidents", "--by", "month,lsoa")
        self.refused("clause 6", *MONTHLY, "--measure", "distinct_persons")

    def test_whoever_is_denied_is_refused_within_a_minute(self):
        self.assertEqual(self.ask(*MONTHLY, person="p-left").code, COMPLETE)
        (self.people / "deny.txt").write_text("person p-left\n")
        wait_until(lambda: self.ask(*MONTHLY, person="p-left").code == REFUSED,
                   "p-left refused", seconds=60)
        self.refused("revoked", *MONTHLY, person="p-left")
        self.assertEqual(self.ask(*MONTHLY).code, COMPLETE)
        (self.people / "deny.txt").write_text("# nobody\n")

    def test_a_coordinator_that_carries_questions_cannot_make_them(self):
        """Everything that one with its own certificate can do with questions."""
        (self.people / "deny.txt").write_text("person p-left\n")
        self.addCleanup((self.people / "deny.txt").write_text, "# nobody\n")
        port = partnership.free_port()
        agent, fake = self.partners.config("forged"), self.partners.config("fake")
        agent.write_text(
            self.partners.agent_config(POLICE, None, self.partners.folder / "state/forged")
            .replace(f"127.0.0.1:{self.partners.port}", f"127.0.0.1:{port}"))
        fake.write_text(self.partners.config("coordinator").read_text().replace(
            f"127.0.0.1:{self.partners.port}", f"127.0.0.1:{port}"))
        self.ok("cairn-agent", "load", "--config", agent)
        agreement = hashlib.sha256(self.agreement_in_force()).hexdigest()
        hostile = subprocess.Popen(
            [str(partnership.BIN / "fake_questions"), str(fake), str(self.people), POLICE,
             agreement], env=partnership.ENVIRONMENT, stdout=subprocess.PIPE, text=True)
        self.partners.start("forged")
        try:
            out, _ = hostile.communicate(timeout=60)
        finally:
            hostile.kill()
            self.partners.stop("forged")
        said = {line["attempt"]: line for line in map(json.loads, out.splitlines())}
        with sqlite3.connect(self.partners.folder / "state/forged/agent.db") as rows:
            lines = [json.loads(line) for (line,) in
                     rows.execute("SELECT line FROM entry ORDER BY seq")]
        for attempt, code in (
                ("replayed", "replayed"), ("altered_bytes", "wider"),
                ("unsigned", "unsigned"), ("signature_of_another", "signature"),
                ("altered_signature", "signature"), ("other_kind", "other_kind"),
                ("other_audience", "audience"), ("other_partnership", "partnership"),
                ("expired", "expired"), ("not_yet", "not_yet"),
                ("other_purpose", "purpose"), ("older_agreement", "agreement"),
                ("revoked_analyst", "revoked"), ("approver_asks", "role"),
                ("other_key", "signature"), ("forged_person", "unknown_person"),
                ("no_approval", None)):
            with self.subTest(attempt):
                self.assertNotEqual(said[attempt]["outcome"], "answered")
                of = [line for line in lines if line.get("qid") == f"q-{attempt}"]
                self.assertEqual([line["type"] for line in of],
                                 ["query.received", "query.refused"])
                if code:
                    self.assertEqual(of[1]["why"], code)
        self.assertEqual(said["no_approval"]["outcome"], "WAITING")
        for attempt in ("honest", "honest_again"):
            self.assertEqual(said[attempt]["outcome"], "answered", said[attempt])
        released = [line["qid"] for line in lines if line["type"] == "answer.released"]
        self.assertEqual(released, ["q-honest", "q-honest_again"])

    def agreement_in_force(self):
        """The text that was signed last."""
        return (self.people / "agreement.textproto").read_bytes()

    def test_an_approval_is_for_one_question_and_not_by_its_asker(self):
        """An analyst who is an approver too; and a decision about another question."""
        self.new_key("p-both")
        self.ok("cairn", "people", "certify", "--authority", self.people / "authority",
                "--partnership", "riverside", "--person", "p-both", "--organisation",
                POLICE, "--role", "analyst", "--role", "approver", "--public-key",
                self.people / "p-both.pub", "--out", self.people / "p-both.person",
                "--pin-file", self.pin)
        self.refused("waits for a steward", *SMALL, person="p-both")
        ((own,),) = self.waiting()
        self.decide("approve", "p-both", own[:8])
        self.taken()
        self.assertIn("needs 2 more", self.desk("review", own[:8]).out)
        # The same place, asked by somebody else, is another question.
        other = self.one_place(0)
        self.refused("waits for a steward", *other)
        (theirs,) = [q for (q,) in self.waiting() if q != own]
        for person in ("p-approver", "p-steward"):
            self.assertEqual(self.decide("approve", person, theirs[:8]).code, COMPLETE)
            self.taken()
        given = [e["actor"] for e in self.entries("approval.given")]
        self.assertNotIn("p-both", given)
        self.refused("looks at the result", *other)
        self.refused("waits since", *SMALL, person="p-both")
        for question in (own, theirs):
            self.decide("refuse", "p-steward", question[:8], "--why", "not_now")
            self.taken()

    def test_a_session_that_ended_signs_nothing(self):
        environment = self.session("p-kaur", "ended")
        self.ok("cairn", "logout", environment=environment)
        done = self.partners.query(*MONTHLY, environment=environment, output="json")
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn("cairn login", done.json()["agencies"][0]["reason"])
        wrong = self.people / "wrong"
        wrong.write_text("incorrect horse\n")
        done = run("cairn", "login", "--key", str(self.people / "p-kaur"), "--certificate",
                   str(self.people / "p-kaur.person"), "--pin-file", str(wrong),
                   environment=environment)
        self.assertEqual(done.code, NOT_ALLOWED, done)
        self.assertIn("the PIN is not right", done.err)

    def test_two_persons_and_a_restart(self):
        before = len(self.entries("approval.given"))
        self.refused("waits for a steward", *SMALL)
        ((question,),) = self.waiting()
        listed = self.desk("review").out
        self.assertIn(question[:12], listed)
        self.assertIn("needs 2 more", listed)
        self.assertEqual(self.decide("approve", "p-kaur", question[:8]).code, NOT_ALLOWED)
        self.assertEqual(self.decide("refuse", "p-steward", question[:8], "--why",
                                     "because").code, USAGE)
        self.assertEqual(self.decide("approve", "p-approver", question[:8]).code, COMPLETE)
        self.taken()
        self.partners.kill(POLICE)
        self.partners.start(POLICE)
        self.partners.wait_attached()
        self.refused("waits since", *SMALL)
        self.assertEqual(self.decide("approve", "p-approver", question[:8]).code, NOT_ALLOWED)
        self.assertEqual(self.decide("approve", "p-steward", question[:8]).code, COMPLETE)
        self.taken()
        # Now the result is looked at: the exact table that would leave.
        self.refused("looks at the result", *SMALL)
        self.assertIn("lsoa", self.desk("review", question[:8]).out)
        for person in ("p-approver", "p-steward"):
            self.assertEqual(self.decide("approve", person, question[:8]).code, COMPLETE)
            self.taken()
        done = self.ask(*SMALL)
        self.assertEqual(done.code, COMPLETE, done)
        self.assertEqual(len(self.entries("approval.given")) - before, 4)
        # It may be fetched again for a while; another question is another case.
        self.assertEqual(self.ask(*SMALL).json()["rows"], done.json()["rows"])
        other = self.one_place(1)
        self.refused("waits for a steward", *other)
        ((question,),) = self.waiting()
        self.assertEqual(self.decide("refuse", "p-steward", question[:8], "--why",
                                     "too_often").code, COMPLETE)
        self.taken()
        self.refused("asked too often", *other)

    def test_the_steward_stops_all_answers_at_once(self):
        self.assertEqual(self.desk("pause").code, COMPLETE)
        self.refused("stopped all answers", *MONTHLY)
        self.assertEqual(self.desk("resume").code, COMPLETE)
        self.assertEqual(self.ask(*MONTHLY).code, COMPLETE)
        self.assertEqual(self.desk("mode", "rehearse").code, COMPLETE)
        self.refused("rehearsing", *MONTHLY)
        self.assertEqual(self.desk("mode", "answer").code, COMPLETE)

    def test_an_agreement_is_not_taken_back(self):
        signed = self.people / "agreement.signed"
        before = signed.read_bytes()
        self.sign(2, self.first)
        self.partners.stop(POLICE)
        self.partners.start(POLICE)
        self.partners.wait_attached()
        self.assertEqual(self.ask(*MONTHLY).code, COMPLETE)
        self.assertEqual(self.entries("agreement.changed")[-1]["version"], 2)
        self.partners.stop(POLICE)
        second = signed.read_bytes()
        for bytes_, words in ((before, "an older one is not taken"),
                              (self.text(1).encode(), "is not a signed agreement")):
            signed.write_bytes(bytes_)
            done = run("cairn-agent", "run", "--config", str(self.partners.config(POLICE)))
            self.assertNotEqual(done.code, COMPLETE, done)
            self.assertIn(words, done.err)
        signed.write_bytes(second)
        self.partners.start(POLICE)
        self.partners.wait_attached()

    def test_a_certificate_is_checked_with_openssl_and_jq_alone(self):
        folder = self.people
        text = (ROOT / "docs/identity.md").read_text()
        lines = text.split("## Checking a signature without Cairn")[1].split("```")[1]
        key = subprocess.run(
            ["openssl", "pkey", "-pubin", "-in", str(folder / "authority.pub"),
             "-outform", "DER"], check=True, capture_output=True).stdout[-32:]
        (folder / "key.hex").write_text(key.hex() + "\n")
        (folder / "e.json").write_bytes((folder / "p-kaur.person").read_bytes())
        done = subprocess.run(["bash", "-ec", lines], cwd=folder, capture_output=True)
        self.assertEqual(done.returncode, 0, done)
        self.assertIn(b"Signature Verified Successfully", done.stdout + done.stderr)
        other = (folder / "p-left.person").read_text()
        (folder / "e.json").write_text(
            (folder / "p-kaur.person").read_text().split(',"signatures"')[0]
            + ',"signatures"' + other.split(',"signatures"')[1])
        done = subprocess.run(["bash", "-ec", lines], cwd=folder, capture_output=True)
        self.assertNotEqual(done.returncode, 0, "another one's signature")

    def test_the_ledgers_verify(self):
        for name, done in self.partners.verify_ledgers().items():
            self.assertEqual(done.code, COMPLETE, (name, done))


if __name__ == "__main__":
    unittest.main()
