"""cairn on the command line: forms, streams, terminals, and the steward's preview."""

import codecs
import csv
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unittest

import partnership
from partnership import BIN, COMPLETE, FAILED, PARTIAL, PURPOSE, REFUSED, USAGE, run

AGENCY, LEFT, RIGHT = "riverside-police", "st-marys-ed", "queens-ed"
ED = ("--from", "ed_attendances", "--by", "age_core,sex")
ESCAPE = "\x1b"


class Terminal:
    """A real terminal of 100 x 60 with a program in it, and what one sees."""

    def __init__(self, words, environment):
        self.child, self.line = pty.fork()
        if self.child == 0:
            os.execve(words[0], words, dict(environment, TERM="xterm-256color"))
        fcntl.ioctl(self.line, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 100, 0, 0))
        self.stream, self.code = "", None
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def read_until(self, done, seconds=20):
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise AssertionError(f"not seen in {seconds} s: {self.stream!r}")
            if not select.select([self.line], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(self.line, 65536)
            except OSError:  # the program has gone
                piece = b""
            if not piece:
                self.code = os.waitstatus_to_exitcode(os.waitpid(self.child, 0)[1])
                os.close(self.line)
                return
            self.stream += self.decoder.decode(piece)

    def end(self):
        self.read_until(lambda: self.code is not None)
        return self

    def screen(self):
        """The lines left on the screen, from the few codes that may occur."""
        lines, row, column = [""], 0, 0
        pattern = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|(.)", re.S)
        for match in pattern.finditer(self.stream):
            numbers, code, char = match.groups()
            if code == "A":
                row = max(0, row - int(numbers or 1))
            elif code == "K":
                lines[row] = lines[row][:column]
            elif code == "J":
                lines[row] = lines[row][:column]
                del lines[row + 1:]
            elif code is not None:
                assert code == "m", f"unknown code {match.group()!r}"
            elif char == "\r":
                column = 0
            elif char == "\n":
                row += 1
                if row == len(lines):
                    lines.append("")
            else:
                lines[row] = lines[row].ljust(column)
                lines[row] = lines[row][:column] + char + lines[row][column + 1:]
                column += 1
        return [line.rstrip() for line in lines]


class CliTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic(AGENCY, LEFT, RIGHT)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()
        cls.partners.certificates(None, None, "--analyst", "anna",
                                  "--auditor", "olu")
        cls.anna = cls.partners.write_profile(
            cls.partners.folder / "anna.textproto",
            cls.partners.credentials("analyst-anna"))
        cls.olu = cls.partners.write_profile(
            cls.partners.folder / "olu.textproto",
            cls.partners.credentials("auditor-olu"))

    def setUp(self):
        self.partners.heal()

    def ok(self, *words, **options):
        done = self.partners.cairn(*words, **options)
        self.assertEqual((done.code, done.err), (COMPLETE, ""), done)
        self.assertNotIn(ESCAPE, done.out)
        return done

    def ask(self, *words, output="csv"):
        done = self.partners.query(*words, output=output)
        self.assertEqual(done.code, COMPLETE, done)
        return done

    def terminal(self, *words, **environment):
        env = dict(partnership.ENVIRONMENT, CAIRN_PROFILE=str(self.partners.profile),
                   **environment)
        return Terminal([str(BIN / "cairn"), *words], env)

    # Lists.

    def test_lists_say_the_same_as_table_csv_and_json(self):
        self.ask(*ED)
        for words, columns in (
            (("datasets",), ("data_set", "title", "unit", "from", "to", "agencies")),
            (("describe", "police_incidents"), ("variable", "title", "codes")),
            (("agencies",), ("agency", "name", "attached", "covers", "loaded", "rule")),
            (("history",), ("query_id", "asked_at", "asker", "purpose", "outcome")),
        ):
            with self.subTest(words):
                # Numbers are numbers there, and text everywhere else.
                rows = [{key: "" if value is None else str(value)
                         for key, value in row.items()}
                        for row in self.ok(*words, "-o", "json").json()]
                self.assertTrue(rows)
                self.assertLessEqual(set(columns), rows[0].keys())
                self.assertEqual(self.ok(*words, "-o", "csv").rows(), rows)
                self.assertEqual(self.ok(*words).rows(), rows)  # csv into a pipe
                table = self.ok(*words, "-o", "table").out
                for row in rows:
                    for column in columns:
                        self.assertIn(row[column], table)

    def test_what_can_be_asked_is_shown(self):
        sets = {row["data_set"]: row for row in self.ok("datasets").rows()}
        self.assertEqual(sets["ed_attendances"]["agencies"], f"{LEFT}, {RIGHT}")
        self.assertEqual(sets["police_incidents"]["unit"], "crimes")
        variables = {r["variable"]: r for r in self.ok("describe", "ed_attendances").rows()}
        self.assertEqual(variables["sex"]["codes"].split(), ["M", "F", "X", "U"])
        self.assertIn("age_core", variables)
        agencies = {row["agency"]: row for row in self.ok("agencies").rows()}
        self.assertEqual(agencies[AGENCY]["covers"], "2024-04 to 2025-03")
        self.assertIn("5", agencies[AGENCY]["rule"])

    def test_history_is_ones_own_and_an_auditors_is_everybodys(self):
        theirs = self.ask(*ED, output="json").json()["query_id"]
        done = self.partners.query(*ED, profile=self.anna)
        self.assertEqual(done.code, COMPLETE, done)
        mine = self.ok("history", profile=self.anna).rows()
        self.assertEqual({row["asker"] for row in mine}, {"anna"})
        self.assertEqual(self.ok("history", "--mine", profile=self.anna).rows(), mine)
        self.assertEqual(self.partners.cairn("show", theirs, profile=self.anna).code, USAGE)
        everybody = self.ok("history", profile=self.olu).rows()
        self.assertEqual({row["asker"] for row in everybody}, {"anna", "demo"})
        self.assertEqual(self.ok("history", "--mine", profile=self.olu).rows(), [])
        self.ok("show", theirs, profile=self.olu)
        self.assertEqual(everybody[0]["query_id"], mine[0]["query_id"])  # newest first
        self.assertEqual(mine[0]["purpose"], PURPOSE[1])
        self.assertIn("--by age_core,sex", mine[0]["question"])
        self.assertEqual(len(self.ok("history", "--limit", "1").rows()), 1)

    # Earlier answers.

    def test_an_earlier_answer_is_shown_and_exported_byte_for_byte(self):
        words = (*ED, "--where", "intent = 'ASSAULT' OR intent = 'SELF_HARM'")
        for output in ("csv", "json", "jsonl", "table"):
            with self.subTest(output):
                given = self.ask(*words, output=output)
                query = self.ok("history", "--limit", "1").rows()[0]["query_id"]
                for verb in ("show", "export"):
                    self.assertEqual(self.ok(verb, query, "-o", output).raw, given.raw)
        self.assertEqual(self.ok("export", query).raw, self.ask(*words).raw)

    def test_a_file_gets_the_same_bytes_and_stdout_none(self):
        path = self.partners.folder / "answer.csv"
        query = self.ask(*ED, output="json").json()["query_id"]
        done = self.ok("export", query, "-o", "csv", "--out", str(path))
        self.assertEqual(done.out, "")
        self.assertEqual(path.read_bytes(), self.ok("export", query, "-o", "csv").raw)

    def test_a_file_that_cannot_be_written_is_a_failure(self):
        query = self.ask(*ED, output="json").json()["query_id"]
        for words in (("export", query, "--out", "/nowhere/answer.csv"),
                      ("export", query, "-o", "xlsx", "--out", "/nowhere/answer.xlsx")):
            done = self.partners.cairn(*words)
            self.assertEqual((done.code, done.out), (FAILED, ""), done)
            self.assertIn("/nowhere/answer", done.err)

    def test_a_full_disk_is_a_failure(self):
        query = self.ask(*ED, output="json").json()["query_id"]
        env = dict(partnership.ENVIRONMENT, CAIRN_PROFILE=str(self.partners.profile))
        for words in (["export", query], ["datasets"], ["history"]):
            with self.subTest(words), open("/dev/full", "wb") as full:
                done = subprocess.run([str(BIN / "cairn"), *words], env=env, stdout=full,
                                      stderr=subprocess.PIPE, timeout=30)
                self.assertEqual(done.returncode, FAILED, done)
                self.assertIn(b"stdout", done.stderr)

    # Streams.

    def test_csv_into_a_pipe_is_the_default_and_all_of_stdout(self):
        done = self.partners.cairn("query", *ED, *PURPOSE)
        self.assertEqual((done.code, done.err), (COMPLETE, ""), done)
        rows = list(csv.reader(io.StringIO(done.out)))
        self.assertEqual(rows[0], ["age_core", "sex", "measure", "value", "status",
                                   "low", "high"])
        self.assertEqual({len(row) for row in rows}, {7})
        self.assertIn(["Total", "Total"], [row[:2] for row in rows])
        self.assertEqual(done.raw, self.ask(*ED).raw)

    def test_messages_go_to_stderr_and_data_to_stdout(self):
        self.partners.stop(RIGHT)
        self.partners.wait_detached(RIGHT)
        for output in ("csv", "json", "jsonl"):
            with self.subTest(output):
                done = self.partners.query(*ED, output=output)
                self.assertEqual(done.code, PARTIAL, done)
                self.assertIn(f"{RIGHT} did not answer", done.err)
                self.assertNotIn("did not answer", done.out)
        table = self.partners.query(*ED, output="table")
        self.assertEqual(table.code, PARTIAL, table)
        self.assertIn(RIGHT, table.out)  # the table says itself who is missing

    def test_symbols_are_for_people_only(self):
        words = ("--from", "ed_attendances", "--by", "age_band,weapon,intent")
        plain, marked = self.ask(*words).rows(), self.ask(*words, "--symbols").rows()
        self.assertIn("suppressed", {row["status"] for row in plain})
        for row, other in zip(plain, marked):
            if row["status"] == "published":
                self.assertEqual(other["value"], row["value"])
            else:
                self.assertEqual(row["value"], "")
                self.assertRegex(other["value"], r"^(\[[cxz]\]|\d+ to \d+|\d+ or more)$")

    # An agency's own word.

    def test_a_purpose_that_an_agency_does_not_permit_is_refused_by_it(self):
        config = self.partners.config(RIGHT)
        text = config.read_text()
        self.addCleanup(self.partners.heal)
        self.addCleanup(config.write_text, text)
        self.addCleanup(self.partners.stop, RIGHT)
        self.partners.stop(RIGHT)
        config.write_text('permitted_purpose: "evaluation"\n' + text)
        self.partners.heal()
        for agencies, code in ((RIGHT, REFUSED), (f"{LEFT},{RIGHT}", PARTIAL)):
            done = self.partners.query(*ED, "--agencies", agencies, output="json")
            self.assertEqual(done.code, code, done)
            self.assertIn(f"{RIGHT} refused", done.err)
            self.assertIn(PURPOSE[1], done.err)
            outcomes = {a["agency"]: a["outcome"] for a in done.json()["agencies"]}
            self.assertEqual(outcomes.pop(RIGHT), "refused")
            self.assertLessEqual(set(outcomes.values()), {"answered"})
            self.assertEqual({r["value"] for r in done.json()["rows"]}, {None})
        permitted = self.partners.cairn("query", *ED, "--purpose", "evaluation")
        self.assertEqual(permitted.code, COMPLETE, permitted)

    # Help.

    def test_exit_codes_are_explained(self):
        words = self.ok("help", "exit-codes").out
        for code in (0, 1, 2, 3, 4, 5, 130):
            self.assertRegex(words, rf"(?m)^{code}\s+\w+")

    def test_help_starts_with_examples(self):
        for program in ("cairn", "cairn-agent", "cairn-coordinator"):
            with self.subTest(program):
                done = run(program, "--help")
                self.assertEqual((done.code, done.err), (COMPLETE, ""), done)
                self.assertLess(done.out.index("Examples:"), done.out.index("Usage:"))
                self.assertIn(f"\n  {program} ", done.out)

    # Terminals.

    def test_a_terminal_shows_progress_and_then_only_the_table(self):
        self.partners.freeze(RIGHT)
        window = self.terminal("query", *ED, *PURPOSE, "--timeout", "20s")
        window.read_until(lambda: f"{LEFT}" in window.stream and
                          re.search("answered in", window.stream))
        seen = "\n".join(window.screen())
        self.assertRegex(seen, rf"{LEFT} +answered in \d+ ms")
        self.assertRegex(seen, rf"{RIGHT} +\.\.\.")
        self.partners.thaw(RIGHT)
        left = window.end()
        self.assertEqual(left.code, COMPLETE, left.stream)
        query = self.ok("history", "--limit", "1").rows()[0]["query_id"]
        clean = self.terminal("export", query).end()
        self.assertEqual(left.screen(), clean.screen())
        self.assertIn("Total", "\n".join(left.screen()))
        for line in left.screen():
            self.assertLessEqual(len(line), 100)

    def test_no_color_and_pipes_are_honoured(self):
        words = ("query", "--from", "ed_attendances", "--by", "age_band,intent",
                 *PURPOSE, "-o", "table")
        color = re.compile(r"\x1b\[[0-9;]*m")
        self.assertRegex(self.terminal(*words).end().stream, color)
        self.assertNotRegex(self.terminal(*words, NO_COLOR="1").end().stream, color)
        self.assertNotIn(ESCAPE, self.partners.cairn(*words).out)

    def test_an_interrupted_question_ends_at_once(self):
        self.partners.freeze(RIGHT)
        # A test that was started in the background ignores the signal.
        asking = partnership.Asking(
            "cairn", "query", *ED, "--timeout", "20s", *PURPOSE,
            profile=self.partners.profile, through=("env", "--default-signal=INT"))
        time.sleep(0.7)
        asking.process.send_signal(signal.SIGINT)
        done = asking.end(5)
        self.assertIn(done.code, (130, -signal.SIGINT), done)  # a shell says 130
        self.assertEqual(done.out, "")

    # The steward's preview.

    def preview(self, *words):
        config = str(self.partners.config(AGENCY))
        done = run("cairn-agent", "preview", "--config", config, *words, *PURPOSE)
        self.assertEqual((done.code, done.err), (COMPLETE, ""), done)
        self.assertIn("Nothing was sent", done.out)
        table = done.out.split("would see of this agency:\n\n")[1].split("\n\n")[0]
        return [re.split(r" {2,}", line.strip()) for line in table.splitlines()], done

    def test_a_preview_shows_what_then_leaves_and_sends_nothing(self):
        for words in (("--by", "offence_class,quarter"),
                      ("--by", "age_core", "--where", "weapon = 'KNIFE' OR weapon = 'GUN'"),
                      ("--by", "lad", "--measure", "count", "--measure",
                       "distinct_persons")):
            with self.subTest(words):
                words = ("--from", "police_incidents", *words)
                history = self.ok("history").out
                ledger = self.partners.status(AGENCY)
                (header, *lines), _ = self.preview(*words)
                self.assertEqual(self.ok("history").out, history)
                self.assertEqual(self.partners.status(AGENCY), ledger)

                sent = self.ask(*words, "--agencies", AGENCY, "--split", "agency",
                                "--symbols").rows()
                dimensions = words[3].split(",")
                measures = header[len(dimensions):]
                shown = {(tuple(line[:len(dimensions)]), measure): value
                         for line in lines
                         for measure, value in zip(measures, line[len(dimensions):])}
                self.assertEqual(
                    {(tuple(row[d] for d in dimensions), row["measure"]): row["value"]
                     for row in sent}, shown)

                again, done = self.preview(*words)
                self.assertEqual(again, [header, *lines])
                self.assertIn("released before", done.out)

    def test_a_preview_needs_no_network(self):
        self.partners.stop(AGENCY)
        self.partners.stop("coordinator")
        rows, _ = self.preview("--from", "police_incidents", "--by", "role")
        self.assertEqual(rows[0], ["role", "count"])

    def test_a_preview_reads_questions_like_cairn(self):
        words = ("--from", "police_incidents", "--by", "lad", "--where", "weapn = 'X'")
        steward = run("cairn-agent", "preview", "--config",
                      str(self.partners.config(AGENCY)), *words, *PURPOSE)
        analyst = self.partners.query(*words)
        self.assertEqual((steward.code, steward.out), (analyst.code, ""))
        self.assertEqual(steward.err.split(": ", 1)[1], analyst.err.split(": ", 1)[1])


if __name__ == "__main__":
    unittest.main()
