# SPDX-License-Identifier: MIT
"""Every error a user can cause: one clear sentence on standard error and a fitting exit status."""
from __future__ import annotations

import subprocess

from errors import SYSEXITS, WRONG_CALL, Errors
from harness import CLIENT, SERVER, main, trust
from original import said

WITHOUT_INPUT = ("sh", "-c", 'exec "$@" <&-', "sh")


class OfTheServer(Errors):
    def test_port_in_use(self) -> None:
        first = self.server()
        done = self.start_server("127.0.0.1", str(first.port))
        self.assert_clear(done, SYSEXITS, str(first.port), "in use")

    def test_bad_address(self) -> None:
        for host in ("no-such-host.invalid", "300.1.1.1", "[::1", "192.0.2.1"):
            with self.subTest(host):
                self.assert_clear(self.start_server(host, "0"), WRONG_CALL + SYSEXITS, host)

    def test_bad_port(self) -> None:
        for port in ("65536", "-1", "http", "", "80x"):
            with self.subTest(port):
                self.assert_clear(self.start_server("127.0.0.1", port), WRONG_CALL)

    def test_unknown_option(self) -> None:
        self.assert_clear(self.start_server("--frobnicate"), WRONG_CALL, "--frobnicate")

    def test_bad_values_of_options(self) -> None:
        table = (("--classic", "maybe"), ("--log-level", "loud"), ("--log-format", "xml"))
        for option, value in table:
            with self.subTest(option):
                self.assert_clear(self.start_server(option, value), WRONG_CALL, option)

    def test_data_folder_that_can_not_be_written(self) -> None:
        """The tests may run as root, whom permissions do not stop: a file is in the way instead."""
        file = self.folder / "file"
        file.write_text("")
        for folder in (str(file), f"{file}/below", "/proc/chat"):
            with self.subTest(folder):
                done = self.start_server("127.0.0.1", "0", "--data", folder)
                self.assert_clear(done, SYSEXITS, folder)

    def test_two_servers_on_one_data_folder(self) -> None:
        first = self.server()
        done = self.start_server("127.0.0.1", "0", "--data", first.data)
        self.assert_clear(done, SYSEXITS, first.data)
        alice = self.peer(first, "alice")
        self.announce(first, "still mine")
        self.assertEqual(alice.receive(), said("管理员", "still mine"))

    def test_standard_input_closed(self) -> None:
        """The shell's <&- : the server serves on."""
        data = str(self.folder / "data")
        server = self.program([*WITHOUT_INPUT, SERVER, "127.0.0.1", "0", "--data", data])
        server.out.expect("listening on")
        done = self.call(SERVER, "announce", "--data", data, "hello")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIsNone(server.popen.poll())


class OfTheClient(Errors):
    def join(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """With nothing to read: whoever gets in leaves again."""
        data = str(self.folder / "data")
        return self.call(CLIENT, *arguments, *trust(arguments), "--data", data)

    def test_no_server(self) -> None:
        """Nobody on the port: given up after the 30 seconds that are promised, for real."""
        for form in ("--plain", "--json"):
            with self.subTest(form):
                port = self.closed_port()
                client = self.program([CLIENT, form, "--name", "alice", "127.0.0.1", str(port)])
                client.wait(45)
                text = "\n".join(client.err.until_end())
                done = subprocess.CompletedProcess("", client.wait(), "", text)
                self.assert_clear(done, (69,), str(port))

    def test_bad_address(self) -> None:
        for host in ("no-such-host.invalid", "300.1.1.1", "[::1"):
            with self.subTest(host):
                done = self.join("--plain", "--name", "alice", host)
                self.assert_clear(done, WRONG_CALL + SYSEXITS, host)
        done = self.join("--plain", "--name", "alice", "127.0.0.1:http")
        self.assert_clear(done, WRONG_CALL, "http")

    def test_bad_port(self) -> None:
        for port in ("65536", "-1", "http", "0", "80x"):
            with self.subTest(port):
                done = self.join("--plain", "--name", "alice", "127.0.0.1", port)
                self.assert_clear(done, WRONG_CALL)

    def test_unknown_option(self) -> None:
        self.assert_clear(self.join("--frobnicate"), WRONG_CALL, "--frobnicate")

    def test_plain_and_json_together(self) -> None:
        self.assert_clear(self.join("--plain", "--json", "--name", "alice"), WRONG_CALL)

    def test_invalid_name(self) -> None:
        server = self.server()
        for name in ("a b", "n" * 33, "名" * 11, "bo\nb", "\x1b[31m"):
            with self.subTest(name):
                done = self.join("--plain", "--name", name, "127.0.0.1", str(server.port))
                self.assert_clear(done, WRONG_CALL + SYSEXITS, "name")

    def test_name_taken(self) -> None:
        server = self.server()
        self.peer(server, "bob")
        done = self.join("--plain", "--name", "bob", "127.0.0.1", str(server.port))
        self.assert_clear(done, (77,), "bob")

    def test_standard_input_closed(self) -> None:
        """As end of file: in, and out again."""
        server = self.server()
        bob = self.peer(server, "bob")
        words = ("--plain", "--accept-new-key", "--name", "alice", "127.0.0.1", str(server.port))
        done = self.call(*WITHOUT_INPUT, CLIENT, *words)
        self.assertEqual(done.returncode, 0, done.stderr)
        bob.receive_until("\nalice 离开了聊天室".encode())

    def test_a_line_that_is_no_json(self) -> None:
        server = self.server()
        client = self.json_client(server.port, "alice")
        client.event("welcome")
        no_text = ('{"type":"message"}', '{"type":"message","text":5}')
        for line in ("hello", "[1]", '{"type":7}', *no_text):
            with self.subTest(line):
                client.write(line)
                error = client.event("error")
                self.assertTrue(error["code"] and error["text"], error)
        client.tell("quit")
        self.assertEqual(client.wait(), 0)


if __name__ == "__main__":
    main()
