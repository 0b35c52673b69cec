"""Who may talk to whom: every certificate but the right one is turned away."""

import socket
import ssl
import struct
import subprocess
import threading
import unittest

import partnership
from partnership import COMPLETE, FAILED, NOT_ALLOWED, USAGE, quoted, run, wait_until

AGENCY, OTHER = "riverside-police", "st-marys-ed"
GOOD = ("--from", "police_incidents", "--by", "lad")
ANALYST = "URI:spiffe://riverside/analyst/demo"
EXPIRED = -1


def text(*parts):
    return "".join(parts)


class RawCall:
    """One gRPC call over a TLS socket of Python's: no check of ours in between."""

    def __init__(self, port, authority, certificate=None,
                 path="/cairn.v1.QueryService/Describe"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(authority)
        context.set_alpn_protocols(["h2"])
        if certificate:
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        self.path = path.encode()
        self.data, self.headers, self.refused = b"", b"", None
        try:
            with socket.create_connection(("127.0.0.1", port), 10) as plain:
                with context.wrap_socket(plain, server_hostname="localhost") as line:
                    self.call(line)
        except (ssl.SSLError, ConnectionError) as error:
            self.refused = str(error)

    @staticmethod
    def frame(kind, flags, stream, payload):
        return struct.pack(">I", len(payload))[1:] + struct.pack(
            ">BBI", kind, flags, stream) + payload

    def call(self, line):
        """The call with an empty request (RFC 9113, RFC 7541 6.2.2)."""
        headers = b"".join(
            b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value
            for name, value in (
                (b":method", b"POST"), (b":scheme", b"https"),
                (b":path", self.path),
                (b":authority", b"localhost"),
                (b"content-type", b"application/grpc"), (b"te", b"trailers")))
        line.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + self.frame(4, 0, 0, b"")
                     + self.frame(1, 4, 1, headers) + self.frame(0, 1, 1, bytes(5)))
        received = line.makefile("rb")
        while True:
            head = received.read(9)
            if len(head) < 9:
                self.refused = self.refused or "closed"
                return
            size, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            payload = received.read(size)
            if kind == 0:
                self.data += payload
            if kind == 1:
                self.headers += payload
                if flags & 1:  # the last of this call
                    return


class CredentialTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.partners = partnership.synthetic(AGENCY, OTHER)
        cls.addClassCleanup(cls.partners.close)
        cls.partners.open()
        cls.folder = cls.partners.folder / "certificates"
        # Another root that calls itself the same; and another partnership.
        cls.partners.certificates(cls.partners.folder / "impostor")
        cls.partners.certificates(cls.partners.folder / "elsewhere", "elsewhere")
        cls.partners.certificates(None, None, "--agent", "stranger",
                                  "--steward", "anna", "--auditor", "bob")
        cls.good = cls.partners.query(*GOOD)
        assert cls.good.code == COMPLETE, cls.good

    def tearDown(self):
        """The coordinator goes on serving those it knows."""
        self.assertTrue(self.partners.all_running())
        again = self.partners.query(*GOOD)
        self.assertEqual((again.code, again.raw), (COMPLETE, self.good.raw), again)

    def issue(self, name, names, days=30, usage="clientAuth"):
        """A certificate of the partnership's own root with any names."""
        base = self.folder / name
        key, request, config = (base.with_suffix(s) for s in (".key", ".csr", ".cnf"))
        config.write_text(text(
            "[req]\nprompt=no\ndistinguished_name=n\n[n]\nCN=", name, "\n[leaf]\n",
            "basicConstraints=critical,CA:FALSE\n",
            "keyUsage=critical,digitalSignature\nextendedKeyUsage=", usage,
            f"\nsubjectAltName={names}\n" if names else "\n"))
        for command in (
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-out", key],
            ["req", "-new", "-config", config, "-key", key, "-out", request],
            ["x509", "-req", "-days", str(days), "-in", request, "-CA",
             self.folder / "ca.pem", "-CAkey", self.folder / "ca.key",
             "-set_serial", "0x%x" % (abs(hash(name)) + 1), "-extfile", config,
             "-extensions", "leaf", "-out", base.with_suffix(".pem")],
        ):
            done = subprocess.run(["openssl", *map(str, command)],
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout)
        return base.with_suffix(".pem")

    def ask_as(self, who, folder=None):
        profile = self.partners.write_profile(
            self.partners.folder / "who.textproto",
            self.partners.credentials(who, folder or self.folder))
        return self.partners.query(*GOOD, profile=profile, timeout=40)

    def is_refused(self, done, *says, codes=(NOT_ALLOWED,)):
        self.assertIn(done.code, codes, done)
        self.assertEqual(done.out, "", done)
        self.assertEqual(done.err.count("\n"), 1, done)
        for words in says:
            self.assertIn(words, done.err, done)

    def raw(self, certificate=None):
        return RawCall(self.partners.port, self.folder / "ca.pem", certificate)

    # Analysts.

    def test_no_credentials_at_all(self):
        profile = self.partners.write_profile(self.partners.folder / "none.textproto", "")
        self.is_refused(self.partners.query(*GOOD, profile=profile))
        self.is_refused(run("cairn", "datasets"), "CAIRN_PROFILE")

    def test_a_certificate_of_another_root(self):
        impostor = self.partners.folder / "impostor"
        # With its own root the client does not even trust the coordinator; with
        # the true root beside it, its certificate does not fit.
        self.is_refused(self.ask_as("analyst-demo", impostor), "certificate")
        mixed = self.partners.folder / "mixed"
        mixed.mkdir(exist_ok=True)
        for name in ("analyst-demo.pem", "analyst-demo.key"):
            (mixed / name).write_bytes((impostor / name).read_bytes())
        (mixed / "ca.pem").write_bytes((self.folder / "ca.pem").read_bytes())
        self.is_refused(self.ask_as("analyst-demo", mixed), "analyst-demo.pem")

    def test_a_certificate_of_another_partnership(self):
        self.is_refused(self.ask_as("analyst-demo", self.partners.folder / "elsewhere"),
                        "certificate")
        self.issue("far", "URI:spiffe://elsewhere/analyst/demo")
        self.is_refused(self.ask_as("far"))

    def test_a_certificate_of_another_role(self):
        for who, role in ((f"agent-{AGENCY}", "agent"), ("steward-anna", "steward"),
                          ("auditor-bob", "auditor")):
            with self.subTest(who):
                self.is_refused(self.ask_as(who), role)

    def test_an_auditor_may_read_what_was_asked_but_not_ask(self):
        profile = self.partners.write_profile(
            self.partners.folder / "auditor.textproto",
            self.partners.credentials("auditor-bob"))
        done = self.partners.cairn("history", profile=profile)
        self.assertEqual(done.code, COMPLETE, done)
        self.assertIn("--by lad", done.out)

    def test_an_expired_certificate(self):
        self.issue("expired", ANALYST, EXPIRED)
        self.is_refused(self.ask_as("expired"), "expired")

    def test_a_certificate_with_two_names(self):
        self.issue("two", f"{ANALYST},URI:spiffe://riverside/agent/{AGENCY}")
        self.is_refused(self.ask_as("two"), "2 URI names")

    def test_a_certificate_without_a_name(self):
        self.issue("nameless", "DNS:analyst.example")
        self.is_refused(self.ask_as("nameless"), "URI name")

    def test_a_key_of_another_certificate(self):
        self.issue("swapped", ANALYST)
        (self.folder / "swapped.key").write_bytes(
            (self.folder / "analyst-demo.key").read_bytes())
        self.is_refused(self.ask_as("swapped"), "swapped.key")

    # The coordinator does not rely on what a client checks of itself.

    def test_the_coordinator_turns_away_what_its_root_did_not_sign(self):
        known = self.raw(self.folder / "analyst-demo.pem")
        self.assertIn(b"police_incidents", known.data, (known.refused, known.headers))
        expired = self.issue("expired-raw", ANALYST, EXPIRED)
        for name, certificate in (
            ("none", None), ("expired", expired),
            ("another root", self.partners.folder / "impostor/analyst-demo.pem"),
        ):
            with self.subTest(name):
                call = self.raw(certificate)
                self.assertTrue(call.refused, call.headers)
                self.assertEqual(call.data, b"")

    def test_the_coordinator_reads_exactly_one_uri_name(self):
        for name, names, status in (
            ("two", f"{ANALYST},URI:spiffe://riverside/analyst/other", b"16"),
            ("two of which one is foreign", f"{ANALYST},URI:https://a.example/x", b"16"),
            ("none", "DNS:analyst.example", b"16"),
            ("no name at all", "", b"16"),
            ("a host that looks like one", f"DNS:{ANALYST[4:]}", b"16"),
            ("an address that looks like one", f"email:{ANALYST[4:]}", b"16"),
            ("not a role", "URI:spiffe://riverside/demo", b"16"),
            ("another partnership", "URI:spiffe://elsewhere/analyst/demo", b"7"),
            ("an agent", f"URI:spiffe://riverside/agent/{AGENCY}", b"7"),
            ("longer", ANALYST + "/more", b"16"),
            ("upper case", ANALYST.upper().replace("SPIFFE", "spiffe"), b"16"),
        ):
            with self.subTest(name):
                call = self.raw(self.issue("raw-" + name.replace(" ", "-"), names))
                self.assertEqual(call.data, b"")
                if call.refused is None:
                    self.assertIn(b"grpc-status" + bytes([len(status)]) + status,
                                  call.headers)

    # Agents.

    def run_agent(self, agency, credentials):
        """`cairn-agent run`, which must end by itself."""
        self.partners.stop(agency)
        self.addCleanup(self.partners.heal)
        config = self.partners.folder / "config/other.textproto"
        config.write_text(self.partners.agent_config(agency, credentials))
        done = run("cairn-agent", "run", "--config", str(config), timeout=20)
        self.partners.heal()
        return done

    def test_an_agent_with_the_certificate_of_somebody_else(self):
        elsewhere = self.partners.folder / "elsewhere"
        for name, who, folder in (
            ("an analyst's", "analyst-demo", self.folder),
            ("another agency's", f"agent-{OTHER}", self.folder),
            ("another partnership's", f"agent-{AGENCY}", elsewhere),
        ):
            with self.subTest(name):
                done = self.run_agent(AGENCY, self.partners.credentials(who, folder))
                self.is_refused(done, f"{who}.pem", codes=(USAGE, NOT_ALLOWED))

    def refused_while_running(self, agency, credentials, word):
        """An agent that the coordinator turns away: it says why, and attaches not."""
        config = self.partners.config("guest")
        config.write_text(
            self.partners.agent_config(AGENCY, credentials, self.partners.folder / "guest")
            .replace(f"agency: {quoted(AGENCY)}", f"agency: {quoted(agency)}", 1))
        before = self.partners.log("coordinator").count("agent.attached")
        self.partners.start("guest")
        self.addCleanup(lambda: self.partners.stop("guest"))
        wait_until(lambda: "link.ended" in self.partners.log("guest"),
                   "the agent says that its line ended", 15)
        self.assertIn(word, self.partners.log("guest"))
        self.assertEqual(self.partners.log("coordinator").count("agent.attached"), before)
        self.assertTrue(self.partners.running("guest"))

    def test_an_agency_the_coordinator_does_not_know(self):
        self.refused_while_running("stranger", self.partners.credentials("agent-stranger"),
                                   "not in the coordinator")

    def test_an_agent_of_another_root(self):
        self.refused_while_running(
            AGENCY, self.partners.credentials(f"agent-{AGENCY}",
                                              self.partners.folder / "impostor"), "")

    # The other way: nobody can stand in for the coordinator.

    def test_a_server_that_is_not_the_coordinator_gets_no_question(self):
        for name, names in (
            ("an agent", f"URI:spiffe://riverside/agent/{AGENCY},DNS:localhost"),
            ("a stranger", "DNS:localhost,IP:127.0.0.1"),
            ("another partnership", "URI:spiffe://elsewhere/coordinator,DNS:localhost"),
        ):
            with self.subTest(name):
                certificate = self.issue("server-" + name.replace(" ", "-"), names, 30,
                                         "serverAuth")
                done, heard = self.ask_false_server(certificate)
                self.is_refused(done, codes=(FAILED, NOT_ALLOWED))
                self.assertNotIn(b"cairn.v1", heard)

    def ask_false_server(self, certificate):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key"))
        context.set_alpn_protocols(["h2"])
        heard = bytearray()
        with socket.create_server(("127.0.0.1", 0)) as server:
            def listen():
                while True:
                    try:
                        line = server.accept()[0]
                    except OSError:
                        return
                    try:
                        line.settimeout(2)
                        with context.wrap_socket(line, server_side=True) as secure:
                            heard.extend(secure.recv(65536))
                    except OSError:
                        pass

            thread = threading.Thread(target=listen, daemon=True)
            thread.start()
            profile = self.partners.folder / "false.textproto"
            profile.write_text(
                f'coordinator: "127.0.0.1:{server.getsockname()[1]}"\n'
                + self.partners.credentials("analyst-demo"))
            done = self.partners.query(*GOOD, profile=profile, timeout=40)
            server.shutdown(socket.SHUT_RDWR)
            thread.join(5)
        return done, bytes(heard)


if __name__ == "__main__":
    unittest.main()
