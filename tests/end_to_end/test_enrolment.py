"""Enrolment, renewal and revocation, by the programs themselves."""

import base64
import contextlib
import json
import os
import re
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import unittest

import partnership
from partnership import (COMPLETE, FAILED, NOT_ALLOWED, PARTIAL, REFUSED, USAGE,
                         Asking, free_port, quoted, run, wait_until)

POLICE, HOSPITAL, AMBULANCE = "riverside-police", "st-marys-ed", "riverside-ambulance"
MONTHLY = ("--from", "police_incidents", "--by", "month")
BOTH = ("--from", "ed_attendances", "--by", "month")
WEEK = 7 * 24 * 3600


class Proxy:
    """An HTTP proxy that knows CONNECT (RFC 9110, 9.3.6), with a password."""

    def __init__(self, user, password):
        self.good = b"Basic " + base64.b64encode(f"{user}:{password}".encode())
        self.turned_away, self.through = 0, []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                line = self.server.accept()[0]
                threading.Thread(target=self.serve, args=(line,), daemon=True).start()

    def serve(self, line):
        with contextlib.suppress(OSError), line:
            head = b""
            while b"\r\n\r\n" not in head:
                more = line.recv(4096)
                if not more:
                    return
                head += more
            verb, target, _ = head.split(b"\r\n", 1)[0].split(b" ")
            given = re.search(rb"(?i)\r\nproxy-authorization: *(.*?)\r\n", head)
            if verb != b"CONNECT" or given is None or given[1] != self.good:
                self.turned_away += 1
                line.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\n"
                             b"Proxy-Authenticate: Basic\r\n\r\n")
                return
            host, port = target.decode().rsplit(":", 1)
            self.through.append(int(port))
            with socket.create_connection((host, int(port))) as other:
                line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self.copy, args=(other, line), daemon=True)
                back.start()
                self.copy(line, other)
                back.join()

    @staticmethod
    def copy(source, target):
        with contextlib.suppress(OSError):
            while True:
                piece = source.recv(65536)
                if not piece:
                    break
                target.sendall(piece)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)

    def close(self):
        self.server.close()


class EnrolmentCase(unittest.TestCase):
    """A partnership in which agencies enrol; nobody has yet."""

    agencies = (POLICE,)
    seconds = WEEK  # of a certificate

    @classmethod
    def setUpClass(cls):
        cls.partners = partners = partnership.synthetic(*cls.agencies, rows=3000)
        cls.addClassCleanup(partners.close)
        cls.enrolment = free_port()
        for member in partners.agencies.values():
            member.extra += f'enrolment: "127.0.0.1:{cls.enrolment}"\n'
        cls.folder = partners.certificates(
            None, None, "--issuer", "agents", "--auditor", "olu", "--analyst", "ada")
        cls.deny = partners.folder / "deny.txt"
        cls.deny.write_text("# nobody\n")
        # No `credentials`: what is enrolled is used.
        given = partners.credentials
        partners.credentials = lambda who, folder=None: (
            "\n" if who.startswith("agent-") else given(who, folder))
        partners.write_configs()
        config = partners.config("coordinator")
        config.write_text(
            config.read_text() + f"deny_list: {quoted(cls.deny)}\n"
            f'enrolment {{ listen: "127.0.0.1:{cls.enrolment}"\n'
            f"  authority: {quoted(cls.folder / 'issuer-agents.pem')}\n"
            f"  key: {quoted(cls.folder / 'issuer-agents.key')}\n"
            f"  certificate_seconds: {cls.seconds} }}\n")
        for agency in cls.agencies:
            partners.load(agency)
        partners.start("coordinator")
        wait_until(lambda: "coordinator.started" in partners.log("coordinator"),
                   "the coordinator listens")

    @classmethod
    def invite(cls, agency, *words):
        done = run("cairn-coordinator", "invite", agency, *words, "--config",
                   str(cls.partners.config("coordinator")))
        assert done.code == COMPLETE, done
        return done.out.strip()

    @classmethod
    def enrol(cls, agency, code, **options):
        return run("cairn-agent", "enrol", code, "--config",
                   str(cls.partners.config(agency)), **options)

    @classmethod
    def join(cls, agency, **options):
        """From an invitation to a confirmed key."""
        done = cls.enrol(agency, cls.invite(agency), **options)
        assert done.code == COMPLETE, done
        cls.invite(agency, "--words", done.out.strip())

    @classmethod
    def database(cls, name):
        file = "coordinator" if name == "coordinator" else "agent"
        return cls.partners.folder / "state" / name / f"{file}.db"

    def entries(self, name, kind):
        with contextlib.closing(sqlite3.connect(
                f"file:{self.database(name)}?mode=ro", uri=True)) as rows:
            lines = [json.loads(line) for (line,) in
                     rows.execute("SELECT line FROM entry ORDER BY seq")]
        return [line for line in lines if line["type"] == kind]

    def identity(self, agency):
        return self.partners.folder / "state" / agency / "identity"


class EnrolmentTest(EnrolmentCase):
    agencies = (POLICE, HOSPITAL, AMBULANCE)

    def test_1_nobody_gets_in_with_a_code_that_is_not_theirs(self):
        code = self.invite(POLICE)
        parts = code.split(":")
        other = "0" if code[-1] != "0" else "1"

        def refused(text, words, codes, agency=POLICE):
            done = self.enrol(agency, text)
            self.assertIn(done.code, codes, done)
            self.assertIn(words, done.err, done)
            self.assertEqual(done.out, "")
            self.assertEqual(done.err.count("\n"), 1, done)
            self.assertNotIn(parts[2], done.err, "the secret is repeated")
            self.assertFalse((self.identity(agency) / "current").is_symlink())

        def made(agency=parts[1], secret=parts[2], root=parts[3]):
            """A code of the right form, as an attacker makes one."""
            import hashlib
            body = f"cairn1:{agency}:{secret}:{root}:"
            return body + hashlib.sha256(body.encode()).hexdigest()[:8]

        self.assertEqual(made(), code)
        refused(code[:-1] + other, "mistyped", (USAGE,))
        refused(code[:40], "not an invitation code", (USAGE,))
        refused(made(secret="0" * 32), "not known", (NOT_ALLOWED,))
        refused(made(agency=HOSPITAL), "the code is for", (USAGE,))
        refused(made(agency=HOSPITAL), "not known", (NOT_ALLOWED,), HOSPITAL)
        refused(made(root="0" * 64), "not the one that this code was made for",
                (NOT_ALLOWED,))
        with contextlib.closing(sqlite3.connect(self.database("coordinator"))) as rows:
            (stored,) = rows.execute("SELECT secret_hash FROM invitation WHERE agency = ?",
                                     (POLICE,)).fetchone()
            self.assertNotIn(bytes.fromhex(parts[2]), stored)
            rows.execute("UPDATE invitation SET expires = ?", (int(time.time()) - 1,))
            rows.commit()
        refused(code, "expired", (NOT_ALLOWED,))
        log = self.partners.log("coordinator")
        for words in ("not known", "has expired"):
            self.assertIn(words, log)
        self.assertEqual(self.entries("coordinator", "peer.enrolled"), [])

    def test_2_three_agencies_enrol_one_through_a_proxy_with_a_password(self):
        proxy = Proxy("cairn", "s3cret-word")
        self.addCleanup(proxy.close)
        through = {"no_proxy": "elsewhere.example", "https_proxy":
                   f"http://cairn:s3cret-word@127.0.0.1:{proxy.port}"}
        wrong = dict(through, https_proxy=f"http://cairn:wrong@127.0.0.1:{proxy.port}")
        start = time.monotonic()
        code = self.invite(AMBULANCE)
        done = self.enrol(AMBULANCE, code, environment=wrong)
        self.assertEqual((done.code, done.out), (FAILED, ""), done)
        self.assertIn("407", done.err)
        for agency, environment in ((POLICE, {}), (HOSPITAL, {}), (AMBULANCE, through)):
            self.partners.environments[agency] = environment
            self.join(agency, environment=environment)
            self.partners.start(agency)
        self.partners.wait_attached()
        self.assertLess(time.monotonic() - start, 60)
        # Twice: to enrol, and for the agent's stream.
        self.assertEqual(proxy.through, [self.enrolment, self.partners.port])
        self.assertGreaterEqual(proxy.turned_away, 1)
        done = self.partners.query(*MONTHLY)
        self.assertEqual(done.code, COMPLETE, done)
        for agency in self.agencies:
            theirs = self.entries("coordinator", "peer.enrolled")
            (entry,) = [e for e in theirs if e["agency"] == agency]
            (own,) = self.entries(agency, "peer.enrolled")
            self.assertEqual((entry["key"], entry["until"], entry["how"]),
                             (own["key"], own["until"], "invitation"))
            # As OpenSSL reads it.
            file = self.identity(agency) / "current/certificate.pem"
            der = subprocess.run(
                f"openssl x509 -in {file} -noout -pubkey | openssl pkey -pubin "
                "-outform DER | sha256sum", shell=True, check=True, text=True,
                stdout=subprocess.PIPE).stdout
            self.assertEqual(der.split()[0], entry["key"])
            self.assertAlmostEqual(entry["until"], time.time() + WEEK, delta=120)
            self.assertEqual((file.parent / "key.pem").stat().st_mode & 0o777, 0o600)

    def test_3_a_code_is_used_once_and_the_words_decide(self):
        self.partners.stop(POLICE)
        code = self.invite(POLICE)
        # Two of them at the same moment, with keys of their own.
        twin = self.partners.config("twin")
        twin.write_text(self.partners.agent_config(
            POLICE, "\n", self.partners.folder / "state/twin"))
        racing = [Asking("cairn-agent", "enrol", code, "--config", str(config))
                  for config in (self.partners.config(POLICE), twin)]
        ended = [one.end() for one in racing]
        self.assertEqual(sorted(done.code for done in ended), [COMPLETE, NOT_ALLOWED], ended)
        (lost,) = [done for done in ended if done.code == NOT_ALLOWED]
        self.assertIn("was used before", lost.err)
        self.assertIn("was used before", self.partners.log("coordinator"))
        (won,) = [done for done in ended if done.code == COMPLETE]
        # A thief has it, and cannot guess what the agency would read out.
        said = won.out.split()
        self.assertEqual(len(said), 6)
        for words in (" ".join(reversed(said)), "a b c d e f", ""):
            done = run("cairn-coordinator", "invite", POLICE, "--words", words or " ",
                       "--config", str(self.partners.config("coordinator")))
            self.assertEqual(done.code, NOT_ALLOWED, done)
            self.assertIn("not the words", done.err)
        winner = POLICE if ended[0] is won else "twin"
        self.partners.start(winner)
        self.addCleanup(lambda: winner == "twin" and self.partners.stop("twin"))
        wait_until(lambda: "six words were not compared" in self.partners.log(winner),
                   "the agent says what it waits for")
        self.assertEqual(self.partners.seen()[POLICE]["attached"], "no")
        self.invite(POLICE, "--words", won.out.upper().replace(" ", ", "))
        wait_until(lambda: self.partners.seen()[POLICE]["attached"] == "yes", "attached")
        confirmed = [e for e in self.entries("coordinator", "operator.action")
                     if e["agency"] == POLICE]
        self.assertEqual(confirmed[-1]["action"], "confirm")
        self.assertEqual(len([e for e in self.entries("coordinator", "peer.enrolled")
                              if e["agency"] == POLICE]), 2)

    def test_4_the_code_is_not_shown_to_another_server(self):
        """Under the name of the coordinator, with a root of its own."""
        impostor = self.partners.folder / "impostor"
        subprocess.run([str(partnership.ROOT / "deploy/pki/make-certificates"),
                        str(impostor), "riverside", "--coordinator", "localhost"],
                       check=True, stdout=subprocess.DEVNULL)
        chain = impostor / "chain.pem"
        chain.write_text((impostor / "coordinator.pem").read_text()
                         + (impostor / "ca.pem").read_text())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(chain, impostor / "coordinator.key")
        context.set_alpn_protocols(["h2"])
        heard = bytearray()
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)

        def listen():
            with contextlib.suppress(OSError):
                while True:
                    line = server.accept()[0]
                    with contextlib.suppress(OSError):
                        line.settimeout(2)
                        with context.wrap_socket(line, server_side=True) as secure:
                            while piece := secure.recv(65536):
                                heard.extend(piece)

        threading.Thread(target=listen, daemon=True).start()
        self.partners.stop(HOSPITAL)
        config = self.partners.config("misled")
        config.write_text(self.partners.config(HOSPITAL).read_text().replace(
            f"127.0.0.1:{self.enrolment}", f"127.0.0.1:{server.getsockname()[1]}"))
        code = self.invite(HOSPITAL)
        done = run("cairn-agent", "enrol", code, "--config", str(config))
        self.assertEqual(done.code, NOT_ALLOWED, done)
        self.assertIn("the code was not sent", done.err)
        self.assertNotIn(bytes.fromhex(code.split(":")[2]), bytes(heard))
        self.assertNotIn(b"cairn.v1", bytes(heard))
        self.partners.start(HOSPITAL)
        self.partners.wait_attached(HOSPITAL)

    def test_5_the_ledgers_verify(self):
        for name, done in self.partners.verify_ledgers().items():
            self.assertEqual(done.code, COMPLETE, (name, done))


class RenewalTest(EnrolmentCase):
    """Certificates of some seconds, each followed by the next."""

    agencies = (POLICE, HOSPITAL)
    seconds = 12
    renewals = int(os.environ.get("CAIRN_RENEWALS", "16"))

    def test_no_question_fails_while_certificates_are_renewed(self):
        for agency in self.agencies:
            self.join(agency)
            self.partners.start(agency)
        self.partners.wait_attached()
        first = {}
        for words in (MONTHLY, BOTH):
            first[words] = self.partners.query(*words)
            self.assertEqual(first[words].code, COMPLETE, first[words])
        asked, failed = [0], []
        done = threading.Event()

        def ask(words):
            while not done.is_set():
                answer = self.partners.query(*words)
                asked[0] += 1
                if (answer.code, answer.raw) != (COMPLETE, first[words].raw):
                    failed.append(answer)

        askers = [threading.Thread(target=ask, args=(words,)) for words in first]
        for asker in askers:
            asker.start()

        def renewed():
            return [e for e in self.entries("coordinator", "peer.enrolled")
                    if e["how"] == "renewal"]

        try:
            wait_until(lambda: len(renewed()) >= self.renewals or failed,
                       f"{self.renewals} renewals",
                       seconds=self.renewals * self.seconds, pause=0.5)
        finally:
            done.set()
            for asker in askers:
                asker.join()
        self.assertEqual(failed, [], f"{asked[0]} were asked")
        self.assertGreater(asked[0], self.renewals)
        for agency in self.agencies:
            self.assertTrue(self.partners.running(agency))
            self.partners.stop(agency)
            keys = [e["key"] for e in self.entries("coordinator", "peer.enrolled")
                    if e["agency"] == agency]
            self.assertEqual(len(set(keys)), len(keys), "a key was used twice")
            own = [e["key"] for e in self.entries(agency, "peer.enrolled")]
            self.assertEqual(own, keys[:len(own)])
            self.assertEqual(
                {f.name for f in self.identity(agency).iterdir()},
                {"current", (self.identity(agency) / "current").resolve().name})
        for name, verified in self.partners.verify_ledgers().items():
            self.assertEqual(verified.code, COMPLETE, (name, verified))


class RevocationTest(EnrolmentCase):
    agencies = (POLICE, HOSPITAL)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for agency in cls.agencies:
            cls.join(agency)
        cls.partners.start(*cls.agencies)
        cls.partners.wait_attached()

    def profile(self, who):
        return self.partners.write_profile(
            self.partners.folder / f"{who}.textproto",
            self.partners.credentials(who))

    def test_a_revoked_agent_is_cut_off_and_told_why(self):
        name = f"spiffe://riverside/agent/{POLICE}"
        start = time.monotonic()
        self.deny.write_text(f"{name}\n")
        wait_until(lambda: self.partners.seen()[POLICE]["attached"] == "no",
                   "the agent is cut off", seconds=60)
        self.assertLess(time.monotonic() - start, 60)
        wait_until(lambda: "was revoked" in self.partners.log(POLICE),
                   "the agent says why")
        self.assertEqual(self.partners.query(*MONTHLY).code, PARTIAL)
        self.assertEqual(self.partners.query(*BOTH).code, COMPLETE)
        (entry,) = [e for e in self.entries("coordinator", "peer.revoked")
                    if e["peer"] == name]
        self.deny.write_text("# nobody\n")
        self.partners.wait_attached(POLICE)
        self.assertEqual(self.partners.query(*MONTHLY).code, COMPLETE)
        readmitted = self.entries("coordinator", "operator.action")[-1]
        self.assertEqual((readmitted["action"], readmitted["peer"]), ("readmit", name))

    def test_a_key_is_revoked_and_the_agency_invited_again(self):
        key = [e for e in self.entries(HOSPITAL, "peer.enrolled")][-1]["key"]
        self.deny.write_text(f"key {key}\n")
        wait_until(lambda: self.partners.seen()[HOSPITAL]["attached"] == "no",
                   "the agent is cut off", seconds=60)
        self.partners.stop(HOSPITAL)
        thief = self.partners.folder / "thief"
        old = (self.identity(HOSPITAL) / "current").resolve()
        thief.mkdir()
        for file in old.iterdir():
            (thief / file.name).write_bytes(file.read_bytes())
        self.join(HOSPITAL)
        self.deny.write_text("# nobody\n")
        self.partners.start(HOSPITAL)
        self.partners.wait_attached(HOSPITAL)
        # Taken off the list too soon: what was stolen is of no use any more.
        config = self.partners.config("thief")
        config.write_text(self.partners.agent_config(
            HOSPITAL, f"credentials {{ certificate: {quoted(thief / 'certificate.pem')}\n"
            f"  key: {quoted(thief / 'key.pem')}\n"
            f"  authority: {quoted(thief / 'authority.pem')} }}\n",
            self.partners.folder / "state/thief"))
        self.partners.start("thief")
        self.addCleanup(lambda: self.partners.stop("thief"))
        wait_until(lambda: "invited again" in self.partners.log("thief"),
                   "the thief is told")
        self.assertEqual(self.partners.query(*BOTH).code, COMPLETE)

    def test_a_revoked_analysts_open_question_ends(self):
        profile = self.profile("analyst-ada")
        self.partners.freeze(POLICE)
        self.addCleanup(lambda: self.partners.thaw(POLICE))
        asking = Asking("cairn", "query", *MONTHLY, *partnership.PURPOSE, "--timeout",
                        "120s", "-o", "csv", profile=profile)
        wait_until(lambda: "query.received" in self.partners.log("coordinator"),
                   "the question is open")
        time.sleep(1)
        self.deny.write_text("person ada\n")
        done = asking.end(timeout=60)
        self.assertEqual((done.code, done.out), (NOT_ALLOWED, ""), done)
        self.assertIn("was revoked", done.err)
        again = self.partners.cairn("datasets", profile=profile)
        self.assertEqual(again.code, NOT_ALLOWED, again)
        self.assertIn("deny-list", again.err)
        self.assertEqual(self.partners.cairn("datasets").code, COMPLETE)
        self.assertTrue([e for e in self.entries("coordinator", "peer.revoked")
                         if e["peer"] == "person ada"])
        self.deny.write_text("# nobody\n")
        self.partners.thaw(POLICE)
        self.partners.wait_attached()

    def test_a_list_that_cannot_be_read_lets_nobody_in(self):
        self.deny.write_text("person\n")
        wait_until(lambda: self.partners.cairn("datasets").code != COMPLETE,
                   "nobody is served", seconds=60)
        done = self.partners.cairn("datasets")
        self.assertEqual(done.code, FAILED, done)
        self.assertIn("cannot read its deny-list", done.err)
        self.assertIn("line 1 of the deny-list", self.partners.log("coordinator"))
        self.deny.write_text("# nobody\n")
        self.partners.wait_attached()
        self.assertEqual(self.partners.query(*MONTHLY).code, COMPLETE)


if __name__ == "__main__":
    unittest.main()
