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
        cls.deny = cls.partners.folder / "deny.txt"
        cls.deny.write_text("# nobody\n")
        write = cls.partners.write_configs

        def write_configs():
            write()
            config = cls.partners.config("coordinator")
            config.write_text(config.read_text() + f"deny_list: {quoted(cls.deny)}\n")

        cls.partners.write_configs = write_configs
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

    def issue(self, name, names, days=30, usage="clientAuth", issuer="ca",
              through=(), more=""):
        """A certificate of the partnership's own root with any names."""
        base = self.folder / name
        key, request, config = (base.with_suffix(s) for s in (".key", ".csr", ".cnf"))
        config.write_text(text(
            "[req]\nprompt=no\ndistinguished_name=n\n[n]\nCN=", name, "\n[leaf]\n",
            "basicConstraints=critical,CA:FALSE\n",
            "keyUsage=critical,digitalSignature\nextendedKeyUsage=", usage,
            f"\nsubjectAltName={names}\n" if names else "\n", more))
        for command in (
            ["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-out", key],
            ["req", "-new", "-config", config, "-key", key, "-out", request],
            ["x509", "-req", "-days", str(days), "-in", request, "-CA",
             self.folder / f"{issuer}.pem", "-CAkey", self.folder / f"{issuer}.key",
             "-set_serial", "0x%x" % (abs(hash(name)) + 1), "-extfile", config,
             "-extensions", "leaf", "-out", base.with_suffix(".pem")],
        ):
            done = subprocess.run([*through, "openssl", *map(str, command)],
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

    def wrong_kinds(self):
        """Name, certificate, what the coordinator's log says, what its holder's
        program says by itself ("": what the coordinator told it)."""
        def spoil(name, offset):
            """A good certificate, with one byte of it changed."""
            file = self.issue(name, ANALYST)
            der = bytearray(ssl.PEM_cert_to_DER_cert(file.read_text()))
            der[offset if offset < 0 else der.index(b"/demo") + 1] ^= 1
            file.write_text(ssl.DER_cert_to_PEM_cert(bytes(der)))
            return file

        def foreign(name, folder):
            for suffix in (".pem", ".key"):
                (self.folder / name).with_suffix(suffix).write_bytes(
                    (self.partners.folder / folder / "analyst-demo").with_suffix(
                        suffix).read_bytes())
            return (self.folder / name).with_suffix(".pem")

        def self_signed(name):
            base = self.folder / name
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                 "ec_paramgen_curve:P-256", "-nodes", "-days", "30", "-subj", "/CN=x",
                 "-addext", f"subjectAltName={ANALYST}", "-keyout",
                 base.with_suffix(".key"), "-out", base.with_suffix(".pem")],
                check=True, stderr=subprocess.DEVNULL)
            return base.with_suffix(".pem")

        def root(name):
            for suffix in (".pem", ".key"):
                (self.folder / name).with_suffix(suffix).write_bytes(
                    (self.folder / "ca").with_suffix(suffix).read_bytes())
            return (self.folder / name).with_suffix(".pem")

        def by_a_leaf(name):
            file = self.issue(name, ANALYST, issuer="below")
            file.write_text(file.read_text() + (self.folder / "below.pem").read_text())
            return file

        later = ("faketime", "-f", "+3d")
        uri = "URI:spiffe://riverside/"
        self.issue("below", ANALYST)
        yield from (
            ("k-other-root", foreign("k-other-root", "impostor"), "local issuer", "local issuer"),
            ("k-elsewhere", foreign("k-elsewhere", "elsewhere"), "local issuer",
             "local issuer"),
            ("k-self-signed", self_signed("k-self-signed"), "self-signed", "self-signed"),
            ("k-by-a-leaf", by_a_leaf("k-by-a-leaf"), "invalid CA", "invalid CA"),
            ("k-issuer-missing", self.issue("k-issuer-missing", ANALYST, issuer="below"),
             "local issuer", "local issuer"),
            ("k-root", root("k-root"), "purpose", "URI names"),
            ("k-spoilt-name", spoil("k-spoilt-name", 0), "signature", "signature"),
            ("k-spoilt-signature", spoil("k-spoilt-signature", -1), "signature",
             "signature"),
            ("k-expired", self.issue("k-expired", ANALYST, EXPIRED), "expired", "expired"),
            ("k-not-yet", self.issue("k-not-yet", ANALYST, through=later),
             "not yet valid", "not valid before"),
            ("k-for-servers", self.issue("k-for-servers", ANALYST, usage="serverAuth"),
             "purpose", "purpose"),
            ("k-for-mail", self.issue("k-for-mail", ANALYST, usage="emailProtection"),
             "purpose", "purpose"),
            ("k-critical", self.issue("k-critical", ANALYST,
                                      more="1.2.3.4=critical,ASN1:NULL\n"),
             "critical", "critical"),
        )
        for name, names, told, own in (
            ("two", f"{ANALYST},{uri}analyst/other", "2 URI names", "2 URI names"),
            ("two-foreign", f"{ANALYST},URI:https://a.example/x", "2 URI names",
             "2 URI names"),
            ("same-twice", f"{ANALYST},{ANALYST}", "2 URI names", "2 URI names"),
            ("none", "DNS:analyst.example", "0 URI names", "0 URI names"),
            ("no-names", "", "0 URI names", "0 URI names"),
            ("host", f"DNS:{ANALYST[4:]}", "0 URI names", "0 URI names"),
            ("mail", f"email:{ANALYST[4:]}", "0 URI names", "0 URI names"),
            ("no-role", f"{uri}demo", "not spiffe://", "not spiffe://"),
            ("longer", f"{ANALYST}/more", "not spiffe://", "not spiffe://"),
            ("shorter", "URI:spiffe://riverside", "not spiffe://", "not spiffe://"),
            ("slash", f"{ANALYST}/", "not spiffe://", "not spiffe://"),
            ("empty-part", f"{uri}/analyst/demo", "not spiffe://", "not spiffe://"),
            ("upper", f"{uri}Analyst/demo", "not spiffe://", "not spiffe://"),
            ("percent", f"{uri}analyst/dem%6f", "not spiffe://", "not spiffe://"),
            ("scheme", "URI:https://riverside/analyst/demo", "not spiffe://",
             "not spiffe://"),
            ("query", f"{ANALYST}?x=1", "not spiffe://", "not spiffe://"),
            ("partnership", "URI:spiffe://elsewhere/analyst/demo", "another partnership",
             "do not accept each other"),
            ("near-partnership", "URI:spiffe://riverside.example/analyst/demo",
             "another partnership", "do not accept each other"),
            ("agent", f"{uri}agent/{AGENCY}", "role agent", ""),
            ("no-such-role", f"{uri}admin/demo", "role admin", ""),
            ("denied-name", f"{uri}analyst/gone", "was revoked", ""),
        ):
            yield "k-" + name, self.issue("k-" + name, names), told, own
        key = self.issue("k-denied-key", ANALYST)
        der = subprocess.run(
            f"openssl x509 -in {key} -noout -pubkey | openssl pkey -pubin -outform DER"
            " | sha256sum", shell=True, check=True, text=True,
            stdout=subprocess.PIPE).stdout.split()[0]
        before = self.partners.log("coordinator").count("peer.revoked")
        self.deny.write_text(f"spiffe://riverside/analyst/gone\nkey {der}\n")
        self.addCleanup(lambda: self.deny.write_text("# nobody\n"))
        wait_until(lambda: self.partners.log("coordinator").count("peer.revoked")
                   == before + 2, "the list was read")
        yield "k-denied-key", key, "was revoked", ""

    def test_no_wrong_certificate_gets_a_call_through_and_both_sides_say_why(self):
        kinds = 0
        for name, certificate, told, own in list(self.wrong_kinds()):
            with self.subTest(name):
                before = len(self.partners.log("coordinator"))
                call = self.raw(certificate)
                self.assertEqual(call.data, b"")
                if call.refused is None:
                    self.assertIn(b"grpc-status", call.headers)
                wait_until(lambda: told in self.partners.log("coordinator")[before:],
                           f"the coordinator's log says: {told}", 10)
                done = self.ask_as(name)
                self.is_refused(done, own or told, codes=(NOT_ALLOWED, USAGE))
            kinds += 1
        self.assertGreaterEqual(kinds, 30)

    def test_whoever_shows_no_certificate_is_turned_away_and_logged(self):
        before = len(self.partners.log("coordinator"))
        self.assertTrue(self.raw().refused)
        wait_until(lambda: "the certificate shown: none"
                   in self.partners.log("coordinator")[before:], "it is logged", 10)

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

    def attached(self, agency):
        return [line for line in self.partners.log("coordinator").splitlines()
                if '"agent.attached"' in line and quoted(agency) in line]

    def refused_while_running(self, guest, agency, credentials, word):
        """An agent that the coordinator turns away: it says why, and attaches not."""
        config = self.partners.config(guest)
        config.write_text(
            self.partners.agent_config(AGENCY, credentials, self.partners.folder / guest)
            .replace(f"agency: {quoted(AGENCY)}", f"agency: {quoted(agency)}", 1))
        before = self.attached(agency)
        self.partners.start(guest)
        self.addCleanup(lambda: self.partners.stop(guest))
        wait_until(lambda: any("link.ended" in line and word in line
                               for line in self.partners.log(guest).splitlines()),
                   f"the agent says that its line ended: {word}")
        self.assertEqual(self.attached(agency), before)
        self.assertTrue(self.partners.running(guest))

    def test_an_agency_the_coordinator_does_not_know(self):
        self.refused_while_running("guest-stranger", "stranger",
                                   self.partners.credentials("agent-stranger"),
                                   "not in the coordinator")

    def test_an_agent_of_another_root(self):
        self.refused_while_running(
            "guest-impostor", AGENCY,
            self.partners.credentials(f"agent-{AGENCY}",
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
