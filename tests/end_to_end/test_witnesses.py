"""Agencies and coordinator witness each other's ledgers, and show what they log.

The checks here are made from the files and the answers with Python's own hashing
and the OpenSSL command line, not with the programs' verdicts.
"""

import base64
import hashlib
import json
import os
import random
import re
import shutil
import sqlite3
import subprocess
import time
import unittest

import partnership
from partnership import COMPLETE, FAILED, REFUSED, wait_until

QUESTION = ("--from", "ed_attendances", "--by", "month")


def leaf_hash(line):
    return hashlib.sha256(b"\0" + line).digest()


def root_of(leaf, index, size, proof):
    """RFC 9162, section 2.1.3.2."""
    node, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise AssertionError("the proof is too long")
        if node % 2 == 1 or node == last:
            found = hashlib.sha256(b"\1" + sibling + found).digest()
            while node % 2 == 0 and node != 0:
                node, last = node // 2, last // 2
        else:
            found = hashlib.sha256(b"\1" + found + sibling).digest()
        node, last = node // 2, last // 2
    if last != 0:
        raise AssertionError("the proof is too short")
    return found


def signed_by(vkey, message, signature, folder):
    """Ed25519 by the OpenSSL command line."""
    name, key_id, text = vkey.split("+", 2)
    raw = base64.b64decode(text)
    der = bytes.fromhex("302a300506032b6570032100") + raw[1:]
    (folder / "key.der").write_bytes(der)
    (folder / "message").write_bytes(message)
    (folder / "signature").write_bytes(signature)
    done = subprocess.run(
        ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
         str(folder / "key.der"), "-rawin", "-in", str(folder / "message"),
         "-sigfile", str(folder / "signature")], capture_output=True)
    return done.returncode == 0


class Note:
    def __init__(self, text):
        self.body, lines = text.split("\n\n", 1)
        self.body += "\n"
        self.origin, self.size, root = self.body.split("\n")[:3]
        self.size, self.root = int(self.size), base64.b64decode(root)
        self.signatures = {}
        for line in lines.splitlines():
            _, name, text = line.split(" ")
            self.signatures[name] = base64.b64decode(text)[4:]


def proof_holds(receipt, vkey, folder):
    """Entry in tree, tree signed by the log's key."""
    head, note = receipt["proof"].split("\n\n", 1)
    version, index, *hashes = head.splitlines()
    assert version == "c2sp.org/tlog-proof@v1", version
    assert index == f"index {receipt['index']}", index
    note = Note(note)
    leaf = leaf_hash(receipt["entry"].encode())
    assert leaf.hex() == receipt["entry_hash"]
    root = root_of(leaf, receipt["index"], note.size,
                   [base64.b64decode(line) for line in hashes])
    signature = note.signatures[vkey.split("+")[0]]
    return root == note.root and signed_by(vkey, note.body.encode(), signature, folder)


class WitnessCase(unittest.TestCase):
    AGENCIES = ("riverside-police", "st-marys-ed", "queens-ed")

    @classmethod
    def setUpClass(cls):
        cls.world = partnership.synthetic(*cls.AGENCIES, rows=3000)
        cls.addClassCleanup(cls.world.close)
        cls.world.open()

    def keys(self):
        text = self.world.config("ledger-keys").read_text()
        keys = {}
        for block in re.findall(r"\{(.*?)\}", text, re.S):
            found = dict(re.findall(r'(\w+): "(.*?)"', block))
            keys[found.get("id", "")] = found
        return keys

    def entries(self, name):
        file = "coordinator.db" if name == "coordinator" else "agent.db"
        path = self.world.folder / "state" / name / file
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            return [row[0] for row in db.execute("SELECT line FROM entry ORDER BY seq")]

    def cosigned(self, name):
        path = self.world.folder / "state" / name / "checkpoint.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            notes = [row[0] for row in db.execute("SELECT note FROM cosigned ORDER BY day")]
        return Note(notes[-1]) if notes else None


class EveryQuestionAndAnswer(WitnessCase):
    def test_comes_with_receipts_that_anyone_can_check(self):
        done = self.world.query(*QUESTION, output="json")
        self.assertEqual(done.code, COMPLETE, done)
        result, keys = done.json(), self.keys()
        answered = [a for a in result["agencies"] if a["outcome"] == "answered"]
        self.assertEqual(len(answered), 2, result["agencies"])
        for agency in answered:
            receipt = agency["receipt"]
            self.assertTrue(proof_holds(receipt, keys[agency["agency"]]["log"],
                                        self.world.folder))
            entry = json.loads(receipt["entry"])
            self.assertEqual(entry["type"], "answer.released")
            self.assertEqual(entry["qid"], result["query_id"])
            self.assertIn(receipt["entry"], self.entries(agency["agency"]))
        own = result["receipt"]
        self.assertTrue(proof_holds(own, keys[""]["log"], self.world.folder))
        self.assertEqual(json.loads(own["entry"])["type"], "query.received")
        # The agencies say in their own logs which entry of the coordinator's
        # they were shown.
        for agency in answered:
            received = [json.loads(line) for line in self.entries(agency["agency"])
                        if json.loads(line).get("qid") == result["query_id"]][0]
            self.assertEqual(received["coordinator_index"], own["index"])
            self.assertEqual(received["coordinator_entry"], own["entry_hash"])

    def test_leaves_the_table_small(self):
        done = self.world.query(*QUESTION, output="table")
        self.assertNotIn("tlog-proof", done.out)

    def test_every_log_is_cosigned_by_others(self):
        keys = self.keys()
        self.world.query(*QUESTION)

        def all_cosigned():
            return all(self.cosigned(name) for name in ("coordinator", *self.AGENCIES))

        wait_until(all_cosigned, "every log has a checkpoint with cosignatures", 60)
        for name in ("coordinator", *self.AGENCIES):
            note = self.cosigned(name)
            by = [id for id, key in keys.items()
                  if key["witness"].split("+")[0] in note.signatures]
            self.assertGreaterEqual(len(by), 2, (name, by))
            self.assertNotIn("" if name == "coordinator" else name, by)
            for id in by:
                vkey = keys[id]["witness"]
                raw = note.signatures[vkey.split("+")[0]]
                seconds = int.from_bytes(raw[:8], "big")
                message = f"cosignature/v1\ntime {seconds}\n{note.body}".encode()
                self.assertTrue(signed_by(vkey, message, raw[8:], self.world.folder))


# Shorter than what was seen of it, or as long and another one by now.
WENT_BACK = (r"has \d+ entries, but a checkpoint of \d+ was"
             r"|the first \d+ of the ledger\\?'s \d+ entries are not those")


class WentBack(WitnessCase):
    AGENCIES = ("st-marys-ed", "queens-ed")

    def restore_older(self, name, between):
        """The node's whole state but its keys, as it was before `between`."""
        state = self.world.folder / "state" / name
        older = self.world.folder / f"older-{name}"
        self.assertEqual(self.world.stop(name), 0)
        shutil.copytree(state, older)
        self.world.start(name)
        self.world.wait_attached(*(() if name == "coordinator" else (name,)))
        between()
        self.assertEqual(self.world.stop(name), 0)
        shutil.rmtree(state)
        shutil.copytree(older, state)
        self.world.start(name)

    def ask(self):
        self.assertEqual(self.world.query(*QUESTION).code, COMPLETE)


class AnAgencysLedgerThatWentBack(WentBack):
    def test_answers_nothing_and_says_which_sizes_disagree(self):
        name = "queens-ed"
        self.restore_older(name, self.ask)
        self.world.wait_attached(name)
        wait_until(lambda: "quarantined" in self.world.log(name), "quarantine", 30)
        said = [line for line in self.world.log(name).splitlines()
                if "quarantined" in line]
        self.assertRegex(said[0], WENT_BACK)
        done = self.world.query(*QUESTION, output="json")
        outcome = {a["agency"]: a for a in done.json()["agencies"]}
        self.assertEqual(outcome[name]["outcome"], "refused", done)
        self.assertIn("cannot vouch for its own ledger", outcome[name]["reason"])
        self.assertIsNone(outcome[name]["receipt"])
        self.assertEqual(outcome["st-marys-ed"]["outcome"], "answered")


class TheCoordinatorsLedgerThatWentBack(WentBack):
    def test_asks_nothing_and_says_which_sizes_disagree(self):
        self.restore_older("coordinator", self.ask)
        wait_until(lambda: "quarantined" in self.world.log("coordinator"),
                   "quarantine", 30)
        before = len(self.entries("coordinator"))
        done = self.world.query(*QUESTION)
        self.assertEqual(done.code, FAILED, done)
        self.assertIn("cannot vouch for its own ledger", done.err)
        self.assertRegex(done.err, WENT_BACK)
        self.assertEqual(len(self.entries("coordinator")), before)


class WhatAnAgencyRemembers(WitnessCase):
    """Its own witness.db, beside an agent.db that was put back."""

    AGENCIES = ("queens-ed",)

    def state(self, name):
        return self.world.folder / "state" / name

    def start_again(self, name):
        self.world.start(name)
        self.world.wait_attached(name)

    def test_outlives_an_older_copy_of_everything_else(self):
        name = "queens-ed"
        older = self.world.folder / "older"
        nodes = ("coordinator", name)
        for node in nodes:
            self.assertEqual(self.world.stop(node), 0)
            shutil.copytree(self.state(node), older / node)
        self.world.start(*nodes)
        self.world.wait_attached(name)
        self.assertEqual(self.world.query(*QUESTION).code, COMPLETE)
        for node in nodes:
            self.assertEqual(self.world.stop(node), 0)
            kept = {file.name: file.read_bytes()
                    for file in self.state(node).glob("witness.db*")
                    if node == name}
            shutil.rmtree(self.state(node))
            shutil.copytree(older / node, self.state(node))
            for file, data in kept.items():
                (self.state(node) / file).write_bytes(data)
        # Both sides went back to the same moment: nothing but the agency's
        # witness knows of the question.
        self.world.start(*nodes)
        wait_until(lambda: "quarantined" in self.world.log("coordinator"),
                   "quarantine", 30)
        done = self.world.query(*QUESTION)
        self.assertEqual(done.code, FAILED, done)
        self.assertIn("agency queens-ed remembers", done.err)

    def test_has_all_that_it_vouched_for_after_a_kill_at_any_moment(self):
        world = partnership.synthetic("queens-ed", rows=1000)
        self.addCleanup(world.close)
        world.open()
        state, seed = world.folder / "state", 20261122
        moment = random.Random(seed)
        vouched = 0
        for _ in range(12):
            self.assertEqual(world.query(*QUESTION).code, COMPLETE)
            world.kill("queens-ed")
            world.wait_detached("queens-ed")
            world.start("queens-ed")
            wait_until(lambda: world.seen()["queens-ed"]["attached"] == "yes",
                       "attached", 30, 0.01)
            time.sleep(moment.uniform(0, 0.05))  # a round begins with a session
            world.kill("queens-ed")
            kept = {}
            for file in ("agent.db", "witness.db"):
                with sqlite3.connect(state / "queens-ed" / file) as db:
                    kept.update(db.execute("SELECT size, root FROM witnessed"))
            with sqlite3.connect(state / "coordinator/checkpoint.db") as db:
                notes = [Note(row[0]) for row in
                         db.execute("SELECT note FROM cosigned ORDER BY day")]
            self.assertLessEqual(notes[-1].size, max(kept), f"seed {seed}")
            self.assertIn(kept.get(notes[-1].size), (None, notes[-1].root))
            vouched = max(vouched, notes[-1].size)
            world.heal()
        self.assertGreater(vouched, 12)
        self.assertNotIn("quarantined", world.log("queens-ed"))
        self.assertNotIn("quarantined", world.log("coordinator"))

    def test_is_not_begun_anew_unless_a_person_says_so(self):
        world = partnership.synthetic("queens-ed", rows=1000)
        self.addCleanup(world.close)
        world.open()
        for name in ("queens-ed", "coordinator"):
            with self.subTest(name):
                self.assertEqual(world.query(*QUESTION).code, COMPLETE)
                self.assertEqual(world.stop(name), 0)
                state = world.folder / "state" / name
                for file in state.glob("witness.db*"):
                    file.unlink()
                program = ("cairn-coordinator" if name == "coordinator"
                           else "cairn-agent")
                words = ("--config", str(world.config(name)))
                refused = partnership.run(program, "run", *words)
                self.assertNotEqual(refused.code, COMPLETE)
                self.assertIn(f"{state}/witness.db: is missing", refused.err)
                self.assertFalse((state / "witness.db").exists())
                done = partnership.run(program, "witness-anew", *words)
                self.assertEqual(done.code, COMPLETE, done)
                again = partnership.run(program, "witness-anew", *words)
                self.assertNotEqual(again.code, COMPLETE, again)
                world.start(name)
                world.wait_attached("queens-ed")
                self.assertEqual(world.query(*QUESTION).code, COMPLETE)
                file = "coordinator.db" if name == "coordinator" else "agent.db"
                with sqlite3.connect(state / file) as db:
                    said = [json.loads(row[0]) for row in
                            db.execute("SELECT line FROM entry ORDER BY seq")]
                anew = [e for e in said if e["type"] == "operator.action"]
                self.assertEqual([e["command"] for e in anew], ["witness-anew"])
                self.assertRegex(anew[0]["remembered"], r"^cairn\.\S+ [1-9]\d*$")


class AnAnswerThatNoWitnessSaw(WitnessCase):
    """A disk that lied: the last seconds before a power cut are gone."""

    AGENCIES = ("st-marys-ed", "queens-ed")

    def witnessed_size(self, name):
        """How much of a log the coordinator has seen as its witness."""
        sizes = []
        for file in ("witness.db", "coordinator.db"):
            path = self.world.folder / "state/coordinator" / file
            with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
                sizes += [row[0] for row in db.execute(
                    "SELECT size FROM witnessed WHERE origin LIKE ?", (f"%/{name}/%",))]
        return max(sizes, default=0)

    def test_is_missed_by_the_coordinator_that_took_it(self):
        name, world = "queens-ed", self.world
        state, older = world.folder / "state" / name, world.folder / "older"
        for _ in range(3):
            # All is quiet once the round of the session's start is over.
            wait_until(lambda: self.witnessed_size(name) == len(self.entries(name)),
                       "the coordinator has seen all there is", 60)
            world.freeze(name)
            shutil.rmtree(older, ignore_errors=True)
            shutil.copytree(state, older)
            before = len(self.entries(name))
            world.thaw(name)
            self.assertEqual(world.query(*QUESTION).code, COMPLETE)
            world.kill(name)
            if self.witnessed_size(name) <= before:
                break
            world.start(name)  # a round came in between
            world.wait_attached(name)
        self.assertLessEqual(self.witnessed_size(name), before)
        world.kill("coordinator")  # what it took is on its disk
        shutil.rmtree(state)
        shutil.copytree(older, state)
        world.start("coordinator", name)
        wait_until(lambda: "agent.quarantined" in world.log(name), "quarantine", 30)
        self.assertRegex(world.log(name), WENT_BACK)
        world.wait_attached(name)
        done = world.query(*QUESTION, output="json")
        outcome = {a["agency"]: a for a in done.json()["agencies"]}
        self.assertEqual(outcome[name]["outcome"], "refused", done)


class OneIdentityOnTwoMachines(WitnessCase):
    """A copy of an agency's state, keys and all, beside the first."""

    AGENCIES = ("st-marys-ed", "queens-ed")

    def test_at_most_one_history_goes_on(self):
        first, twin = "queens-ed", "twin"
        world = self.world
        self.assertEqual(world.stop(first), 0)
        state = world.folder / "state" / twin
        shutil.copytree(world.folder / "state" / first, state)
        world.config(twin).write_text(
            world.agent_config(first, state=state) + world.ledger_keys())
        world.start(first, twin)

        def quarantined(name):
            return '"agent.quarantined"' in world.log(name)

        wait_until(lambda: quarantined(first) or quarantined(twin),
                   "one of the two is found to be another history", 60)
        honest, other = (twin, first) if quarantined(first) else (first, twin)
        self.assertFalse(quarantined(honest))
        self.assertRegex(world.log(other), WENT_BACK)
        self.assertEqual(world.stop(other), 0)
        released = [line for line in self.entries(other) if "answer.released" in line]
        # What left the first before the copy was made is all that the other has.
        self.assertLessEqual(set(released), set(self.entries(honest)))
        world.wait_attached("st-marys-ed")
        wait_until(lambda: world.seen()[first]["attached"] == "yes", first, 30)
        done = world.query(*QUESTION, output="json")
        if quarantined(honest):
            # One witness saw the one first, and one the other: neither goes on.
            self.assertIn("cannot vouch for its own ledger", done.err)
            return
        self.assertEqual(done.code, COMPLETE, done)
        receipt = [a for a in done.json()["agencies"] if a["agency"] == first][0]["receipt"]
        self.assertIn(receipt["entry"], self.entries(honest))


class AWitnessThatWasAway(WitnessCase):
    def test_catches_up_over_the_gap_in_one_step(self):
        world, away = self.world, "riverside-police"
        witness = self.keys()[away]["witness"].split("+")[0]
        wait_until(lambda: self.remembered(away) > 0, "it saw the log once", 60)
        world.freeze(away)
        before = self.remembered(away)
        for _ in range(5):
            done = world.query(*QUESTION, output="json")
            self.assertEqual(done.code, COMPLETE, done)
        self.assertEqual(self.remembered(away), before)
        gap = len(self.entries("coordinator"))
        self.assertGreaterEqual(gap, before + 5)
        world.thaw(away)
        world.wait_attached(away)
        wait_until(lambda: self.remembered(away) >= gap, "it caught up", 60)
        # Nobody took it for another history, and it vouches again.
        for name in ("coordinator", *self.AGENCIES):
            self.assertNotIn("quarantined", world.log(name))
            self.assertFalse([e for e in self.entries(name) if "peer.conflict" in e])
        wait_until(lambda: witness in self.cosigned("coordinator").signatures
                   and self.cosigned("coordinator").size >= gap,
                   "it cosigned what is there now", 60)
        for name, verdict in world.verify_ledgers().items():
            self.assertEqual(verdict.code, COMPLETE, (name, verdict))

    def remembered(self, name):
        """The size of the coordinator's log that an agency's witness.db has."""
        path = self.world.folder / "state" / name / "witness.db"
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            rows = db.execute("SELECT size FROM witnessed WHERE origin LIKE "
                              "'%/coordinator/%'").fetchall()
        return rows[0][0] if rows else 0


class TooFewWitnesses(WitnessCase):
    def test_one_of_three_agencies_does_not_answer_alone(self):
        # A new partnership whose other agencies have never come.
        world = partnership.synthetic(*self.AGENCIES, rows=1000)
        self.addCleanup(world.close)
        world.certificates()
        world.write_configs()
        world.load("st-marys-ed")
        world.start("coordinator", "st-marys-ed")
        world.wait_attached("st-marys-ed")
        done = world.query(*QUESTION, "--agencies", "st-marys-ed", output="json")
        self.assertEqual(done.code, REFUSED, done)
        self.assertIn("too few agencies vouch", done.json()["agencies"][0]["reason"])
        # With a second one they do.
        world.load("queens-ed")
        world.start("queens-ed")
        world.wait_attached("queens-ed")
        done = world.query(*QUESTION, "--agencies", "st-marys-ed", output="json")
        self.assertEqual(done.code, COMPLETE, done)


if __name__ == "__main__":
    unittest.main()
