#!/usr/bin/env python3
"""A federated cross-tab and a federated count, against postgres_fdw on the same rows.

Five agents with a snapshot each and a coordinator on 127.0.0.1 are asked a table of
four variables with all margins, as an analyst's program asks over one connection, from
the question to its result as JSON: mutual TLS, protection and proof, both ledgers.
Five PostgreSQL servers hold the same rows as small integers behind a sixth, which has
each count its own (asynchronously, the grouping pushed down) and adds up all margins:
what psql's \\timing says, without privacy and without a log. The two take turns. Then
ten agents are asked how many records there are, beside one write and fdatasync of
4 KiB on the same disk. Run by tests/support/with_postgres with six servers.

usage: federation.py [--rows N] [--passes P] [--skewed]
  --rows N    records of each site     (default 1000000)
  --passes P  how often each is asked  (default 9)
  --skewed    some codes are rare, so that cells have to be hidden; else all are
              as frequent
Prints one line a figure.
"""

import argparse
import itertools
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "end_to_end"))
from partnership import (BIN, ENVIRONMENT, PURPOSE, ROOT, Agency,  # noqa: E402
                         Partnership, new_folder, quoted)

SITES, MORE_SITES = 5, 10
CODES = {
    "month": [f"2024-{month:02}" for month in range(4, 13)] + ["2025-01", "2025-02", "2025-03"],
    "offence_class": ["VWOI", "VWI", "STALK", "PUB", "OTHER", "DRUG", "SEX_OTH", "ROB",
                      "WEAP", "SEX_RAPE", "HOM", "VIOLSEX_U"],
    "age_band": ["25-34", "35-44", "20-24", "45-54", "55-64", "18-19", "16-17", "14-15",
                 "65+", "10-13", "5-9", "0-4"],
    "sex": ["M", "F", "X"],
    "weapon": ["NONE", "BODY", "KNIFE", "OTHER", "BLUNT", "VEH", "GUN", "STRANG", "FIRE",
               "SEXUAL", "CORR"],
}
# With --skewed each code is rarer than the one before it.
SKEWED = {
    "sex": [60, 40, 0.2],
    **{name: [0.62 ** at for at in range(len(CODES[name]))]
       for name in ("offence_class", "age_band", "weapon")},
}
CROSS_TAB = ("month", "offence_class", "age_band", "sex")
MAPPING = """data_set: "police_incidents" version: 1
column { name: "ref" record_key: true }
column { name: "day" occurred_at: true }
column { name: "who" person_key: true }
column { name: "offence_class" variable: "offence_class" identity: true }
column { name: "age_band" variable: "age_band" identity: true }
column { name: "sex" variable: "sex" identity: true }
column { name: "weapon" variable: "weapon" identity: true }
"""
PORTS = os.environ.get("CAIRN_PG_PORTS", "").split()


def write_site(folder, site, rows, weights):
    """The records as texts for the agent, and as numbers of codes for PostgreSQL."""
    rng = random.Random(site)
    drawn = [rng.choices(range(len(codes)), weights.get(name), k=rows)
             for name, codes in CODES.items()]
    texts = [CODES[name] for name in CODES]
    with open(folder / f"{site}.csv", "w") as csv, open(folder / f"{site}.copy", "w") as copy:
        csv.write("ref,day,who,offence_class,age_band,sex,weapon\n")
        for at, (m, o, a, s, w) in enumerate(zip(*drawn)):
            # Every fifth record is of somebody who has one already.
            who = at if at % 5 else rng.randrange(at + 1)
            csv.write(f"R{at},{texts[0][m]}-{1 + at % 28:02},P{who},{texts[1][o]},"
                      f"{texts[2][a]},{texts[3][s]},{texts[4][w]}\n")
            copy.write(f"{m}\t{o}\t{a}\t{s}\t{w}\n")


class Sites(Partnership):
    """Agents over one file each; what another has loaded is copied, not loaded again."""

    def __init__(self, count, data):
        source = (f"mapping: {quoted(data / 'mapping.textproto')}\n"
                  '  covers { from: "2024-04" to: "2025-03" } }\n')
        self.copied = {f"site-{at:02}": data / f"loaded-{at % SITES}" for at in range(count)}
        super().__init__("riverside", ROOT / "policies/catalogue.textproto", {
            f"site-{at:02}": Agency(
                f"Site {at}", "police", "police_incidents", "",
                f"source {{ data_set: \"police_incidents\" file: "
                f"{quoted(data / f'{at % SITES}.csv')}\n  {source}")
            for at in range(count)})
        self.load_seconds = 900

    def load(self, agency):
        loaded, state = self.copied[agency], self.folder / "state" / agency
        if not loaded.exists():
            super().load(agency)
            loaded.mkdir()
            for name in ("extract", "pseudonym.key"):
                subprocess.run(["cp", "-a", state / name, loaded], check=True)
        else:
            subprocess.run(["cp", "-a", f"{loaded}/.", state], check=True)


class Psql:
    """One connection that stays open."""

    def __init__(self, port):
        self.process = subprocess.Popen(
            ["psql", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", port,
             "-U", "postgres", "-d", "postgres"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)

    def __call__(self, sql):
        self.process.stdin.write(sql + "\n\\echo -- done\n")
        self.process.stdin.flush()
        lines = list(itertools.takewhile(lambda line: line != "-- done\n",
                                         iter(self.process.stdout.readline, "")))
        if self.process.poll() is not None or any("ERROR" in line for line in lines):
            raise SystemExit(f"{sql}\n{''.join(lines)}")
        return "".join(lines)

    def timed_ms(self, sql):
        """What \\timing says; the rows go nowhere."""
        said = self(f"\\timing on\n\\o /dev/null\n{sql}\n\\o\n\\timing off")
        return float(re.search(r"Time: ([\d.]+) ms", said)[1])


def fill_servers(data):
    columns = ", ".join(f"{name} smallint" for name in CODES)
    for site in range(SITES):
        server = Psql(PORTS[site])
        server(f"CREATE TABLE incident ({columns});\n"
               f"\\copy incident FROM '{data}/{site}.copy'\nVACUUM ANALYZE incident;")
    hub = Psql(PORTS[SITES])
    hub("CREATE EXTENSION postgres_fdw;")
    for site in range(SITES):
        hub(f"CREATE SERVER s{site} FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host "
            f"'127.0.0.1', port '{PORTS[site]}', dbname 'postgres', fetch_size '20000', "
            "async_capable 'true');\n"
            f"CREATE USER MAPPING FOR postgres SERVER s{site} OPTIONS (user 'postgres');\n"
            f"CREATE FOREIGN TABLE f{site} ({columns}) SERVER s{site} OPTIONS (table_name "
            f"'incident');\nANALYZE f{site};")
    return hub


def pushed_down(hub, by):
    names = ", ".join(by)
    each = " UNION ALL ".join(
        f"SELECT {names}, count(*) AS n FROM f{site} GROUP BY {names}" for site in range(SITES))
    sql = f"SELECT {names}, sum(n) FROM ({each}) AS site GROUP BY CUBE ({names});"
    plan = hub(f"EXPLAIN VERBOSE {sql}")
    if plan.count("Relations: Aggregate on") != SITES or "Async Foreign Scan" not in plan:
        raise SystemExit(f"the grouping is not pushed down:\n{plan}")
    return sql


class Analyst:
    """One connection to the coordinator."""

    def __init__(self, profile):
        self.process = subprocess.Popen(
            [str(BIN / "cairn-ask-each"), str(profile), "60000", "police_incidents"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)

    def timed_ms(self, by, sites):
        start = time.monotonic()
        self.process.stdin.write(",".join(by) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        seconds = time.monotonic() - start
        if line.count('"outcome":"answered"') != sites:
            raise SystemExit(f"not all of {sites} answered: {line[:2000]}")
        return 1000 * seconds, line

    def end(self):
        self.process.communicate()


def first_without_hold(sites, by):
    """All agents work out and prove a table at once, as `preview` does, which nobody
    waits for: milliseconds until the last is done, less those of a table of sex."""
    def all_ms(variables):
        start = time.monotonic()
        asked = [subprocess.Popen(
            [str(BIN / "cairn-agent"), "preview", "--config", str(sites.config(name)), "--from",
             "police_incidents", "--by", variables, *PURPOSE],
            stdout=subprocess.DEVNULL, env=ENVIRONMENT) for name in sites.agencies]
        if any(process.wait() for process in asked):
            raise SystemExit(f"no preview of {variables}")
        return 1000 * (time.monotonic() - start)

    cost = all_ms("sex")
    return all_ms(",".join(by)) - cost


def sync_ms(path):
    with open(path, "wb") as file:
        start = time.monotonic()
        file.write(b"x" * 4096)
        file.flush()
        os.fdatasync(file.fileno())
        return 1000 * (time.monotonic() - start)


def middle(figures):
    return statistics.median(figures)


def processor_ms(roots):
    """What processes and all that they started have worked until now, which other
    programs on the machine do not stretch."""
    stats = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        stats[int(path.parent.name)] = (int(fields[1]), sum(map(int, fields[11:15])))

    def ticks(pid):
        return stats.get(pid, (0, 0))[1] + sum(
            ticks(child) for child, (parent, _) in stats.items() if parent == pid)

    return 1000 * sum(map(ticks, roots)) / os.sysconf("SC_CLK_TCK")


class Worked:
    """Milliseconds of processor in a block."""

    def __init__(self, roots):
        self.roots, self.ms = roots, 0.0

    def __enter__(self):
        self.start = processor_ms(self.roots)

    def __exit__(self, *_):
        self.ms += processor_ms(self.roots) - self.start


def bench_cross_tab(data, hub, postmasters, passes):
    sites = Sites(SITES, data)
    try:
        sites.certificates()
        sites.write_configs()
        for name in sites.agencies:
            sites.load(name)
        alone = first_without_hold(sites, CROSS_TAB)
        sites.start("coordinator", *sites.agencies)
        sites.wait_attached()
        analyst = Analyst(sites.profile)
        ours = [process.pid for process in sites.processes.values()] + [analyst.process.pid]
        sql = pushed_down(hub, CROSS_TAB)
        hub.timed_ms(sql)
        at_first, again, fdw = Worked(ours), Worked(ours), Worked(postmasters)
        with at_first:
            first, answer = analyst.timed_ms(CROSS_TAB, SITES)
        pinned, theirs = [], []
        for _ in range(passes):
            with fdw:
                theirs.append(hub.timed_ms(sql))
            with again:
                pinned.append(analyst.timed_ms(CROSS_TAB, SITES)[0])
        yardstick = middle(theirs)
        cells = answer.count('"status"')
        print(f"cross-tab of {SITES} sites, {cells} cells, {len(answer) // 1000} kB as JSON: "
              f"postgres_fdw {yardstick:.0f} ms; first {first:.0f} ms, {first / yardstick:.2f} x; "
              f"without its hold {alone:.0f} ms, {alone / yardstick:.2f} x; "
              f"pinned {middle(pinned):.1f} ms, 1/{yardstick / middle(pinned):.1f}; "
              f"of processor: postgres_fdw {fdw.ms / passes:.0f} ms, first {at_first.ms:.0f} ms, "
              f"pinned {again.ms / passes:.0f} ms, 1/{fdw.ms / again.ms:.1f}", flush=True)
        analyst.end()
    finally:
        sites.close()


def bench_count(data, passes):
    sites = Sites(MORE_SITES, data)
    try:
        sites.open()
        analyst = Analyst(sites.profile)
        first, _ = analyst.timed_ms((), MORE_SITES)
        pinned, syncs = [], []
        for _ in range(10 * passes):
            syncs.append(sync_ms(sites.folder / "sync"))
            pinned.append(analyst.timed_ms((), MORE_SITES)[0])
        print(f"count of {MORE_SITES} sites: first {first:.0f} ms; pinned {middle(pinned):.1f} "
              f"ms; one sync {middle(syncs):.1f} ms; beyond it "
              f"{middle(pinned) - middle(syncs):.1f} ms", flush=True)
        analyst.end()
    finally:
        sites.close()


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--passes", type=int, default=9)
    parser.add_argument("--skewed", action="store_true")
    flags = parser.parse_args()
    if len(PORTS) != SITES + 1:
        sys.exit(f"run it by tests/support/with_postgres {SITES + 1}")
    data = new_folder()
    try:
        for site in range(SITES):
            write_site(data, site, flags.rows, SKEWED if flags.skewed else {})
        (data / "mapping.textproto").write_text(MAPPING)
        hub = fill_servers(data)
        postmasters = [int(Path(Psql(port)("SHOW data_directory;").strip(), "postmaster.pid")
                           .read_text().split()[0]) for port in PORTS]
        bench_cross_tab(data, hub, postmasters, flags.passes)
        bench_count(data, flags.passes)
    finally:
        shutil.rmtree(data, ignore_errors=True)


if __name__ == "__main__":
    main()
