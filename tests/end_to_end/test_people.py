"""Signed questions, an agreement that is enforced, and a steward who decides."""

import csv
import datetime
import hashlib
import json
import sqlite3
import subprocess
import unittest

import partnership
from partnership import COMPLETE, NOT_ALLOWED, REFUSED, ROOT, USAGE, run, wait_until

POLICE, COUNCIL = "riverside-police", "st-marys-ed"
PIN = "correct horse\n"
MONTHLY = ("--from", "police_incidents", "--by", "month")
SMALL = ("--from", "police_incidents", "--by", "lsoa")

AGREEMENT = """partnership: "riverside"
agency: "{agency}"
title: "Agreement of a test"
version: {version}
{replaces}
party {{ name: "The police" role: "Controller" }}
party {{ name: "The unit" role: "Asks" }}
starts: "{today}"
ends: "{end}"
review_by: "{today}"
lawful_basis {{ id: "duty" reference: "An Act" }}
purpose {{ id: "needs_assessment" lawful_basis: "duty" }}
data_set {{
  id: "police_incidents"
  variable: ["month", "lsoa", "violence"]
  crossing {{ by: ["month", "violence"] }}
}}
approval {{
  id: "small" title: "About small places" variable: "lsoa"
  approvers: 2 one_from_agency: true result_too: true
}}
disclosure {{ name: "standard" sha256: "{rule}" }}
retention {{ results_months: 12 ledger_years: 7 }}
contact {{ role: "Steward" name: "A. Example" reach: "a@example.org" }}
report_incidents_within_hours: 24
on_ending: "Tables are deleted."
right_of_audit: "At any time."
"""


class PeopleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partners = partnership.synthetic(POLICE)
        cls.addClassCleanup(partners.close)
        cls.people = partners.folder / "people"
        cls.people.mkdir()
        cls.pin = cls.people / "pin"
        cls.pin.write_text(PIN)
        cls.new_key("authority")
        for person, organisation, role in (
                ("p-kaur", "vru", "analyst"), ("p-left", "vru", "analyst"),
                ("p-steward", POLICE, "steward"), ("p-approver", "vru", "approver")):
            cls.new_key(person)
            cls.ok("cairn", "people", "certify", "--authority", cls.people / "authority",
                   "--partnership", "riverside", "--person", person,
                   "--organisation", organisation, "--role", role,
                   "--public-key", cls.people / f"{person}.pub",
                   "--out", cls.people / f"{person}.person", "--pin-file", cls.pin)
        (cls.people / "deny.txt").write_text("# nobody\n")
        partners.agencies[POLICE].extra += (
            f'people {{ authority: "{cls.people}/authority.pub"\n'
            f'  deny_list: "{cls.people}/deny.txt" }}\n'
            f'agreement: "{cls.people}/agreement.signed"\n')
        partners.certificates()
        partners.write_configs()
        cls.first = cls.sign(1)
        partners.load(POLICE)
        partners.start("coordinator", POLICE)
        partners.wait_attached()

    @classmethod
    def ok(cls, program, *words, **options):
        done = run(program, *map(str, words), **options)
        assert done.code == COMPLETE, done
        return done.out

    @classmethod
    def new_key(cls, name):
        cls.ok("cairn", "login", "--new", "--key", cls.people / name, "--pin-file", cls.pin)

    @classmethod
    def text(cls, version, replaces="", days=300):
        today = datetime.datetime.now(datetime.timezone.utc).date()
        return AGREEMENT.format(
            agency=POLICE, version=version,
            replaces=f'replaces: "{replaces}"' if replaces else "",
            today=today, end=today + datetime.timedelta(days=days),
            rule=hashlib.sha256(
                (ROOT / "policies/standard.textproto").read_bytes()).hexdigest())

    @classmethod
    def sign(cls, version, replaces=""):
        text = cls.text(version, replaces)
        (cls.people / "agreement.textproto").write_text(text)
        cls.ok("cairn-agent", "policy", "sign", cls.people / "agreement.textproto",
               "--config", cls.partners.config(POLICE), "--key", cls.people / "p-steward",
               "--certificate", cls.people / "p-steward.person", "--pin-file", cls.pin,
               "--out", cls.people / "agreement.signed")
        return hashlib.sha256(text.encode()).hexdigest()

    def session(self, person, name="session"):
        """The environment of somebody who logged in."""
        folder = self.people / f"{name}-{person}"
        folder.mkdir(mode=0o700, exist_ok=True)
        environment = {"XDG_RUNTIME_DIR": str(folder)}
        self.ok("cairn", "login", "--key", self.people / person, "--certificate",
                self.people / f"{person}.person", "--pin-file", self.pin,
                environment=environment)
        return environment

    def ask(self, *words, person="p-kaur"):
        environment = (self.session(person) if person
                       else {"XDG_RUNTIME_DIR": str(self.people)})
        return self.partners.query(*words, environment=environment, output="json")

    def refused(self, words, *question, **options):
        done = self.ask(*question, **options)
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn(words, done.json()["agencies"][0]["reason"], done)

    def desk(self, command, *words):
        return run("cairn-agent", command, *map(str, words), "--config",
                   str(self.partners.config(POLICE)))

    def waiting(self):
        database = self.partners.folder / "state" / POLICE / "agent.db"
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
            return rows.execute("SELECT question FROM desk_case WHERE state IN "
                                "('waiting', 'held')").fetchall()

    def decide(self, command, person, question, *more):
        return self.desk(command, question, "--key", self.people / person,
                         "--certificate", self.people / f"{person}.person",
                         "--pin-file", self.pin, *more)

    def taken(self):
        database = self.partners.folder / "state" / POLICE / "agent.db"

        def empty():
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
                return rows.execute("SELECT count(*) FROM desk_inbox").fetchone()[0] == 0

        wait_until(empty, "the inbox was read")

    def entries(self, kind):
        database = self.partners.folder / "state" / POLICE / "agent.db"
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as rows:
            lines = [json.loads(line) for (line,) in
                     rows.execute("SELECT line FROM entry ORDER BY seq")]
        return [line for line in lines if line["type"] == kind]

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
        with open(self.partners.folder / "data/places.csv") as places:
            code = next(csv.DictReader(places))["lsoa"]
        other = (*SMALL, "--where", f"lsoa = '{code}'")
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
        self.refused("waits for a steward", *SMALL)
        ((question,),) = self.waiting()
        self.assertEqual(self.decide("refuse", "p-steward", question[:8], "--why",
                                     "too_often").code, COMPLETE)
        self.taken()
        self.refused("asked too often", *SMALL)

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
