#!/usr/bin/env python3
"""A table from an agency's own PostgreSQL, against the same statements in psql.

The agent's source (ODBC, records in place) works out a table; what it asked the server
stands in the server's log, with its parameters; the same statements, with the values
written out, are typed into a psql that stays open. The two take turns; psql's \\timing
says its time, to the last row. Run by tests/support/with_postgres 1.

usage: own_database.py [--rows N] [--passes P]
Prints one line a table.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from federation import BIN, CODES, ENVIRONMENT, MAPPING, PORTS, Agency, Psql  # noqa: E402
from federation import ROOT, Partnership, new_folder, quoted  # noqa: E402

TABLES = (("sex",), ("month", "offence_class"), ("month", "offence_class", "age_band", "sex"))


def text_of(name, number):
    codes = ",".join(f"'{code}'" for code in CODES[name])
    return f"(ARRAY[{codes}])[1 + (hashint4(i * 8 + {number}) & 1048575) % {len(CODES[name])}]"


def fill(psql, rows):
    psql(f"""CREATE TABLE incident AS SELECT 'R' || i AS ref,
  (DATE '2024-04-01' + (hashint4(i) & 1048575) % 365) AS day,
  'P' || CASE WHEN i % 5 = 0 THEN i / 2 ELSE i END AS who,
  {text_of('offence_class', 1)} AS offence_class, {text_of('age_band', 2)} AS age_band,
  {text_of('sex', 3)} AS sex, {text_of('weapon', 4)} AS weapon
  FROM generate_series(1, {rows}) AS i;
CREATE ROLE reader LOGIN;
GRANT SELECT ON incident TO reader;
VACUUM ANALYZE incident;""")


def statements_of(log):
    """What was asked, with its parameters in place."""
    asked = []
    entry = re.compile(r"(?ms)^\d{4}-\S+ \S+ \S+ \[\d+\] (\w+):  (.*?)(?=^\d{4}-\S+ \S+ \S+ \[|\Z)")
    for kind, text in entry.findall(log):
        statement = re.match(r"(?s)(?:execute [^:]*|statement): (.*)", text)
        if kind == "LOG" and statement:
            asked.append(statement[1].strip())
        elif kind == "DETAIL" and text.startswith("parameters: "):
            values = dict(re.findall(r"\$(\d+) = ('(?:[^']|'')*'|NULL)", text))
            asked[-1] = re.sub(r"\$(\d+)", lambda at: values[at[1]], asked[-1])
    return [statement for statement in asked
            if re.match(r"(?i)BEGIN|COMMIT|SELECT|WITH|SET|ROLLBACK", statement)
            and "pg_" not in statement]


class Source:
    def __init__(self, config):
        self.process = subprocess.Popen(
            [str(BIN / "cairn-bench-tabulate-each"), str(config), "police_incidents"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)

    def timed_ms(self, by):
        self.process.stdin.write(",".join(by) + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def logged(psql, path, source, by):
    """The server's log of one table."""
    psql("ALTER SYSTEM SET log_statement = 'all';\nSELECT pg_reload_conf();")
    time.sleep(1)
    begin = path.stat().st_size
    source.timed_ms(by)
    psql("ALTER SYSTEM RESET log_statement;\nSELECT pg_reload_conf();")
    time.sleep(1)
    with open(path) as log:
        log.seek(begin)
        return log.read()


def bench(folder, rows, passes):
    psql = Psql(PORTS[0])
    fill(psql, rows)
    log = Path(psql("SHOW data_directory;").strip() + ".log")
    (folder / "mapping.textproto").write_text(MAPPING.replace(
        'column { name: "ref" record_key: true }\n', ""))
    sites = Partnership("riverside", ROOT / "policies/catalogue.textproto", {"one": Agency(
        "One", "police", "police_incidents", "",
        'source { data_set: "police_incidents" database { connection: "DRIVER={PostgreSQL '
        f'Unicode}};SERVER=127.0.0.1;PORT={PORTS[0]};DATABASE=postgres;UID=reader" '
        'table: "public.incident" in_place: true timeout_seconds: 600 }\n'
        f"  mapping: {quoted(folder / 'mapping.textproto')}\n"
        '  covers { from: "2024-04" to: "2025-03" } }\n')}, folder)
    sites.certificates()
    sites.write_configs()
    sites.load_seconds = 600
    sites.load("one")
    source = Source(sites.config("one"))
    for by in TABLES:
        source.timed_ms(by)
        asked = statements_of(logged(psql, log, source, by))
        if sum(statement.startswith("WITH") for statement in asked) < 2:
            sys.exit(f"the statements are not in the server's log: {asked}")
        ours, theirs = [], []
        typed = ";\n".join(asked) + ";"
        for _ in range(passes):
            ours.append(source.timed_ms(by))
            said = psql(f"\\timing on\n\\o /dev/null\n{typed}\n\\o\n\\timing off")
            theirs.append(sum(map(float, re.findall(r"Time: ([\d.]+) ms", said))))
        mine, yardstick = statistics.median(ours), statistics.median(theirs)
        print(f"{' x '.join(by)}, {rows} rows: source {mine:.0f} ms, psql {yardstick:.0f} ms "
              f"for {len(asked)} statements: {mine / yardstick:.2f} x", flush=True)
    source.process.communicate()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--passes", type=int, default=5)
    flags = parser.parse_args()
    if not PORTS:
        sys.exit("run it by tests/support/with_postgres 1")
    folder = new_folder()
    try:
        bench(folder, flags.rows, flags.passes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
