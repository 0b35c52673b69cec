"""What those who run the programs rely on: health, metrics, logs, backups."""

import csv
import json
import re
import shutil
import signal
import stat
import subprocess
import unittest

import partnership
from partnership import COMPLETE, FAILED, REFUSED, ROOT, USAGE, quoted, run, wait_until
from test_credentials import RawCall

AGENCY, OTHER = "riverside-police", "st-marys-ed"
QUESTION = ("--from", "police_incidents", "--by", "lad,quarter")
# One in each place that a value could leak from: a person, a free text, a
# question's literal and the question's own words.
CANARY = {"person": "CANARYPERSON7431", "code": "CANARYCODE7432",
          "text": "CANARYTEXT7435", "literal": "CANARYPLACE7433",
          "purpose": "canarypurpose7434"}


class OperationsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic(AGENCY, OTHER, rows=3000)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.certificates()
        cls.plant(cls.partners.folder / f"data/{AGENCY}.csv")
        cls.partners.write_configs()
        for name in ("coordinator", AGENCY):
            with open(cls.partners.config(name), "a", encoding="utf-8") as config:
                config.write(f"metrics_file: {quoted(cls.metrics_file(name))}\n")
        for agency in (AGENCY, OTHER):
            cls.partners.load(agency)
        cls.partners.start("coordinator", AGENCY, OTHER)
        cls.partners.wait_attached()

    @classmethod
    def metrics_file(cls, name):
        return cls.partners.folder / f"{name}.prom"

    @staticmethod
    def plant(file):
        """Canaries in the records: a person's key, an unknown text, free text."""
        with open(file, newline="", encoding="utf-8") as text:
            header, *rows = csv.reader(text)
        for row in rows[:40]:
            row[header.index("PersonRef")] = CANARY["person"]
            row[header.index("MO Text")] = CANARY["text"]
        for row in rows[40:80]:
            row[header.index("Location Type")] = CANARY["code"]
        with open(file, "w", newline="", encoding="utf-8") as text:
            csv.writer(text).writerows([header, *rows])

    def setUp(self):
        self.addCleanup(self.partners.heal)

    # Health.

    def health(self):
        folder = self.partners.folder / "certificates"
        call = RawCall(self.partners.port, folder / "ca.pem",
                       folder / "analyst-demo.pem", "/grpc.health.v1.Health/Check")
        return call.data[5:]

    def test_the_coordinator_says_that_it_serves(self):
        # HealthCheckResponse.status = SERVING (1).
        self.assertEqual(self.health(), b"\x08\x01")

    def test_health_is_told_to_members_only(self):
        folder = self.partners.folder / "certificates"
        call = RawCall(self.partners.port, folder / "ca.pem", None,
                       "/grpc.health.v1.Health/Check")
        self.assertTrue(call.refused)
        self.assertEqual(call.data, b"")

    # Metrics.

    def metrics(self, name):
        """{'name{labels}': number}, each line as Prometheus has it."""
        text = self.metrics_file(name).read_text(encoding="utf-8")
        found = {}
        for line in text.splitlines():
            if line.startswith("# "):
                self.assertRegex(line, r"^# (HELP|TYPE) [a-z_]+ .")
                continue
            match = re.fullmatch(
                r'([a-z_]+(?:\{[a-z]+="[^"]*"\})?) (-?[0-9.e+]+)', line)
            self.assertIsNotNone(match, line)
            self.assertNotIn(match[1], found)
            found[match[1]] = float(match[2])
        return found

    def test_metrics_count_what_was_asked(self):
        complete = 'cairn_queries_total{outcome="complete"}'
        wait_until(lambda: self.metrics("coordinator").get("cairn_agents_attached") == 2,
                   "both agents are counted", 20)
        before = self.metrics("coordinator").get(complete, 0)
        answered = self.metrics(AGENCY).get('cairn_queries_total{outcome="released"}', 0)
        for _ in range(3):
            self.assertEqual(self.partners.query(*QUESTION).code, COMPLETE)
        wait_until(lambda: self.metrics("coordinator").get(complete, 0) == before + 3,
                   "three more are counted", 20)
        wait_until(lambda: self.metrics(AGENCY).get(
            'cairn_queries_total{outcome="released"}', 0) == answered + 3,
            "the agent counts them too", 20)
        now = self.metrics("coordinator")
        self.assertEqual(now["cairn_agents_configured"], 2)
        self.assertEqual(now["cairn_query_seconds_count"],
                         now['cairn_query_seconds_bucket{le="+Inf"}'])
        self.assertGreater(now["process_resident_memory_bytes"], 1 << 20)
        self.assertEqual(self.metrics(AGENCY)["cairn_attached"], 1)

    def test_the_metrics_file_can_be_read_by_the_collector(self):
        wait_until(self.metrics_file(AGENCY).exists, "the file is there", 20)
        mode = self.metrics_file(AGENCY).stat().st_mode
        self.assertEqual(stat.S_IMODE(mode), 0o644)

    def test_an_agent_opens_no_port(self):
        sockets = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True,
                                 check=True).stdout
        for name in (AGENCY, OTHER):
            self.assertNotIn(f"pid={self.partners.processes[name].pid},", sockets)
        self.assertIn(f"pid={self.partners.processes['coordinator'].pid},", sockets)

    # Logs.

    def events(self, name):
        """Each line is an object of JSON with a time and an event."""
        lines = self.partners.log(name).splitlines()
        events = [json.loads(line) for line in lines]
        for event in events:
            self.assertRegex(event["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
            self.assertRegex(event["event"], r"^[a-z_]+\.[a-z_]+$")
        return events

    def test_one_id_leads_through_all_programs(self):
        asked = self.partners.query(*QUESTION, output="json").json()["query_id"]
        wait_until(lambda: asked in self.partners.log(AGENCY), "the agent logs it", 5)
        for name, expected in (("coordinator", ["query.received", "query.ended"]),
                               (AGENCY, ["query.answered"])):
            self.assertEqual([e["event"] for e in self.events(name)
                              if e.get("query") == asked], expected)
        ledger = self.partners.folder / f"state/{AGENCY}/agent.db"
        found = subprocess.run(["sqlite3", f"file:{ledger}?mode=ro",
                                f"SELECT count(*) FROM entry WHERE line LIKE '%{asked}%'"],
                               capture_output=True, text=True, check=True)
        self.assertGreaterEqual(int(found.stdout), 3)

    def test_no_value_of_a_record_or_a_question_reaches_a_log(self):
        """Good and bad questions, bad loads, restarts: then all logs are read."""
        partners = self.partners
        ward = f"ward = '{CANARY['literal']}'"
        for words in (QUESTION, (*QUESTION, "--where", ward),
                      ("--from", "police_incidents", "--by", "lad", "--where",
                       f"sex = '{CANARY['literal']}'"),
                      ("--from", "police_incidents", "--by", CANARY["literal"]),
                      ("--from", "ed_attendances", "--by", "age_core", "--where", ward)):
            partners.query(*words)
        partners.cairn("query", *QUESTION, "--purpose", CANARY["purpose"])
        # As a coordinator that was taken over would send it: unchecked.
        subprocess.run([str(partnership.BIN / "cairn-many-questions"),
                        str(partners.profile), "3", "2000", "police_incidents",
                        CANARY["literal"]], env=partnership.ENVIRONMENT,
                       capture_output=True, timeout=60, check=True)
        file = partners.folder / f"data/{AGENCY}.csv"
        whole = file.read_bytes()
        self.addCleanup(partners.load, AGENCY)
        self.addCleanup(file.write_bytes, whole)
        file.write_bytes(whole[: len(whole) // 2] + b'\n"' + CANARY["person"].encode())
        bad = run("cairn-agent", "load", "--config", str(partners.config(AGENCY)))
        self.assertNotEqual(bad.code, COMPLETE)
        for secret in CANARY.values():
            self.assertNotIn(secret, bad.err)
        # A damaged extract, found by the running agent.
        extract = partners.folder / f"state/{OTHER}/extract/ed_attendances.db"
        kept = extract.read_bytes()
        self.addCleanup(partners.load, OTHER)
        extract.write_bytes(kept[:8192] + bytes(len(kept) - 8192))
        partners.query("--from", "ed_attendances", "--by", "age_core")
        extract.write_bytes(kept)
        for name in (AGENCY, OTHER, "coordinator"):
            partners.kill(name)
        partners.heal()
        partners.query(*QUESTION)
        released = partners.query(*QUESTION).rows()
        figures = {row["value"] for row in released if len(row["value"]) > 2}
        self.assertTrue(figures)
        for name in ("coordinator", AGENCY, OTHER):
            log = partners.log(name)
            self.assertIn("query", log)
            for secret in CANARY.values():
                self.assertNotIn(secret.lower(), log.lower(), name)
            for event in self.events(name):
                told = {k: v for k, v in event.items() if k not in ("time", "query")}
                words = set(re.findall(r"[\w-]+", json.dumps(told)))
                self.assertFalse(words & figures, event)

    # Backups.

    def backup(self, name, folder):
        program = "cairn-coordinator" if name == "coordinator" else "cairn-agent"
        return run(program, "backup", str(folder), "--config",
                   str(self.partners.config(name)))

    def restore(self, name, folder, *words):
        program = "cairn-coordinator" if name == "coordinator" else "cairn-agent"
        return run(program, "restore", str(folder), "--config",
                   str(self.partners.config(name)), *words)

    def test_a_backup_of_running_programs_brings_everything_back(self):
        given = self.partners.query(*QUESTION, output="json")
        for name in ("coordinator", AGENCY):
            with self.subTest(name):
                folder = self.partners.folder / f"backup-{name}"
                self.addCleanup(shutil.rmtree, folder, True)
                done = self.backup(name, folder)
                self.assertEqual(done.code, COMPLETE, done)
                subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"],
                               cwd=folder, check=True)
                tried = self.restore(name, folder, "--verify")
                self.assertEqual(tried.code, COMPLETE, tried)
                self.assertIn("each as it was hashed", tried.out)
                self.assertIn("not changed", tried.out)
                busy = self.restore(name, folder)
                self.assertEqual(busy.code, REFUSED, busy)
                self.assertIn("another process", busy.err)
                self.partners.stop(name)
                state = self.partners.folder / f"state/{name}"
                full = self.restore(name, folder)
                self.assertNotEqual(full.code, COMPLETE)
                self.assertIn("move the folder away", full.err)
                lost = self.partners.folder / f"state/{name}.lost"
                shutil.move(state, lost)
                done = self.restore(name, folder)
                self.assertEqual(done.code, COMPLETE, done)
                # What the witness remembers is in no backup.
                self.assertFalse((folder / "witness.db").exists())
                for file in lost.glob("witness.db*"):
                    shutil.copy(file, state)
                self.partners.heal()
        again = self.partners.query(*QUESTION, output="json")
        self.assertEqual([r for r in again.json()["rows"]],
                         [r for r in given.json()["rows"]])
        kept = self.partners.cairn("export", given.json()["query_id"], "-o", "json")
        self.assertEqual(kept.raw, given.raw)

    def test_a_damaged_backup_is_refused_and_nothing_is_put_in_place(self):
        folder = self.partners.folder / "backup-damaged"
        self.addCleanup(shutil.rmtree, folder, True)
        self.assertEqual(self.backup(OTHER, folder).code, COMPLETE)
        database = folder / "agent.db"
        good = database.read_bytes()
        database.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
        for words in (("--verify",), ()):
            self.partners.freeze(OTHER)
            done = self.restore(OTHER, folder, *words)
            self.partners.thaw(OTHER)
            self.assertNotEqual(done.code, COMPLETE, done)
            self.assertEqual(done.out, "", done)
        self.assertIn("agent.db", self.restore(OTHER, folder, "--verify").err)
        # Its sum made to fit: then the ledger itself says no.
        database.write_bytes(good.replace(b'"type":"query', b'"type":"quary'))
        sums = folder / "SHA256SUMS"
        digest = subprocess.run(["sha256sum", database], capture_output=True,
                                text=True, check=True).stdout.split()[0]
        sums.write_text(re.sub(r"^\w+(  agent\.db)$", digest + r"\1",
                               sums.read_text(), flags=re.M))
        if b'"type":"query' in good:
            done = self.restore(OTHER, folder, "--verify")
            self.assertNotEqual(done.code, COMPLETE, done)

    def test_state_of_a_later_version_is_refused(self):
        for name, file in (("coordinator", "coordinator.db"), (AGENCY, "agent.db")):
            with self.subTest(name):
                self.partners.stop(name)
                database = self.partners.folder / f"state/{name}/{file}"
                form = lambda number: subprocess.run(
                    ["sqlite3", database, f"PRAGMA user_version={number}"], check=True)
                form(99)
                program = "cairn-coordinator" if name == "coordinator" else "cairn-agent"
                done = run(program, "run", "--config",
                           str(self.partners.config(name)), timeout=20)
                form(1)
                self.assertEqual(done.code, REFUSED, done)
                self.assertIn("later version of Cairn", done.err)
                self.assertEqual(done.err.count("\n"), 1, done)
                self.partners.heal()


class UnitsTest(unittest.TestCase):
    """The service units, judged by systemd's own tool."""

    def setUp(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")

    def test_they_expose_at_most_2_points(self):
        for unit in ("cairn-agent", "cairn-coordinator"):
            file = ROOT / f"deploy/systemd/{unit}.service"
            done = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", "--no-pager",
                 "--threshold=20", str(file)], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout[-400:] + done.stderr)
            level = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
            self.assertLessEqual(float(level[1]), 2.0)

    def test_systemd_can_read_them(self):
        files = sorted((ROOT / "deploy/systemd").glob("*.service"))
        self.assertEqual(len(files), 2)
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", *files],
                              capture_output=True, text=True)
        complaints = [line for line in done.stderr.splitlines()
                      if "is not executable" not in line and "cairn" in line]
        self.assertEqual(complaints, [])


if __name__ == "__main__":
    unittest.main()
