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
import hashlib
import itertools
import json
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
from partnership import BIN, COMPLETE, ENVIRONMENT, wait_until  # noqa: E402

AGENCY = "st-marys-ed"
NODES = {AGENCY: "agent.db", "coordinator": "coordinator.db"}
CALLS = ("pwrite64", "fdatasync", "fsync", "openat", "ftruncate", "rename", "unlink")
PINNING = ("pwrite64", "fdatasync")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
# What is to be on the disk: a program that cannot write it goes no further. (SQLite
# does not mind where the folder cannot be synced, so that is done once, at a start.)
MUST_STOP = r"(pwrite64|fdatasync|fsync)\(\d+<[^>]*\.db(-wal)?>"
QUESTIONS = ("age_core", "sex", "month", "sex,age_core", "weapon", "quarter", "weapon,sex",
             "intent", "intent,sex", "month,sex")
LEAVES_NOTHING = {"query.failed", "query.abandoned", "answer.released"}


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def node_hashes(lines):
    """For each line the hashes of the subtrees it completes: RFC 6962, bottom up."""
    frontier = []  # [(level, hash)]
    for line in lines:
        made = [sha256(b"\0", line)]
        level = 0
        while frontier and frontier[-1][0] == level:
            made.append(sha256(b"\1", frontier.pop()[1], made[-1]))
            level += 1
        frontier.append((level, made[-1]))
        yield b"".join(made)


def tag_one(message):
    """A message as field 1 of another, in protobuf's wire format."""
    size, number = b"", len(message)
    while number > 127:
        size, number = size + bytes([number & 127 | 128]), number >> 7
    return b"\x0a" + size + bytes([number]) + message


class Log:
    """A ledger as it lies on the disk, checked for itself."""

    def __init__(self, path, found):
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as disk:
            disk.execute("BEGIN")
            rows = disk.execute("SELECT seq, line, hashes FROM entry ORDER BY seq").fetchall()
            opens = disk.execute("SELECT seq, salt, bytes FROM commitment").fetchall()
            pinned = {}
            if disk.execute("SELECT 1 FROM sqlite_master WHERE name = 'release'").fetchone():
                pinned = {(epoch, table, measure): kept for epoch, table, measure, kept in
                          disk.execute("SELECT epoch, table_key, measure, bytes FROM release")}
        self.lines = [line.encode() for _, line, _ in rows]
        self.entries = [json.loads(line) for line in self.lines]
        last = 0
        for i, ((seq, _, kept), made) in enumerate(zip(rows, node_hashes(self.lines))):
            entry = self.entries[i]
            if (seq, entry["seq"], kept) != (i, i, made) or entry["t"] < last:
                found.append(f"{path.name}: entry {i} is not as it was written")
            last = entry["t"]
        for seq, salt, committed in opens:
            entry = self.entries[seq] if seq < len(self.entries) else {}
            hashes = [value for key, value in entry.items() if key.endswith("_commit")]
            if len(salt) != 32 or len(hashes) != 1 or (
                    committed is not None and sha256(salt, committed).hex() != hashes[0]):
                found.append(f"{path.name}: the commitment of entry {seq} does not open")

        self.check_pinned(path.name, pinned, {seq: salt for seq, salt, _ in opens}, found)

    def check_pinned(self, name, pinned, salts, found):
        """What left is there, to the byte; and nothing is there that did not leave."""
        left = set()
        for entry in self.entries:
            if entry["type"] != "answer.released":
                continue
            keys = [(entry["epoch"], entry["table"], measure)
                    for measure in entry["measure"].split(",")]
            left.update(keys)
            # Field 1 of v1.Tables, once a measure.
            sent = b"".join(tag_one(pinned.get(key, b"")) for key in keys)
            salt = salts.get(entry["seq"], b"")
            if sha256(salt, sent).hex() != entry["answer_commit"]:
                found.append(f"{name}: what entry {entry['seq']} released is not pinned")
        found += [f"{name}: {key} is pinned, and no entry released it"
                  for key in set(pinned) - left]

    def of(self, query):
        return [entry for entry in self.entries if entry.get("qid") == query]

    def queries(self):
        return {entry["qid"] for entry in self.entries if "qid" in entry}


def check(state, acknowledged, ended=True):
    """What is wrong with both ledgers, in sentences. `ended`: nothing is open."""
    found = []
    acknowledged = list(acknowledged)
    # In this order: what the coordinator has, its agent had before.
    coordinator = Log(state / "coordinator" / "coordinator.db", found)
    agent = Log(state / AGENCY / "agent.db", found)

    def count(log, query, *types):
        return sum(entry["type"] in types for entry in log.of(query))

    for query in agent.queries():
        admitted = count(agent, query, "query.admitted")
        endings = count(agent, query, *LEAVES_NOTHING)
        if admitted > 1:
            found.append(f"agent: {query} was run {admitted} times")
        if endings > admitted or (ended and endings != admitted):
            found.append(f"agent: {query} was admitted {admitted} times and ended {endings}")
    for query in coordinator.queries():
        received = count(coordinator, query, "query.received")
        endings = len(coordinator.of(query)) - received
        if received != 1 or endings > 1 or (ended and endings != 1):
            found.append(f"coordinator: {query} came {received} times and ended {endings}")
        for entry in coordinator.of(query):
            if entry.get("agencies_answered") and not count(agent, query, "answer.released"):
                found.append(f"{query} was merged, but the agent never released it")
    for result in acknowledged:
        query = result["query_id"]
        if not count(coordinator, query, "answer.merged", "answer.partial", "query.refused"):
            found.append(f"{query} was shown to an analyst; the coordinator has no entry of it")
        receipt = result["agencies"][0]["receipt"]
        if receipt is None:
            continue
        line = agent.lines[receipt["index"]] if receipt["index"] < len(agent.lines) else b""
        if (sha256(b"\0", line).hex() != receipt["entry_hash"]
                or agent.entries[receipt["index"]]["qid"] != query):
            found.append(f"{query}: the entry of its receipt is not in the agent's log")
    return found


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
        self.acknowledged = []
        self.told = {}  # question -> the rows of each answer

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
        self.acknowledged.append(result)
        complete = all(agency["outcome"] == "answered" for agency in result["agencies"])
        if complete:
            self.told.setdefault(by, []).append(result["rows"])
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

    def kills(self, number, dice):
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
        wrong = []
        try:
            for i in range(number):
                time.sleep(dice.uniform(0.05, 1.5))
                for name in dice.choice(([AGENCY], ["coordinator"], list(NODES))):
                    self.partners.kill(name)
                    self.partners.start(name)
                self.partners.wait_attached(seconds=60)
                if i % 10 == 9:
                    wrong += check(self.state, self.acknowledged, ended=False)
        finally:
            stopping.set()
            for thread in threads:
                thread.join()
        return wrong + self.start_again()


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
        wrong = world.kills(options.kills, dice) if options.kills else []
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
