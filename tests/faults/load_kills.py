#!/usr/bin/env python3
"""Kills a load at every kind of moment: what stands then is the old or the new, whole.

Two exports, in which every record differs, are loaded in turn, and each load is
killed (SIGKILL) at a moment of its own. What is on the disk changes only with a
system call, so most are killed by strace as they are about to make one: any that
changes a file, the rename by which the new takes the place of the old or the sync
before it, or a call after it. The others are killed by the clock, up to a tenth after
the end that an undisturbed load has. Then the extract's records in force, read by Python's
sqlite3, must be all of the one export or all of the other, and each figure that the
agent shows (of its snapshot) must be what the same CSV file says, rounded.

usage: load_kills.py [--kills N] [--rows N] [--seed S]
  --kills N  how many loads are killed                    (default 50)
  --rows N   rows of each export                          (default 20000)
  --seed S   printed, so that a run can be had again
Exits 0, or 1 with what was found, or if no kill fell before the switch or none after
it; 77 where strace may not trace.
"""

import argparse
import collections
import hashlib
import random
import re
import shutil
import signal
import sqlite3
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "end_to_end"))
import partnership  # noqa: E402
from ledger import may_trace  # noqa: E402
from partnership import PURPOSE, ROOT, quoted, run  # noqa: E402

MAPPING = """data_set: "police_incidents" version: 1
column { name: "day" occurred_at: true }
column { name: "who" person_key: true }
column { name: "weapon" variable: "weapon" identity: true }
column { name: "cost" quantity: "harm_cost" }
"""


CALLS = ("pwrite64", "ftruncate", "fsync", "rename", "unlink")
# Which call, and the end of the name of the file that it is for.
BEFORE_THE_SWITCH = (("fsync", ".db.new"), ("rename", ".db.new"))
AFTER_THE_SWITCH = (("fsync", ".db"), ("write", ""), ("exit_group", ""))


class Failed(Exception):
    """What was found."""


def fields(message):
    """The fields of a protobuf message: number, and an integer or bytes."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            yield tag >> 3, varint()
            continue
        size = varint()  # ours have no other kinds
        yield tag >> 3, message[at:at + size]
        at += size


def eras_in_force(meta):
    """Positions of ExtractMeta.era that have an odd number of bounds."""
    eras = [value for number, value in fields(meta) if number == 16]
    # A packed field of numbers below 128: a byte each.
    return [at for at, era in enumerate(eras)
            if sum(len(v) for n, v in fields(era) if n == 2) % 2 == 1]


def write_export(path, rows, seed, weapons, low):
    rng = random.Random(seed)
    with open(path, "w") as file:
        file.write("day,who,weapon,cost\n")
        for _ in range(rows):
            file.write(f"2024-0{rng.randint(4, 6)}-{rng.randint(1, 28):02},"
                       f"P{rng.randrange(rows)},{rng.choice(weapons)},"
                       f"{low + rng.randrange(1000)}\n")


class Extract:
    def __init__(self, folder):
        self.folder = folder
        self.config = folder / "agent.textproto"
        self.path = folder / "state/extract/police_incidents.db"
        (folder / "mapping.textproto").write_text(MAPPING)
        for name in ("a", "k", "c"):
            (folder / f"{name}.pem").write_text("")

    def use(self, export):
        self.config.write_text(
            'agency: "one" coordinator: "127.0.0.1:1"\n'
            'credentials { certificate: "a.pem" key: "k.pem" authority: "c.pem" }\n'
            f'state_dir: "state" catalogue: {quoted(ROOT / "policies/catalogue.textproto")}\n'
            f'policy: {quoted(ROOT / "policies/standard.textproto")}\n'
            f'source {{ data_set: "police_incidents" file: {quoted(export)}\n'
            '  mapping: "mapping.textproto"\n'
            '  covers { from: "2024-04" to: "2024-06" } }\n')

    def program(self, *words):
        done = run("cairn-agent", *words, "--config", str(self.config), timeout=300)
        if done.code != 0:
            raise Failed(f"{' '.join(words)} failed:\n{done}")
        return done.out

    def start_load(self, *options):
        """With options: under strace."""
        through = ("strace", "-f", "-qq", "-o", str(self.folder / "trace"),
                   *options) if options else ()
        return partnership.Asking(
            "cairn-agent", "load", "--config", str(self.config), through=through,
            environment={"ASAN_OPTIONS": "detect_leaks=0"} if options else {})

    def trace_load(self):
        """The calls of a load that is left alone: (name, the how manieth of it)."""
        done = self.start_load("-e", "trace=" + ",".join(CALLS)).end(300)
        if done.code != 0:
            raise Failed(f"load failed:\n{done}")
        names = re.findall(r"(?m)^\d+ +(\w+)\(", (self.folder / "trace").read_text())
        return [(name, names[:at + 1].count(name)) for at, name in enumerate(names)]

    def records(self):
        """A digest of the records in force."""
        own = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            columns = [row[1] for row in own.execute("PRAGMA table_info(record)")]
            columns.remove("era")
            meta = own.execute("SELECT value FROM meta WHERE key = 'extract'")
            eras = ",".join(str(era) for era in eras_in_force(meta.fetchone()[0]))
            rows = sorted(own.execute(
                f"SELECT {', '.join(columns)} FROM record WHERE era IN ({eras})"))
        finally:
            own.close()
        return hashlib.sha256(repr(rows).encode()).hexdigest()

    def check_table(self, counts):
        """What the steward would see leave is what the export says."""
        text = self.program("preview", "--from", "police_incidents", "--by", "weapon",
                            *PURPOSE)
        shown = dict(re.findall(r"(?m)^  (\w+) +(\d+)$", text.split("\n\n")[1]))
        if len(shown) < 2:
            raise Failed(f"hardly anything is shown:\n{text}")
        for weapon, number in shown.items():
            if abs(int(number) - counts.get(weapon, 0)) > 2:
                raise Failed(f"{weapon}: {number} is shown of {counts}")


def counts_of(export):
    counts = collections.Counter(
        line.split(",")[2] for line in export.read_text().splitlines()[1:])
    return {**counts, "Total": sum(counts.values())}


def kill_one(extract, turn, calls, seconds, rng):
    """Starts a load and kills it; how it ended. One turn in five is the clock's, one
    falls just before the switch and one after it."""
    if turn % 5 == 0:
        load = extract.start_load()
        time.sleep(rng.uniform(0, 1.1 * seconds))
        load.process.send_signal(signal.SIGKILL)
        return load.end()
    when, paths = 1, ()
    if turn % 5 < 3:
        call, when = rng.choice(calls)
    else:
        call, end = rng.choice(BEFORE_THE_SWITCH if turn % 5 == 3 else AFTER_THE_SWITCH)
        paths = ("-P", str(extract.path.with_suffix(end))) if end else ()
    return extract.start_load(
        *paths, "-e", f"trace={call}", "-e",
        f"inject={call}:signal=KILL:when={when}").end(300)


def kill_loads(extract, rows, kills, rng):
    exports = [extract.folder / "first.csv", extract.folder / "second.csv"]
    write_export(exports[0], rows, 1, ("KNIFE", "GUN", "BLUNT"), 0)
    write_export(exports[1], rows, 2, ("KNIFE", "FIRE", "VEH", "OTHER"), 2000)
    counts = [counts_of(export) for export in exports]
    known, traces = [], []  # a trace of each export's load over the other's
    extract.use(exports[0])
    extract.program("load")
    known.append(extract.records())
    for export in (exports[1], exports[0]):
        extract.use(export)
        traces.insert(0, extract.trace_load())
        known.append(extract.records())
    extract.use(exports[1])
    start = time.monotonic()
    extract.program("load")
    seconds = time.monotonic() - start
    if known[0] == known[1] or known[0] != known[2]:
        raise Failed("the exports cannot be told apart")
    stands, seen = 1, [0, 0, 0]  # done before the kill, old, new
    number = 0
    while seen[1] + seen[2] < kills:
        number += 1
        if number > 3 * kills + 10:
            raise Failed(f"hardly any load is killed before it is done: {seen}")
        wanted = 1 - stands
        extract.use(exports[wanted])
        done = kill_one(extract, seen[1] + seen[2] + 1, traces[wanted], seconds, rng)
        if done.code not in (0, -signal.SIGKILL):
            raise Failed(f"kill {number}: the load failed by itself:\n{done}")
        found = extract.records()
        if found not in known:
            raise Failed(f"kill {number}: records that are neither the one export "
                         "nor the other")
        now = known.index(found)
        extract.check_table(counts[now])
        seen[0 if done.code == 0 else 1 if now == stands else 2] += 1
        if done.code == 0 and now != wanted:
            raise Failed(f"kill {number}: a load that was done is not there")
        stands = now
    if not seen[1] or not seen[2]:
        raise Failed(f"of {kills} kills {seen[1]} fell before the switch to the new "
                     f"records and {seen[2]} after it; both are to be tried")
    # And the next load has what it needs.
    extract.use(exports[1 - stands])
    extract.program("load")
    if extract.records() != known[1 - stands]:
        raise Failed("the load after all kills is not the export")
    left = sorted(path.name for path in extract.path.parent.iterdir())
    if any(name.endswith(".new") for name in left) or len(
            [name for name in left if ".snapshot" in name]) != 1:
        raise Failed(f"left behind: {left}")
    print(f"{kills} kills: {seen[1]} left the old records, {seen[2]} the new; "
          f"{seen[0]} more came after the load was done; none left a mix")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--rows", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    flags = parser.parse_args()
    if shutil.which("strace") is None or not may_trace()[0]:
        print("skipped: strace is not installed, or may not trace here")
        return 77
    print(f"seed {flags.seed}", flush=True)
    folder = partnership.new_folder()
    try:
        kill_loads(Extract(folder), flags.rows, flags.kills, random.Random(flags.seed))
    except Failed as failed:
        print(failed)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
