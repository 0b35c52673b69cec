"""An agency whose records lie in its own database, through the programs.

The judge of what load copies is the same records as a CSV file: to the last
byte of the answer. Of what is asked in place it is every figure that both show.
Run by tests/support/with_postgres, or: with_postgres 1 python3 -m unittest
test_database
"""

import contextlib
import csv
import os
import random
import re
import subprocess
import threading
import time
import unittest
from pathlib import Path

from partnership import (COMPLETE, ENVIRONMENT, PURPOSE, REFUSED, ROOT, USAGE,
                         Agency, Partnership, new_folder, quoted, run,
                         wait_until)

PORT = os.environ.get("CAIRN_PG_PORTS", "").split(" ")[0]
PASSWORD = "p;w}=x {y"
COLUMNS = ("ref", "day", "who", "offence", "weapon", "sex", "cost")
MAPPING = """data_set: "police_incidents" version: 1
column { name: "ref" record_key: true }
column { name: "day" occurred_at: true }
column { name: "who" person_key: true }
column { name: "offence" variable: "offence_class" identity: true empty: "U" }
column { name: "weapon" variable: "weapon" identity: true empty: "U"
  value { from: "Küchenmesser" to: "KNIFE" } }
column { name: "sex" variable: "sex" identity: true empty: "U" }
column { name: "cost" quantity: "harm_cost" empty: "0" }
"""


def records(rows=3000, seed=5):
    """Rows as an agency would keep them: blanks, case, nobody, duplicates."""
    rng = random.Random(seed)
    made = []
    for number in range(rows):
        made.append((
            f"R{number}",
            f"{rng.choice(('2024-04', '2024-05', '2024-06'))}-{rng.randint(1, 28):02}",
            rng.choice(("", f"P{rng.randrange(rows)}")) if number % 9 == 0
            else f"P{rng.randrange(rows)}",
            rng.choice(("VWI", "VWOI", " rob ", "WEAP", "HOM") + ("VWI",) * 4),
            rng.choice(("KNIFE", "Küchenmesser", "GUN", "BLUNT", "", "BODY")),
            rng.choice(("M", "F", "m", "X", "")) if number % 40 == 0
            else rng.choice("MF"),
            str(rng.randrange(0, 9000)),
        ))
    return made + made[:20]


def psql(sql, data=None, database="postgres"):
    done = subprocess.run(
        ["psql", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p",
         PORT, "-U", "postgres", "-d", database, "-c", sql],
        input=data, capture_output=True, text=True, env=ENVIRONMENT, check=False)
    if done.returncode != 0:
        raise AssertionError(f"{sql}\n{done.stderr}")
    return done.stdout


def fill(table, rows):
    psql(f"DROP TABLE IF EXISTS {table} CASCADE; CREATE TABLE {table} (ref text, "
         "day date, who text, offence text, weapon text, sex text, cost numeric)")
    lines = "".join(
        "\t".join(field or "\\N" for field in row) + "\n" for row in rows)
    psql(f"COPY {table} FROM STDIN", lines)
    psql(f"GRANT SELECT ON {table} TO cairn")


def database(table="public.events", more="in_place: true", user="cairn"):
    return (
        "database { connection: \"DRIVER={PostgreSQL Unicode};SERVER=127.0.0.1;"
        f"PORT={PORT};DATABASE=postgres;UID={user}\"\n"
        f"  table: {quoted(table)} {more} timeout_seconds: 4 }}"
    )


def source(folder, where, months=("2024-04", "2024-06")):
    return (
        f"source {{ data_set: \"police_incidents\" {where}\n"
        f"  mapping: {quoted(folder / 'mapping.textproto')}\n"
        f"  covers {{ from: {quoted(months[0])} to: {quoted(months[1])} }} }}\n"
    )


@unittest.skipUnless(PORT, "run by tests/support/with_postgres")
class OwnDatabase(unittest.TestCase):
    """One agency with a file, one whose database is copied, one in place."""

    @classmethod
    def setUpClass(cls):
        folder = cls.folder = new_folder()
        (folder / "mapping.textproto").write_text(MAPPING)
        cls.rows = records()
        with open(folder / "events.csv", "w", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *cls.rows])
        psql("DROP OWNED BY cairn") if psql(
            "SELECT 1 FROM pg_roles WHERE rolname = 'cairn'") else psql(
            "CREATE ROLE cairn LOGIN")
        hba = psql("SHOW hba_file").strip()
        psql("SET password_encryption = 'scram-sha-256'; DROP ROLE IF EXISTS "
             "locked; CREATE ROLE locked LOGIN IN ROLE cairn PASSWORD "
             f"'{PASSWORD}'; COPY (VALUES ('host all locked 127.0.0.1/32 "
             "scram-sha-256'), ('host all all 127.0.0.1/32 trust')) TO "
             f"'{hba}'; SELECT pg_reload_conf()")
        fill("events", cls.rows)
        (folder / "password").write_text(PASSWORD + "\n")
        sources = {
            "a-file": f"file: {quoted(folder / 'events.csv')}",
            "a-copy": database(
                more=f"password_file: {quoted(folder / 'password')}",
                user="locked"),
            "a-place": database(),
        }
        members = {
            name: Agency(name, "police", "police_incidents", "",
                         source(folder, where))
            for name, where in sources.items()
        }
        cls.world = Partnership("riverside", ROOT / "policies/catalogue.textproto",
                                members, folder)
        cls.world.load_seconds = 120
        cls.addClassCleanup(cls.world.close)
        cls.world.open()

    def setUp(self):
        fill("events", self.rows)

    def agent(self, word, agency="a-place", **options):
        return run("cairn-agent", word, "--config",
                   str(self.world.config(agency)), timeout=120, **options)

    def ask(self, by, agency="a-place", *more, output="json"):
        return self.world.query("--from", "police_incidents", "--by", by,
                                "--agencies", agency, *more, output=output)

    def refused(self, by, *words):
        """The sentence with which a new table is refused."""
        done = self.ask(by)
        self.assertEqual(done.code, REFUSED, done)
        for word in words:
            self.assertIn(word, done.out + done.err, done)
        return done

    def failed_check(self, *words, environment=None):
        done = self.agent("check", environment=environment)
        self.assertNotEqual(done.code, COMPLETE, done)
        line = [line for line in done.out.splitlines() if "FAIL" in line]
        for word in words:
            self.assertIn(word, " ".join(line), done)

    @contextlib.contextmanager
    def other_source(self, where, agency="a-place", months=("2024-04", "2024-06")):
        """For a while, another source stands in its configuration."""
        config = self.world.config(agency)
        before = config.read_text()
        start = before.index("source {")
        config.write_text(before[:start] + source(self.folder, where, months))
        try:
            yield
        finally:
            config.write_text(before)

    def test_a_copy_answers_as_the_same_file_does_to_the_byte(self):
        for by in ("offence_class,month", "weapon,sex", "weekday", ""):
            words = ["--measure", "count", "--measure", "distinct_persons",
                     "--measure", "sum:harm_cost"]
            found = [
                re.sub(r"a-(file|copy)", "", self.world.query(
                    "--from", "police_incidents", *(["--by", by] if by else []),
                    "--agencies", agency, *words).out)
                for agency in ("a-file", "a-copy")
            ]
            self.assertIn("published", found[0])
            self.assertEqual(found[0], found[1], by)
        epochs = [self.world.status(name) for name in ("a-file", "a-copy")]
        rows = [re.search(r"(\d+) rows", text).group(1) for text in epochs]
        self.assertEqual(rows[0], rows[1])

    def test_in_place_shows_no_other_figure_than_the_file_does(self):
        shown = 0
        for by in ("offence_class", "weapon", "month"):
            truth = {
                row[by]: row for row in self.ask(
                    by, "a-file", "--measure", "distinct_persons",
                    output="csv").rows()
            }
            mine = self.ask(by, "a-place", "--measure", "distinct_persons",
                            output="csv").rows()
            self.assertEqual({row[by] for row in mine}, set(truth))
            for row in mine:
                if "published" == row["status"] == truth[row[by]]["status"]:
                    self.assertEqual(row["value"], truth[row[by]]["value"], row)
                    shown += 1
        self.assertGreater(shown, 6)

    def test_check_and_status_say_where_the_records_are(self):
        done = self.agent("check")
        self.assertEqual(done.code, COMPLETE, done)
        self.assertRegex(done.out, r"ok +database .*records stay there, and are "
                                   r"as load saw them")
        self.assertIn("3020 rows", self.world.status("a-place"))
        done = self.agent("check", "a-copy")
        self.assertEqual(done.code, COMPLETE, done)
        self.assertRegex(done.out, r"ok +database .*load copies it")
        # Nothing of a record is kept where nothing is to be kept.
        kept = self.world.folder / "state/a-place/extract/police_incidents.db"
        self.assertNotIn(b"R12", kept.read_bytes())
        self.assertFalse(list(kept.parent.glob("*.snapshot")))

    def test_an_account_that_can_write_gets_no_answer(self):
        psql("GRANT UPDATE ON events TO cairn")
        self.world.kill("a-place")
        self.world.heal()
        self.failed_check("may write")
        self.refused("sex,weapon", "cannot use its own database")
        wait_until(lambda: "may write" in self.world.log("a-place"), "the log")
        done = self.agent("load")
        self.assertNotEqual(done.code, COMPLETE)
        self.assertIn("may write", done.err)
        psql("REVOKE UPDATE ON events FROM cairn")
        self.assertEqual(self.ask("sex,weapon").code, COMPLETE)

    def test_a_column_that_is_lost_or_of_another_type_is_said(self):
        psql("ALTER TABLE events DROP COLUMN weapon")
        self.failed_check("column is missing")
        self.refused("weapon_kind,month", "cannot use its own database")
        fill("events", self.rows)
        psql("ALTER TABLE events ALTER COLUMN cost TYPE text; UPDATE events SET "
             "cost = 'Jane Doe' WHERE ref = 'R7'")
        self.failed_check("another type")
        done = self.refused("weapon_kind,month", "cannot use its own database")
        fill("events", self.rows)
        psql("UPDATE events SET weapon = 'Jane Doe' WHERE ref = 'R7'")
        self.failed_check("weapon", "the mapping does not know")
        self.refused("weapon_kind,month", "cannot use its own database")
        for text in (done.out, done.err, self.world.log("a-place"),
                     self.agent("check").out):
            self.assertNotIn("Jane", text)

    def test_records_that_change_stop_new_figures_and_leave_old_ones(self):
        self.assertEqual(self.ask("weapon").code, COMPLETE)
        before = self.ask("weapon", output="csv").out
        psql("UPDATE events SET weapon = 'GUN' WHERE ref IN ('R1', 'R2', 'R3')")
        self.failed_check("not those that load saw")
        self.refused("weapon,offence_class", "changed since")
        self.assertEqual(self.ask("weapon", output="csv").out, before)
        # Nor does a load make them figures of an epoch of their own.
        done = self.agent("load")
        self.assertNotEqual(done.code, COMPLETE, done)
        self.assertIn("closed months have changed", done.err)
        self.refused("weapon,offence_class", "changed since")

    def test_a_database_that_is_late_or_gone_is_said_and_heals(self):
        psql("CREATE VIEW late AS SELECT e.* FROM events e, (SELECT "
             "pg_sleep(60)) s; GRANT SELECT ON late TO cairn")
        start = time.monotonic()
        with self.other_source(database("late")):
            self.failed_check("took too long")
        self.assertLess(time.monotonic() - start, 60)
        # In mid query, and whenever it comes back.
        psql("CREATE VIEW slow AS SELECT e.* FROM events e, (SELECT "
             "pg_sleep(2)) s; GRANT SELECT ON slow TO cairn")
        ended = threading.Event()

        def cut():
            while not ended.wait(0.2):
                psql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                     "WHERE usename = 'cairn' AND query LIKE '%WITH%'")

        cutter = threading.Thread(target=cut)
        cutter.start()
        try:
            with self.other_source(database("slow")):
                self.failed_check("gone away")
            psql("ALTER TABLE events RENAME TO real; CREATE VIEW events AS SELECT "
                 "e.* FROM real e, (SELECT pg_sleep(2)) s; GRANT SELECT ON events "
                 "TO cairn")
            self.refused("sex,offence_class", "cannot reach its own database")
        finally:
            ended.set()
            cutter.join()
        psql("DROP VIEW events; ALTER TABLE real RENAME TO events")
        self.assertEqual(self.ask("sex,offence_class").code, COMPLETE)
        with self.other_source(database().replace(f"PORT={PORT}", "PORT=1")):
            self.failed_check("cannot be reached")

    def test_a_password_is_never_told(self):
        loose = self.folder / "loose"
        loose.write_text(PASSWORD)
        loose.chmod(0o644)
        ways = {
            f"password_file: {quoted(loose)}": "loose",
            f"password_file: {quoted(self.folder / 'none')}": "none",
            'password_environment: "CAIRN_TEST_NONE"': "CAIRN_TEST_NONE",
            'password_environment: "CAIRN_TEST_WRONG"': "let the account in",
        }
        for way, word in ways.items():
            with self.other_source(database(more=way, user="locked")):
                self.failed_check(word, environment={"CAIRN_TEST_WRONG": "wrong"})
        with self.other_source(database(
                more='in_place: true password_environment: "CAIRN_TEST_PW"',
                user="locked")):
            done = self.agent("check", environment={"CAIRN_TEST_PW": PASSWORD})
            self.assertEqual(done.code, COMPLETE, done)
        with self.other_source(
                database().replace("UID=cairn", f"UID=locked;PWD={PASSWORD}")):
            done = self.agent("check")
            self.assertEqual(done.code, USAGE, done)
            self.assertIn("password_file", done.out)
            self.assertNotIn(PASSWORD, done.out + done.err)
        for path in [*Path(self.world.folder / "state").rglob("*"),
                     *Path(self.world.folder / "log").rglob("*"),
                     *Path("/tmp").glob("psqlodbc_cairn-agent*"),
                     *Path("/tmp").glob("mylog_cairn-agent*")]:
            if path.is_file():
                self.assertNotIn(PASSWORD.encode(), path.read_bytes(), path)

    def test_a_month_that_is_added_goes_on_and_one_that_is_dropped_stands(self):
        fill("fresh", self.rows)
        state = self.folder / "state/fresh"
        config = self.world.config("fresh")

        def load(months):
            text = self.world.agent_config("a-place", state=state)
            config.write_text(text[:text.index("source {")] + source(
                self.folder, database("fresh"), months))
            done = run("cairn-agent", "load", "--config", str(config), timeout=120)
            self.assertEqual(done.code, COMPLETE, done)
            return re.search(r"epoch (\w+)", done.out).group(1), done.out

        first, _ = load(("2024-04", "2024-05"))
        self.assertEqual(load(("2024-04", "2024-05"))[0], first)
        second, words = load(("2024-04", "2024-06"))
        self.assertNotEqual(second, first)
        self.assertIn("1 month new: 2024-06", words)
        _, words = load(("2024-05", "2024-06"))
        self.assertIn("2024-04", words)

    def test_sqlite_by_odbc_is_copied_too(self):
        file = self.folder / "own.sqlite"
        import sqlite3
        with contextlib.closing(sqlite3.connect(file)) as own:
            own.execute("CREATE TABLE events (ref, day, who, offence, weapon, sex,"
                        " cost INTEGER)")
            own.executemany("INSERT INTO events VALUES (?,?,?,?,?,?,?)", self.rows)
            own.commit()
        for place in (True, False):
            where = (
                f'database {{ connection: "DRIVER={{SQLite3}};Database=file:{file}'
                '?mode=ro" table: "events" in_place: '
                f"{str(place).lower()} }}")
            config = self.world.config("lite")
            text = self.world.agent_config(
                "a-place", state=self.folder / f"state/lite{place}")
            config.write_text(
                text[:text.index("source {")] + source(self.folder, where))
            done = run("cairn-agent", "load", "--config", str(config), timeout=120)
            self.assertEqual(done.code, COMPLETE, done)
            self.assertIn("3020 rows", done.out)
            shown = run("cairn-agent", "preview", "--config", str(config),
                        "--from", "police_incidents", "--by", "weapon", *PURPOSE)
            self.assertEqual(shown.code, COMPLETE, shown)
            self.assertIn("KNIFE", shown.out)


if __name__ == "__main__":
    unittest.main()
