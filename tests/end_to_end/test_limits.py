"""At each limit of the running programs, and one past it (docs/limits.md)."""

import contextlib
import json
import resource
import socket
import sqlite3
import ssl
import struct
import subprocess
import time
import unittest
from pathlib import Path

import partnership
from partnership import BIN, COMPLETE, wait_until
from test_credentials import RawCall

AGENCY = "st-marys-ed"
QUESTION = ("--from", "ed_attendances", "--by", "age_core")
OF_ANALYST = 128
STREAMS_OF_AGENCY = 4
BEGAN = time.monotonic()
# A sanitizer's build is several times slower and larger.
SANITIZED = b"__asan_init" in (BIN / "cairn-coordinator").read_bytes()
HELLO_WITHIN, TAKEN_WITHIN, HANDSHAKE_WITHIN = 10, 5, 5


class RawStream:
    """An Attach call of an agent's certificate that never says a word."""

    def __init__(self, partners, agency=AGENCY, window=65535):
        folder = partners.folder / "certificates"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(folder / "ca.pem")
        context.set_alpn_protocols(["h2"])
        context.load_cert_chain(folder / f"agent-{agency}.pem",
                                folder / f"agent-{agency}.key")
        plain = socket.create_connection(("127.0.0.1", partners.port), 10)
        self.line = context.wrap_socket(plain, server_hostname="localhost")
        headers = b"".join(
            b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
            for name, value in (
                (b":method", b"POST"), (b":scheme", b"https"),
                (b":path", b"/cairn.v1.AgentLink/Attach"),
                (b":authority", b"localhost"),
                (b"content-type", b"application/grpc"), (b"te", b"trailers")))
        settings = struct.pack(">HI", 4, window)  # bytes it takes in a stream
        self.line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
                          + RawCall.frame(4, 0, 0, settings)
                          + RawCall.frame(1, 4, 1, headers))
        self.received = self.line.makefile("rb")

    def say_hello_and_die(self, digest):
        """A Hello (agent_link.proto) and the end of its stream, in one piece."""
        hello = b"\x08\x01\x12" + bytes([len(digest)]) + digest.encode()
        message = b"\x0a" + bytes([len(hello)]) + hello  # AgentMessage.hello
        envelope = b"\x0a" + bytes([len(message)]) + message
        data = b"\0" + struct.pack(">I", len(envelope)) + envelope
        self.line.sendall(RawCall.frame(0, 0, 1, data)
                          + RawCall.frame(3, 0, 1, struct.pack(">I", 8)))
        self.line.close()

    def end(self, seconds):
        """Reads until the stream ends: how many seconds it took, and the last
        frames' bytes. Answers no ping and no settings."""
        start, told = time.monotonic(), b""
        self.line.settimeout(seconds)
        with contextlib.suppress(TimeoutError, ConnectionError):
            while True:
                head = self.received.read(9)
                if len(head) < 9:
                    break
                size = int.from_bytes(head[:3], "big")
                payload = self.received.read(size)
                kind, flags = head[3], head[4]
                stream = int.from_bytes(head[5:], "big")
                if stream == 1:
                    told += payload
                if stream == 1 and (kind == 3 or flags & 1 and kind in (0, 1)):
                    return time.monotonic() - start, told
        raise AssertionError(f"after {seconds} s still open; came: {told!r}")

    def close(self):
        self.line.close()


class LimitsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # 2,000 connections need as many files at this end too.
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        cls.partners = partnership.synthetic(AGENCY, "queens-ed", rows=2000)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()

    def setUp(self):
        self.addCleanup(self.partners.heal)

    def stream(self, **options):
        stream = RawStream(self.partners, **options)
        self.addCleanup(stream.close)
        return stream

    def many(self, count, timeout_ms=3000, by="age_core"):
        """[(how many, slowest seconds, words)] of that many calls at once."""
        done = subprocess.run(
            [str(BIN / "cairn-many-questions"), str(self.partners.profile),
             str(count), str(timeout_ms), "ed_attendances", by],
            env=partnership.ENVIRONMENT, capture_output=True, text=True,
            timeout=120, check=True)
        ended = [line.split(" ", 2) for line in done.stdout.splitlines()]
        return [(int(n), float(seconds), words) for n, seconds, words in ended]

    # Streams.

    def test_a_stream_without_hello_is_closed(self):
        took, told = self.stream(agency="queens-ed").end(HELLO_WITHIN + 5)
        self.assertGreater(took, HELLO_WITHIN - 1)
        self.assertIn(b"no Hello came in time", told)
        self.assertIn("agent.silent", self.partners.log("coordinator"))

    def test_a_stream_that_takes_nothing_is_cut(self):
        took, _ = self.stream(agency="queens-ed", window=0).end(
            HELLO_WITHIN + TAKEN_WITHIN + 5)
        self.assertGreater(took, HELLO_WITHIN + TAKEN_WITHIN - 1)

    def test_an_agency_has_four_streams_and_not_one_more(self):
        others = [self.stream() for _ in range(STREAMS_OF_AGENCY - 1)]
        wait_until(lambda: self.partners.log("coordinator").count(
            '"agent.connected"') >= len(others) + 2, "the streams are open", 5)
        _, told = self.stream().end(5)
        self.assertIn(b"too many streams open", told)
        # Its own agent is not disturbed, and the places come back.
        self.assertEqual(self.partners.query(*QUESTION).code, COMPLETE)
        for stream in others:
            stream.end(HELLO_WITHIN + 5)
        again = self.stream()
        _, told = again.end(HELLO_WITHIN + 5)
        self.assertIn(b"no Hello came in time", told)

    def test_a_hello_that_outlives_its_stream_attaches_nobody(self):
        name = "queens-ed"
        with sqlite3.connect(self.partners.folder / f"state/{name}/agent.db") as db:
            entries = [json.loads(row[0]) for row in db.execute("SELECT line FROM entry")]
        digest = [e["to"] for e in entries if e["type"] == "catalogue.changed"][-1]
        self.partners.stop(name)
        self.partners.wait_detached(name)
        before = self.partners.log("coordinator").count('"agent.connected"')
        for _ in range(200):
            self.stream(agency=name).say_hello_and_die(digest)
        wait_until(lambda: self.partners.log("coordinator").count(
            '"agent.connected"') > before, "the streams came", 10)
        self.partners.wait_detached(name, 10)
        start = time.monotonic()
        self.assertEqual(self.partners.seen()[name]["attached"], "no")
        done = self.partners.query(*QUESTION, output="json")
        ended = {a["agency"]: a for a in done.json()["agencies"]}
        self.assertEqual(ended[name]["outcome"], "silent", done)
        self.assertLess(time.monotonic() - start, 5)

    # Questions.

    def test_an_analyst_has_128_questions_open_and_not_one_more(self):
        self.partners.freeze(AGENCY)
        ended = self.many(OF_ANALYST + 1)
        refused = [(n, words) for n, _, words in ended if "code" in words]
        self.assertEqual(
            refused,
            [(1, "code 8: too many questions of yours are open; ask again in "
                 "2 seconds [retry after 2000 ms]")], ended)
        self.assertEqual(sum(n for n, _, _ in ended), OF_ANALYST + 1)
        self.partners.thaw(AGENCY)
        wait_until(lambda: self.partners.query(*QUESTION).code == COMPLETE,
                   "everything is answered again", 10)

    def test_of_500_questions_at_once_each_ends_and_then_all_is_well(self):
        ended = self.many(500, timeout_ms=20000)
        self.assertEqual(sum(n for n, _, _ in ended), 500, ended)
        for _, seconds, words in ended:
            self.assertLess(seconds, 25, ended)
            if words != "answered" and not words.startswith("partial: "):
                self.assertIn("[retry after 2000 ms]", words, ended)
        answered = {words: n for n, _, words in ended}.get("answered", 0)
        self.assertGreaterEqual(answered, 64, ended)
        start = time.monotonic()
        self.assertEqual(self.partners.query(*QUESTION).code, COMPLETE)
        self.assertLess(time.monotonic() - start, 10)
        for name in ("coordinator", *self.partners.agencies):
            if not SANITIZED:
                self.assertLess(self.peak_mib(name), 512, name)

    def rejects(self, name, file, why):
        """How many of the ledger's reject.summary say it, and of how many."""
        path = self.partners.folder / "state" / name / file
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
            entries = [json.loads(row[0]) for row in
                       db.execute("SELECT line FROM entry")]
        found = [e for e in entries if e["type"] == "reject.summary"]
        return len(found), sum(e.get(why, 0) for e in found)

    def test_what_leaves_no_entry_is_counted_once_a_minute(self):
        ended = self.many(500, timeout_ms=20000)
        told = sum(n for n, _, words in ended if "[retry after" in words)
        self.assertGreater(told, 0, ended)
        self.many(120, timeout_ms=100)  # some of them too late
        self.assertEqual(self.partners.query(*QUESTION).code, COMPLETE)
        for name in ("coordinator", AGENCY):
            self.partners.stop(name)
        minutes, overloaded = self.rejects("coordinator", "coordinator.db",
                                           "overloaded")
        self.assertGreaterEqual(overloaded, told)
        self.assertLessEqual(minutes, (time.monotonic() - BEGAN) / 60 + 2)
        _, late = self.rejects(AGENCY, "agent.db", "late")
        self.assertEqual(late, self.partners.log(AGENCY).count('"query.late"'))

    def peak_mib(self, name):
        process = self.partners.processes[name]
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024

    # Connections.

    def test_an_honest_call_answers_in_2_s_beside_2000_silent_connections(self):
        with contextlib.ExitStack() as silent:
            lines = [silent.enter_context(socket.create_connection(
                ("127.0.0.1", self.partners.port), 10)) for _ in range(2000)]
            honest = self.partners.query(*QUESTION)
            self.assertEqual(honest.code, COMPLETE, honest)
            self.assertLess(honest.seconds, 10 if SANITIZED else 2, honest)
            # They are gone once the time for a handshake is over.
            gone = time.monotonic()
            for line in lines:
                line.settimeout(HANDSHAKE_WITHIN + 10)
                with contextlib.suppress(ConnectionError):
                    while line.recv(4096):
                        pass
            self.assertLess(time.monotonic() - gone, HANDSHAKE_WITHIN + 10)
        self.assertEqual(self.partners.query(*QUESTION).code, COMPLETE)


if __name__ == "__main__":
    unittest.main()
