#!/usr/bin/env python3
"""Faults under a partnership that is being asked, and what its ledgers then hold.

A coordinator and an agent are asked questions while strace makes one system call
of one of them fail (EIO, ENOSPC) or kills it there (SIGKILL): each call of each
kind in turn. Then, and between kills -9 at random moments under load, both are
started again, and their logs are read by a checker that shares no code with them:

  - every entry in its place, the hashes kept with it those of RFC 6962
  - every commitment opens
  - every answer that an analyst was given has its entries on both sides, at the
    place and with the hash that its receipt names
  - no question was admitted twice, and each ended once
  - every table that left the agency is pinned, in the bytes that its answer's entry is
    bound to, and whoever asks for it again gets the same rows
  - a program whose write or sync failed stopped by itself, with a sentence

usage: ledger.py [--seconds S] [--kills N] [--queries N] [--seed S] [--part I/N]
                 [--pinning]
  --seconds S  of single faults, in an order that the seed shuffles, one of each
               kind first; 0: every one of them (hours)     (default 45)
  --kills N    kills -9 at random moments                    (default 8)
  --queries N  questions asked under each single fault       (default 4)
  --seed S     printed, so that a run can be had again
  --part I/N   only the Ith share of N of the single faults: N runs with one seed
               make all of them side by side                 (default 1/1)
Exits 0, or 1 with what was found; 77 where strace may not trace.
"""

import argparse
import collections
import contextlib
import itertools
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "end_to_end"))
import partnership  # noqa: E402
from asker import Asker  # noqa: E402
from checker import AGENCY, NODES, check  # noqa: E402
from partnership import BIN, COMPLETE, ENVIRONMENT, wait_until  # noqa: E402

CALLS = ("pwrite64", "fdatasync", "fsync", "openat", "ftruncate", "rename", "unlink")
PINNING = ("pwrite64", "fdatasync")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
# What is to be on the disk: a program that cannot write it goes no further. (SQLite
# does not mind where the folder cannot be synced, so that is done once, at a start.)
MUST_STOP = r"(pwrite64|fdatasync|fsync)\(\d+<[^>]*\.db(-wal)?>"
QUESTIONS = ("age_core", "sex", "month", "sex,age_core", "weapon", "quarter", "weapon,sex",
             "intent", "intent,sex", "month,sex")


class World:
    """One agency and its coordinator, and a copy of their state from before."""

    def __init__(self):
        self.partners = partnership.synthetic(AGENCY, rows=4000)
        self.partners.open()
        for name in NODES:
            assert self.partners.stop(name) == 0
        self.state = self.partners.folder / "state"
        self.before = self.partners.folder / "before"
        shutil.copytree(self.state, self.before)
        self.trace = self.partners.folder / "trace"
        self.acknowledged = []  # query_id and receipt of each answer
        self.told = {}  # question -> the rows of its answers, where they differ

    def restore(self):
        for name in NODES:
            self.kill(name)
        shutil.rmtree(self.state)
        shutil.copytree(self.before, self.state)
        self.acknowledged, self.told = [], {}

    def kill(self, name):
        process = self.partners.processes.pop(name, None)
        if process is not None:
            self.signal_tree(process, signal.SIGKILL)
            process.wait(10)

    @staticmethod
    def signal_tree(process, number):
        """strace does not pass on what it is sent."""
        children = []
        for task in Path(f"/proc/{process.pid}/task").glob("*/children"):
            children += task.read_text().split()
        for pid in (*map(int, children), process.pid):
            if number == signal.SIGKILL or not children or pid != process.pid:
                try:
                    os.kill(pid, number)
                except ProcessLookupError:
                    pass

    def start_with(self, name, call, fault, when):
        """Under strace, which lets the `when`th of these calls of a thread fail."""
        program = "cairn-coordinator" if name == "coordinator" else "cairn-agent"
        self.trace.unlink(missing_ok=True)
        files = [str(database) + end for database in (self.before / name).glob("*.db")
                 for end in ("", "-wal", "-shm")]
        files = [file.replace(str(self.before), str(self.state)) for file in files]
        paths = [option for file in (*files, str(self.state / name)) for option in ("-P", file)]
        with open(self.partners.folder / f"log/{name}.log", "wb") as log:
            self.partners.processes[name] = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", "--", "strace", "-f", "-y", "-qq", "-o",
                 str(self.trace), *paths, "-e", f"trace={call}",
                 *(("-e", f"inject={call}:{fault}:when={when}") if fault else ()),
                 str(BIN / program), "run", "--config", str(self.partners.config(name))],
                env=dict(ENVIRONMENT, ASAN_OPTIONS="detect_leaks=0"),
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def asker(self):
        return Asker(self.partners.profile)

    def ask(self, asker, by):
        """Whether there was a whole answer."""
        result = asker(by)
        if result is None:
            return False
        (agency,) = result["agencies"]
        self.acknowledged.append(
            {"query_id": result["query_id"], "receipt": agency["receipt"]})
        complete = agency["outcome"] == "answered"
        if complete:
            told = self.told.setdefault(by, [])
            if result["rows"] not in told:
                told.append(result["rows"])
        return complete

    def start_again(self):
        """Without a fault; returns what is then wrong."""
        for name in NODES:
            self.kill(name)
        self.partners.start(*reversed(NODES))
        self.partners.wait_attached(seconds=60)
        wrong = []
        with self.asker() as asker:
            if not self.ask(asker, QUESTIONS[0]):
                wrong.append("nothing is answered after the next start")
            for by, told in list(self.told.items()):
                if not self.ask(asker, by) or any(rows != told[0] for rows in told):
                    wrong.append(f"by {by}: what was told is not told again")
        wrong += check(self.state, self.acknowledged)
        for name, verdict in self.partners.verify_ledgers().items():
            if verdict.code != COMPLETE:
                wrong.append(f"{name}: audit verify says: {verdict.err.strip()}")
        # That opened and closed both databases beside the programs.
        with self.asker() as asker:
            if not self.ask(asker, QUESTIONS[0]):
                wrong.append("nothing is answered after audit verify")
        return wrong + check(self.state, self.acknowledged)

    def attached(self, seconds):
        """Whether both came up; a fault may have kept one from it."""
        def there():
            if not all(self.partners.running(name) for name in NODES):
                return True
            return self.partners.seen().get(AGENCY, {}).get("attached") == "yes"
        try:
            wait_until(there, "attached", seconds)
        except AssertionError:
            return False
        return all(self.partners.running(name) for name in NODES)

    # One fault.

    def count_calls(self, name, queries):
        """For each call how many of it one thread makes at most."""
        self.restore()
        self.run(name, ",".join(CALLS), None, 0, queries)
        self.finish(name)
        made = collections.Counter(re.findall(r"^(\d+) +(\w+)\(", self.trace.read_text(), re.M))
        most = dict.fromkeys(CALLS, 0)
        for (_, call), times in made.items():
            most[call] = max(most[call], times)
        return most

    def run(self, name, call, fault, when, queries):
        other = next(node for node in NODES if node != name)
        self.partners.start(other)
        self.start_with(name, call, fault, when)
        if not self.attached(30):
            return
        with self.asker() as asker:
            for by in itertools.islice(itertools.cycle(QUESTIONS), queries):
                self.ask(asker, by)
                if not self.partners.running(name):
                    return

    def finish(self, name):
        """Ends the traced program politely. The line of the fault that it met, if any,
        and the exit code, if it ended by itself."""
        process = self.partners.processes[name]
        lines = self.trace.read_text().splitlines() if self.trace.exists() else []
        fired = next((line for line in lines if "(INJECTED)" in line), "")
        try:
            process.wait(15 if fired else 0.01)  # it lets its callers end first
            return fired, process.returncode
        except subprocess.TimeoutExpired:
            pass
        self.signal_tree(process, signal.SIGTERM)
        process.wait(20)
        return fired, None

    def single_fault(self, name, call, fault, when, queries):
        self.restore()
        self.run(name, call, fault, when, queries)
        fired, code = self.finish(name)
        wrong = []
        if "error" in fault and re.search(MUST_STOP, fired):
            said = self.partners.log(name).strip().rpartition("\n")[2]
            if code != 1 or not said.startswith("cairn-"):
                wrong.append(f"exit code {code} after {call} failed; it said: {said[:300]}")
        return bool(fired), wrong + self.start_again()

    # Many kills.

    def back(self, seconds=60):
        """Until a question is answered in full, by whoever is there by then."""
        deadline = time.monotonic() + seconds
        while True:
            with self.asker() as asker:
                if self.ask(asker, QUESTIONS[0]):
                    return
            for name in NODES:
                if not self.partners.running(name):
                    raise AssertionError(f"{name} ended:\n{self.partners.log(name)[-1500:]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"not back after {seconds} s")
            time.sleep(0.02)

    def kills(self, number, dice):
        """That many kills -9, half of them of each program, a third of the moments of
        both at once, under four callers. What is then wrong; and for each moment who
        was killed and how many seconds passed until a question was answered again."""
        self.restore()
        self.partners.start(*reversed(NODES))
        self.partners.wait_attached()
        stopping = threading.Event()

        def load(seed):
            choose = random.Random(seed)
            while not stopping.is_set():
                with self.asker() as asker:
                    while not stopping.is_set() and self.ask(asker, choose.choice(QUESTIONS)):
                        # Or the ledgers grow by a million entries, each of them checked.
                        time.sleep(choose.uniform(0, 0.2))
                time.sleep(0.05)

        threads = [threading.Thread(target=load, args=(dice.random(),)) for _ in range(4)]
        for thread in threads:
            thread.start()
        wrong, took = [], []
        moments = moments_of(number, dice)
        try:
            for i, names in enumerate(moments):
                time.sleep(dice.uniform(0.05, 1.5))
                start = time.monotonic()
                for name in names:
                    self.kill(name)
                    self.partners.start(name)
                self.back()
                took.append((names, time.monotonic() - start))
                if i % max(10, len(moments) // 20) == 9:
                    wrong += check(self.state, self.acknowledged, ended=False)
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
        return wrong + self.start_again(), took


def moments_of(kills, dice):
    """Who is killed at each moment: as many kills of each program, a third of the
    moments both."""
    both = kills // 4
    each = (kills - 2 * both) // 2
    moments = both * [tuple(NODES)] + [(name,) for name in NODES for _ in range(each)]
    dice.shuffle(moments)
    return moments


def blind_to(world):
    """What the checker does not see: it is to see each of these."""
    for name in NODES:
        world.kill(name)
    last = "(SELECT max(seq) FROM entry WHERE line LIKE '%answer.released%')"
    unseen = []
    for name, change in (
        (AGENCY, f"DELETE FROM entry WHERE seq >= {last}"),
        (AGENCY, f"UPDATE entry SET line = replace(line, '_released\":', '_released\":1') "
                 f"WHERE seq = {last}"),
        (AGENCY, f"UPDATE entry SET hashes = zeroblob(32) WHERE seq = {last}"),
        (AGENCY, "UPDATE commitment SET salt = zeroblob(32) WHERE bytes IS NOT NULL"),
        ("coordinator", "DELETE FROM entry WHERE seq >= (SELECT max(seq) FROM entry "
                        "WHERE line LIKE '%answer.merged%')"),
    ):
        path = world.state / name / NODES[name]
        whole = [(file, file.read_bytes()) for file in path.parent.glob(path.name + "*")]
        with contextlib.closing(sqlite3.connect(path)) as disk:
            disk.execute(change)
            disk.commit()
        if not check(world.state, world.acknowledged):
            unseen.append(f"the checker does not see: {change}")
        for file in path.parent.glob(path.name + "*"):
            file.unlink()
        for file, content in whole:
            file.write_bytes(content)
    return unseen + check(world.state, world.acknowledged)


def points(world, options):
    """This part's single faults; one of each kind first.

    Which part a fault falls to and when it is made hang on the seed and the fault
    alone: how often a call is made differs from run to run.
    """
    part, parts = options.part
    first, rest = [], []
    for name in (AGENCY,) if options.pinning else NODES:
        for call, calls in world.count_calls(name, options.queries).items():
            if options.pinning and call not in PINNING:
                continue
            for fault in FAULTS:
                drawn = [(random.Random(f"{options.seed} {name} {call} {fault} {when}").random(),
                          (name, call, fault, when)) for when in range(1, calls + 1)]
                mine = sorted(one for one in drawn if int(one[0] * parts) == part - 1)
                first += mine[:1]
                rest += mine[1:]
            print(f"{name}: up to {calls} calls of {call} by a thread", flush=True)
    return [point for _, point in sorted(first) + sorted(rest)]


def may_trace():
    done = subprocess.run(["strace", "-qq", "-e", "trace=none", "true"], capture_output=True,
                          text=True, check=False)
    return done.returncode == 0, done.stderr.strip()


def part(text):
    first, _, every = text.partition("/")
    if not (first.isdigit() and every.isdigit() and 1 <= int(first) <= int(every)):
        raise argparse.ArgumentTypeError(f"'{text}' is not I/N with I from 1 to N")
    return int(first), int(every)


def main():
    parser = argparse.ArgumentParser(usage=__doc__.partition("usage: ")[2])
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--kills", type=int, default=8)
    parser.add_argument("--queries", type=int, default=4)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10 ** 6))
    parser.add_argument("--part", type=part, default=(1, 1), metavar="I/N")
    parser.add_argument("--pinning", action="store_true")
    options = parser.parse_args()
    if options.pinning:
        options.queries = 1
    if shutil.which("strace") is None:
        print("skipped: strace is not installed; run .ci/deps")
        return 77
    allowed, why = may_trace()
    if not allowed:
        print(f"skipped: strace may not trace here ({why})")
        return 77
    print(f"seed {options.seed}", flush=True)
    dice = random.Random(f"{options.seed} {options.part}")
    found, done, fired = [], 0, 0
    world = World()
    try:
        start = time.monotonic()
        for point in points(world, options):
            if options.seconds and time.monotonic() - start > options.seconds:
                break
            hit, wrong = world.single_fault(*point, options.queries)
            done, fired = done + 1, fired + hit
            found += [f"{' '.join(map(str, point))}: {sentence}" for sentence in wrong]
            for sentence in wrong:
                print(f"{point}: {sentence}", flush=True)
        print(f"{done} single faults, {fired} of them met", flush=True)
        wrong, _ = world.kills(options.kills, dice) if options.kills else ([], [])
        print(f"{options.kills} kills, {len(world.acknowledged)} answers given", flush=True)
        wrong += blind_to(world)
        found += wrong
        for sentence in wrong:
            print(sentence, flush=True)
        if options.seconds and not fired:
            found.append("no fault was met: nothing was tested")
            print(found[-1])
    finally:
        for name in NODES:
            world.kill(name)
        world.partners.close()
    print(f"{len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
