"""Bad input: one clear sentence, the right exit code, and nothing else happens."""

import csv
import gzip
import io
import re
import unittest

import partnership
from partnership import (COMPLETE, NOT_ALLOWED, PURPOSE, REFUSED, ROOT, USAGE,
                         quoted, run)

AGENCY = "riverside-police"
SQL = "'; DROP TABLE record; --"
GOOD = ("--from", "police_incidents", "--by", "lad,sex")
LOADABLE = f"data/{AGENCY}.csv"
CELL = "SECRET-7431"  # never to be seen outside the file
# 120 KB in one argument: the operating system lets 128 KiB of one through.
LONG = 120_000


def where(text):
    return ("--from", "police_incidents", "--by", "lad", "--where", text, *PURPOSE)


def by(text):
    return ("--from", "police_incidents", "--by", text, *PURPOSE)


def of(*words):
    return ("--from", "police_incidents", "--by", "lad", *words)


# What is asked -> what the sentence must say. All are exit 2.
QUESTIONS = {
    "unknown variable": (where("weapn = 'KNIFE'"), "did you mean weapon?"),
    "unknown variable in by": (by("offence_clas"), "did you mean offence_class?"),
    "unknown data set": (("--from", "police_incident", "--by", "lad", *PURPOSE),
                         "did you mean police_incidents?"),
    "no data set": (("--by", "lad", *PURPOSE), "--from"),
    "unknown purpose": (of("--purpose", "curiosity"), "needs_assessment"),
    "no purpose": (of(), "--purpose"),
    "unknown agency": (of(*PURPOSE, "--agencies", "riverside-polce"),
                       f"did you mean {AGENCY}?"),
    "an agency twice": (of(*PURPOSE, "--agencies", f"{AGENCY},{AGENCY}"), "twice"),
    "five variables": (by("lad,sex,role,weapon,month"), "at most 4"),
    "a variable twice": (by("lad,lad"), "same variable"),
    "no variable between commas": (by("lad,,sex"), "missing between two commas"),
    "unclosed quote": (where("sex = 'M"), "closing single quote"),
    "no value": (where("age_band < "), "expected a value"),
    "no operator": (where("sex 'M'"), "sex 'M'"),
    "only an operator": (where("AND"), "AND"),
    "unclosed parenthesis": (where("(sex = 'M'"), ")"),
    "text after the end": (where("sex = 'M' sex = 'F'"), "sex = 'M' sex"),
    "one long text": (where(f"sex = '{'x' * LONG}'"), "longer than"),
    "many conditions": (where(" OR ".join(["sex = 'M'"] * (LONG // 13))), "longer than"),
    "nested parentheses": (where("(" * 10000 + "sex = 'M'" + ")" * 10000), "nested"),
    "nested NOT": (where("NOT " * 10000 + "sex = 'M'"), "nested"),
    "a long list of variables": (by(",".join(["lad"] * (LONG // 4))), "at most"),
    "NaN": (where("age_band < NaN"), "whole numbers"),
    "infinity": (where("age_band < 1e999"), "whole numbers"),
    "bytes that are not UTF-8, in where": (where(b"sex = '\xff\xfe'"), "UTF-8"),
    "bytes that are not UTF-8, in by": (by(b"\xff\xfe"), "--by"),
    "30 February": (where("month = '2024-02-30'"), "30 February"),
    "a band that does not exist": (where("age_band = '22-23'"), "20-24"),
    "a number inside a band": (where("age < 23"), "age < 25"),
    "SQL in from": (("--from", SQL, "--by", "lad", *PURPOSE), "no data set"),
    "SQL in by": (by(SQL), "no variable"),
    "SQL in where": (where(SQL), "closing single quote"),
    "SQL in a text of where": (where("sex = '''; DROP TABLE record; --'"), "no code"),
    "SQL in purpose": (of("--purpose", SQL), "no purpose"),
    "SQL in agencies": (of(*PURPOSE, "--agencies", SQL), "no agency"),
    "a time that is none": (of(*PURPOSE, "--timeout", "soon"), "30s"),
    "a negative time": (of(*PURPOSE, "--timeout", "-5s"), "30s"),
    "a year of time": (of(*PURPOSE, "--timeout", "8760h"), "10m"),
    "an unknown measure": (of(*PURPOSE, "--measure", "median:age"), "distinct_persons"),
    "a sum of no quantity": (of(*PURPOSE, "--measure", "sum:sex"), "harm_cost"),
    "a split by a variable": (of(*PURPOSE, "--split", "sex"), "--split agency"),
    "an unknown option": (of(*PURPOSE, "--frm", "x"), "--frm"),
}


class BadInputTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic(AGENCY, "st-marys-ed")
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()
        cls.good = cls.partners.query(*GOOD)
        cls.lines = (cls.partners.folder / LOADABLE).read_bytes().split(b"\n")

    def tearDown(self):
        """Everything still runs, and answers as before."""
        self.assertTrue(self.partners.all_running())
        again = self.partners.query(*GOOD)
        self.assertEqual((again.code, again.raw), (COMPLETE, self.good.raw), again)

    def is_one_sentence(self, done, code, *says):
        self.assertEqual(done.code, code, done)
        self.assertEqual(done.out, "", done)
        self.assertTrue(done.err.endswith("\n"), done)
        # A sentence, or a sentence with the place and a caret below it.
        self.assertLessEqual(done.err.count("\n"), 4, done)
        self.assertLess(len(done.err), 1000, done)
        for words in says:
            self.assertIn(str(words), done.err, done)
        for crash in ("what():", "terminate", "Segmentation", "CHECK failed"):
            self.assertNotIn(crash, done.err, done)

    def history(self):
        return self.partners.cairn("history", "--limit", "10000").out

    # Questions.

    def test_a_bad_question_gets_a_sentence_and_is_asked_of_nobody(self):
        before = self.history()
        for name, (words, says) in QUESTIONS.items():
            with self.subTest(name):
                done = self.partners.cairn("query", *words, timeout=20)
                self.is_one_sentence(done, USAGE, says)
                self.assertLess(done.seconds, 5, done)
        self.assertEqual(self.history(), before)

    def test_a_caret_stands_under_the_place(self):
        for text, place in (("sex = 'M' AND weapn = 'KNIFE'", "weapn"),
                            ("sex = 'M' AND age_band = '22-23'", "'22-23'"),
                            ("(sex = 'M' AND month = '2024-02-30')", "2024-02-30")):
            with self.subTest(text):
                done = self.partners.cairn("query", *where(text))
                _, shown, caret = done.err.rstrip("\n").split("\n")
                self.assertEqual(shown, text)
                self.assertIn(caret.index("^"), range(text.index(place) - 1,
                                                      text.index(place) + 2))

    def test_a_bad_form_of_output_is_said_before_anybody_is_asked(self):
        before = self.history()
        for words, says in ((("-o", "nonsense"), "csv"), (("-o", "xlsx"), "--out")):
            with self.subTest(words):
                done = self.partners.cairn("query", *GOOD, *PURPOSE, *words)
                self.is_one_sentence(done, USAGE, says)
                self.assertEqual(self.history(), before, "the question was asked")

    def test_a_list_of_no_agency_is_not_taken_for_everybody(self):
        for text in (",", " , ", f"{AGENCY},,"):
            with self.subTest(text):
                done = self.partners.cairn("query", *of(*PURPOSE, "--agencies", text))
                self.is_one_sentence(done, USAGE, "--agencies")

    def test_a_table_beyond_the_limit_is_refused_by_the_agency(self):
        done = self.partners.cairn("query", *by("lsoa,age_band,sex,offence_class"))
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn(f"{AGENCY} refused: the table would have", done.err)
        self.assertEqual({row["value"] for row in done.rows()} - {""}, set(), done)

    def test_an_unknown_id_or_name_is_said(self):
        for words, says in (
            (("show", "q-20260101-0000000000"), "q-20260101-0000000000"),
            (("export", "nope"), "nope"), (("show", SQL), "no answer"),
            (("describe", "polise"), "polise"), (("describe", SQL), "no data set"),
            (("datasets", "-o", "nonsense"), "csv"),
            (("history", "--limit", "0"), "--limit"),
            (("nonsense",), "nonsense"), ((), "subcommand"),
        ):
            with self.subTest(words):
                self.is_one_sentence(self.partners.cairn(*words), USAGE, says)

    # Records.

    def bad_config(self, *changes):
        """The agency's configuration with some words replaced."""
        text = self.partners.agent_config(AGENCY)
        for old, new in changes:
            self.assertIn(str(old), text)
            text = text.replace(str(old), str(new))
        path = self.partners.folder / "config/bad.textproto"
        path.write_text(text)
        return path

    def file_is_refused(self, data, line, *says, name="bad.csv"):
        """Loading `data` fails; the file and line are named, no cell is."""
        file = self.partners.folder / name
        file.unlink(missing_ok=True)
        if data is not None:
            file.write_bytes(data)
        epoch = self.partners.epoch(AGENCY)
        config = self.bad_config((LOADABLE, name))
        done = run("cairn-agent", "load", "--config", str(config), timeout=30)
        self.assertEqual(done.code, USAGE, done)
        place = str(file) + (f":{line}" if line else "")
        for words in (place, "nothing was loaded", "the earlier data stays", *says):
            self.assertIn(words, done.err, done)
        self.assertLessEqual(done.err.count("\n"), 4, done)
        self.assertNotIn(CELL, done.out + done.err, done)
        self.assertEqual(self.partners.epoch(AGENCY), epoch)

    def with_line(self, number, line):
        """The good file with one line (from 1) replaced."""
        lines = list(self.lines)
        lines[number - 1] = line
        return b"\n".join(lines)

    def with_cell(self, number, column, value):
        header, row = (next(csv.reader([self.lines[n].decode()]))
                       for n in (0, number - 1))
        row[header.index(column)] = value
        out = io.StringIO()
        csv.writer(out, lineterminator="").writerow(row)
        return self.with_line(number, out.getvalue().encode())

    def test_a_file_that_cannot_be_read_leaves_the_earlier_records(self):
        secret = CELL.encode()
        header = self.lines[0]
        wide = b",".join(b"c%d" % i for i in range(100_000))
        packed = gzip.compress(b"\n".join(self.lines))
        cases = {
            "a missing column": (
                self.with_line(1, header.replace(b"HO Class", b"Class")), 1, "HO Class"),
            "no header": (b"\n".join(self.lines[1:]), 1, ""),
            "a ragged row": (self.with_line(7, secret + b",1,2"), 7, "3 fields"),
            "one field more": (self.with_line(7, self.lines[6] + b"," + secret), 7, "17"),
            "a NUL": (self.with_line(7, secret + b"\0" + self.lines[6]), 7, "NUL"),
            "100,000 columns": (wide + b"\n" + wide, 1, "10,000"),
            "an empty file": (b"", None, "empty"),
            "no such file": (None, None, "no such file"),
            "30 February": (
                self.with_cell(7, "Committed From", "30/02/2025 10:00"), 7, "no such day"),
            "a date that is none": (self.with_cell(7, "Committed From", CELL), 7, ""),
            "a value that is not mapped": (
                self.with_cell(7, "HO Class", CELL), 7, "HO Class"),
            "bytes that are not UTF-8": (
                self.with_cell(7, "HO Class", CELL).replace(secret, b"\xff" + secret),
                7, "UTF-8"),
            "a field of 3 MB": (self.with_cell(7, "MO Text", CELL * 300_000), 7, "1 MiB"),
        }
        for name, (data, line, says) in cases.items():
            with self.subTest(name):
                self.file_is_refused(data, line, says)
        last = len(self.lines) - (self.lines[-1] == b"")
        with self.subTest("an unclosed quote"):
            self.file_is_refused(
                b"\n".join(self.lines[:last - 1]) + b'\n"' + secret, last, "quote")
        with self.subTest("truncated gzip"):
            self.file_is_refused(packed[:len(packed) // 2], 1, "ends early",
                                 name="bad.csv.gz")
        with self.subTest("damaged gzip"):
            self.file_is_refused(packed[:-8] + b"12345678", 1, "damaged",
                                 name="bad.csv.gz")

    # Configuration.

    def config_is_refused(self, config, place, *says, command="load", codes=(USAGE,)):
        """`place` is a regular expression for the file, and where it is known."""
        epoch = self.partners.epoch(AGENCY)
        done = run("cairn-agent", command, "--config", str(config), timeout=20)
        self.assertIn(done.code, codes, done)
        self.assertRegex(done.err, place, done)
        self.assertEqual(done.err.count("\n"), 1, done)
        for words in says:
            self.assertIn(words, done.err, done)
        self.assertEqual(self.partners.epoch(AGENCY), epoch)

    def test_an_unknown_key_is_refused_with_its_place(self):
        config = self.bad_config(("state_dir", 'colour: "red"\nstate_dir'))
        self.config_is_refused(config, re.escape(str(config)) + r":7:\d+: ", "colour")

    def test_a_missing_configuration_is_named(self):
        config = self.partners.folder / "config/none.textproto"
        self.config_is_refused(config, re.escape(str(config)))

    def test_a_key_that_others_may_read_is_refused(self):
        secret = self.partners.folder / "certificates/agent-riverside-police.key"
        open_key = self.partners.folder / "open.key"
        open_key.write_bytes(secret.read_bytes())
        open_key.chmod(0o644)
        config = self.bad_config((secret, open_key), ("state/", "state/other-"))
        # 2 as a configuration error, or 4 as not signed in.
        self.config_is_refused(config, re.escape(str(open_key)), "chmod 600",
                               command="run", codes=(USAGE, NOT_ALLOWED))
        profile = self.partners.write_profile(
            self.partners.folder / "open.textproto",
            self.partners.credentials("analyst-demo").replace(
                str(self.partners.folder / "certificates/analyst-demo.key"),
                str(open_key)))
        done = self.partners.cairn("datasets", profile=profile)
        self.assertIn(done.code, (USAGE, NOT_ALLOWED), done)
        self.assertIn("chmod 600", done.err)

    def test_a_policy_that_does_not_fit_is_refused_with_its_place(self):
        policy = self.partners.folder / "policy.textproto"
        text = (ROOT / "policies/standard.textproto").read_text()
        policy.write_text(text.replace("largest_hidden_count: 7",
                                       "largest_hidden_count: 5"))
        line = text[:text.index("largest_hidden_count: 7")].count("\n") + 1
        config = self.bad_config((self.partners.policy, policy))
        self.config_is_refused(config, re.escape(str(policy)) + rf":{line}:\d+: ",
                               "largest_hidden_count")

    def test_a_policy_below_the_floor_neither_checks_nor_starts(self):
        policy = self.partners.folder / "loose.textproto"
        text = (ROOT / "policies/exact.textproto").read_text()
        policy.write_text(text)
        line = text[:text.index("rounding_base: 1")].count("\n") + 1
        config = self.bad_config((self.partners.policy, policy))
        for command in ("check", "run", "load"):
            self.config_is_refused(config, re.escape(str(policy)) + rf":{line}:\d+: ",
                                   "rounding_base is 1", "floor is 5", command=command)

    def test_months_outside_the_period_are_refused_with_the_file(self):
        config = self.bad_config(('to: "2025-03"', 'to: "2025-04"'))
        self.config_is_refused(config, re.escape(str(config)), "2025-04", "2025-03")

    def test_a_mapping_to_an_unknown_code_is_refused_with_the_file(self):
        shipped = ROOT / f"deploy/synthetic/mappings/{AGENCY}.textproto"
        mapping = self.partners.folder / "mapping.textproto"
        mapping.write_text(shipped.read_text().replace('"HOM"', '"HOMICIDE"'))
        config = self.bad_config((quoted(shipped), quoted(mapping)))
        self.config_is_refused(config, re.escape(str(mapping)), "HOMICIDE", "HO Class")

    def test_a_coordinators_unknown_key_is_refused_with_its_place(self):
        config = self.partners.folder / "config/bad-coordinator.textproto"
        text = self.partners.config("coordinator").read_text()
        config.write_text("colour: 1\n" + text)
        done = run("cairn-coordinator", "run", "--config", str(config), timeout=20)
        self.is_one_sentence(done, USAGE, f"{config}:1:", "colour")


if __name__ == "__main__":
    unittest.main()
