"""Reads the ledgers of an agency and its coordinator as they lie on the disk.

It shares no code with the programs: the hashes are those of RFC 6962.
"""

import collections
import contextlib
import hashlib
import json
import sqlite3

AGENCY = "st-marys-ed"
NODES = {AGENCY: "agent.db", "coordinator": "coordinator.db"}
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

        self.by_query = collections.defaultdict(list)
        for entry in self.entries:
            if "qid" in entry:
                self.by_query[entry["qid"]].append(entry)
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
        return self.by_query.get(query, [])

    def queries(self):
        return self.by_query.keys()


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
        receipt = result["receipt"]
        if receipt is None:
            continue
        line = agent.lines[receipt["index"]] if receipt["index"] < len(agent.lines) else b""
        if (sha256(b"\0", line).hex() != receipt["entry_hash"]
                or agent.entries[receipt["index"]]["qid"] != query):
            found.append(f"{query}: the entry of its receipt is not in the agent's log")
    return found
