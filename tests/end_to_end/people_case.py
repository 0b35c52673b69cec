"""An agency with an agreement, a steward, and people who sign; for the tests of them."""

import csv
import datetime
import hashlib
import json
import sqlite3
import unittest

import partnership
from partnership import COMPLETE, REFUSED, ROOT, run, wait_until

POLICE = "riverside-police"
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


class PeopleCase(unittest.TestCase):
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

    def one_place(self, number):
        """SMALL of one place: another question, of the same class."""
        with open(self.partners.folder / "data/places.csv") as places:
            codes = [row["lsoa"] for row in csv.DictReader(places)]
        return (*SMALL, "--where", f"lsoa = '{codes[number]}'")
