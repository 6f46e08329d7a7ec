# SPDX-License-Identifier: MIT
"""Everything that ends a secure visit or begins it anew: each has its own error code, its own
sentence and its own exit status, and nothing of the client's goes out to a server it does not trust.
What the files of keys look like is test_trust.py's."""
from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import ClassVar

from errors import Errors
from harness import CLIENT, main
from original import TAKEN
from program import JsonClient, Server
from proxy import Proxy
from relay import Relay, start_relay
from secure import SecureCase, all_seen, events, texts

UNAVAILABLE, REFUSED = 69, 77
RETRY, INIT, FINI = 0xF9, 0xF8, 0xFB
SECURE_TYPES = range(0xF8, 0xFF)
OTHER_KEY = "abcdefghijklmnopqrst"
LONGEST = 45  # seconds, for what ends after the promised 30
PERCENT_30 = 300


class Trust(SecureCase, Errors):
    _codes: ClassVar[dict[str, str]] = {}

    def start(self, port: int, *options: str, name: str = "alice", data: str = "") -> JsonClient:
        """With these options and no others; every name has a data folder of its own."""
        where = data or str(self.folder / f"client-{name}")
        argv = [CLIENT, "127.0.0.1", str(port), "--json", "--name", name, "--data", where]
        return self._keep(JsonClient([*argv, *options], self.environment()))

    def assert_ends(
        self, client: JsonClient, code: str, *mentioned: str, status: int = REFUSED
    ) -> str:
        """With that error as JSON and the same sentence for people; the sentence."""
        ended = client.wait(LONGEST)
        text: str = client.event("error", code=code)["text"]
        done = subprocess.CompletedProcess("", ended, "", "\n".join(client.err.until_end()))
        self.assert_clear(done, (status,), text, *mentioned)
        opening = text[:30]
        self.assertEqual(self._codes.setdefault(opening, code), code, "two errors sound alike")
        return text

    def assert_in_and_out(self, client: JsonClient) -> None:
        client.event("welcome")
        client.tell("quit")
        self.assertEqual(client.wait(), 0)

    def restart(self, server: Server, *options: str, lost: tuple[str, ...] = ()) -> Server:
        """Ended and started again where it was, after it has lost some of its files."""
        server.send_signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        for file in lost:
            (Path(server.data) / file).unlink()
        return self.server(*options, data=server.data, port=server.port)

    def secret(self, text: str) -> str:
        file = self.folder / f"password-{text}"
        file.write_text(text + "\n")
        file.chmod(0o600)
        return str(file)


class Keys(Trust):
    def setUp(self) -> None:
        super().setUp()
        self.chat_server = self.server()
        self.relay = start_relay(self, self.chat_server.address, record=True)

    def types_sent(self, relay: Relay) -> set[int]:
        relay.settle()
        return {sent.data[0] for sent in relay.recording() if sent.kind == "up"}

    def assert_nothing_revealed(self) -> None:
        """Ephemeral keys went out, the client's own key and name did not."""
        self.assertEqual(self.types_sent(self.relay), {INIT})
        self.assertIn("0 members", self.control(self.chat_server, "who"))

    def test_a_new_server_and_nobody_to_ask(self) -> None:
        client = self.start(self.relay.port)
        self.assert_ends(client, "key_unknown", self.chat_server.key, "--accept-key")
        self.assert_nothing_revealed()

    def test_another_key_than_the_accepted_one(self) -> None:
        client = self.start(self.relay.port, "--accept-key", OTHER_KEY)
        self.assert_ends(client, "key_not_accepted", self.chat_server.key)
        self.assert_nothing_revealed()

    def test_what_was_accepted_is_remembered(self) -> None:
        for name, *option in (
            ("alice", "--accept-key", self.chat_server.key),
            ("bob", "--accept-new-key"),
        ):
            with self.subTest(option[0]):
                self.assert_in_and_out(self.start(self.relay.port, *option, name=name))
                self.assert_in_and_out(self.start(self.relay.port, name=name))
        self.assertIn(FINI, self.types_sent(self.relay))

    def test_a_changed_key(self) -> None:
        self.assert_in_and_out(self.start(self.relay.port, "--accept-new-key"))
        changed = self.restart(self.chat_server, lost=("server.key",))
        self.assertNotEqual(changed.key, self.chat_server.key)
        self.relay.settle()
        visits = len(self.relay.recording())
        known = str(self.folder / "client-alice" / "known_servers")
        for options in ((), ("--accept-new-key",), ("--accept-key", changed.key)):
            with self.subTest(options):
                client = self.start(self.relay.port, *options)
                self.assert_ends(client, "key_changed", f"line 1 of {known}", str(self.relay.port))
        self.relay.settle()
        later = [sent.data[0] for sent in self.relay.recording()[visits:] if sent.kind == "up"]
        self.assertGreater(len(later), 5)
        self.assertEqual(set(later), {INIT})


class Passwords(Trust):
    def setUp(self) -> None:
        super().setUp()
        self.right = self.secret("open sesame")
        self.chat_server = self.server("--password-file", self.right)

    def start_with(self, port: int, file: str, name: str = "alice") -> JsonClient:
        return self.start(port, "--accept-new-key", "--password-file", file, name=name)

    def test_wrong_right_and_none(self) -> None:
        port = self.chat_server.port
        self.assert_ends(self.start_with(port, self.secret("open barley")), "wrong_password")
        none = self.start(port, "--accept-new-key")
        self.assert_ends(none, "password_wanted", "--password-file")
        self.assert_in_and_out(self.start_with(port, self.right))

    def test_nothing_is_revealed_where_a_password_is_missing(self) -> None:
        relay = start_relay(self, self.chat_server.address, record=True)
        self.assert_ends(self.start(relay.port, "--accept-new-key"), "password_wanted")
        relay.settle()
        self.assertEqual({d.data[0] for d in relay.recording() if d.kind == "up"}, {INIT})

    def test_damage_on_the_way_is_no_wrong_password(self) -> None:
        relay = start_relay(self, self.chat_server.address)
        relay.set(flip=PERCENT_30)
        wrong = self.start_with(relay.port, self.secret("open barley"), "mallory")
        clients = [self.start_with(relay.port, self.right, f"guest{n}") for n in range(8)]
        for client in clients:
            client.event("welcome")
            client.say(f"I am {client.pid}")
        all_seen(clients[:1], 1)
        self.assert_ends(wrong, "wrong_password")
        for client in clients:
            client.tell("quit")
            self.assertEqual(client.wait(), 0)
            self.assertEqual(events(client, "error"), [])
        self.assertGreater(relay.stats()["up"]["flipped"], 8)


class Names(Trust):
    def setUp(self) -> None:
        super().setUp()
        self.chat_server = self.server()

    def assert_name_refused(self, code: str, name: str) -> None:
        data = str(self.folder / "somebody else")
        client = self.start(self.chat_server.port, "--accept-new-key", name=name, data=data)
        self.assert_ends(client, code, name)

    def test_a_stolen_name_before_and_after_a_restart(self) -> None:
        self.assert_in_and_out(self.start(self.chat_server.port, "--accept-new-key"))
        for _ in range(2):
            self.assert_name_refused("name_owned", "alice")
            self.assert_name_refused("name_owned", "ALICE")
            self.assertEqual(self.peer(self.chat_server).login("alice"), TAKEN)
            self.assert_in_and_out(self.start(self.chat_server.port))
            self.chat_server = self.restart(self.chat_server)

    def test_without_a_disk_nothing_is_kept(self) -> None:
        self.chat_server = self.restart(self.chat_server, "--memory")
        self.assert_in_and_out(self.start(self.chat_server.port, "--accept-new-key"))
        self.assert_name_refused("name_owned", "alice")
        before = {file.name for file in Path(self.chat_server.data).iterdir()}
        again = self.restart(self.chat_server, "--memory")
        self.assertNotEqual(again.key, self.chat_server.key)
        self.assertEqual({file.name for file in Path(again.data).iterdir()}, before)
        data = str(self.folder / "somebody else again")
        mallory = self.start(again.port, "--accept-new-key", data=data)
        self.assert_in_and_out(mallory)

    def test_a_name_in_use_without_a_key(self) -> None:
        bob = self.peer(self.chat_server, "bob")
        self.assert_name_refused("name_taken", "bob")
        self.assertEqual([words for words in bob.heard() if "bob" in words.decode()], [])

    def test_reserved_names(self) -> None:
        for name in ("管理员", "admin", "Admin", "server", "欢迎"):
            with self.subTest(name):
                self.assert_name_refused("name_taken", name)


class Endings(Trust):
    def setUp(self) -> None:
        super().setUp()
        self.chat_server = self.server()

    def joined_alone(self, name: str) -> JsonClient:
        client = self.start(self.chat_server.port, "--accept-new-key", name=name)
        client.event("members")
        return client

    def test_removed_by_the_operator(self) -> None:
        alice, bob = self.joined_alone("alice"), self.joined_alone("bob")
        self.chat_server.write("/kick bob")
        self.assert_ends(bob, "ended_by_server")
        alice.event("leave", name="bob")

    def test_the_same_person_at_two_machines(self) -> None:
        """One name, no word about the second, and both hear everything, their own words too."""
        watcher, laptop = self.joined_alone("bob"), self.joined_alone("alice")
        desk = self.start(self.chat_server.port)
        desk.event("welcome")
        self.assertEqual(desk.event("members")["names"], ["alice", "bob"])
        desk.say("from the desk")
        all_seen([watcher, laptop, desk], 1)
        laptop.say("from the laptop")
        watcher.say("to both")
        all_seen([watcher, laptop, desk], 3)
        for client in (laptop, desk):
            own = {event["text"]: event["own"] for event in events(client, "message")}
            self.assertEqual(
                own, {"from the desk": True, "from the laptop": True, "to both": False}
            )
        desk.tell("quit")
        self.assertEqual(desk.wait(), 0)
        laptop.say("one of them is enough")
        all_seen([watcher, laptop], 4)
        self.assertEqual(events(watcher, "leave"), [])
        joins = [event["name"] for event in events(watcher, "join")]
        self.assertEqual(joins, ["alice"])
        laptop.tell("quit")
        self.assertEqual(laptop.wait(), 0)
        watcher.event("leave", name="alice")

    def test_the_server_comes_back_with_a_new_log(self) -> None:
        clients = [self.joined_alone("alice"), self.joined_alone("bob")]
        clients[0].say("before")
        all_seen(clients, 1)
        self.restart(self.chat_server, lost=("rooms.db",))
        for client in clients:
            client.event("state", state="reconnecting")
            client.event("error", code="history_restarted")
            client.event("state", state="online")
        for number, client in enumerate(clients):
            client.say(f"after {number}")
        all_seen(clients, 3)
        for client in clients:
            self.assertEqual(sorted(texts(client)), ["after 0", "after 1", "before"])
            client.tell("quit")
            self.assertEqual(client.wait(), 0)


class NoFallback(Trust):
    """Only the user chooses the plain-text protocol. All of it at once: each takes 30 seconds."""

    EDITS = (  # offset and bits in RETRY
        (2, 0x01),  # a password is needed
        (3, 0x80),  # flags that do not exist
        (40, 0x04),  # one more version is spoken
        (40, 0x06),  # ours is not spoken
    )

    def edited(self, server: Server, offset: int, bits: int) -> Proxy:
        def edit(data: bytes) -> bytes:
            changed = bytearray(data)
            if data[0] == RETRY:
                changed[offset] ^= bits
            return bytes(changed)

        return Proxy(self, server.address, down=edit)

    def test_what_can_never_complete(self) -> None:
        server = self.server()
        options = ("--accept-new-key", "--password-file", self.secret("open sesame"))
        proxies = [self.edited(server, offset, bits) for offset, bits in self.EDITS]
        clients = [
            self.start(proxy.port, *options, name=f"guest{number}")
            for number, proxy in enumerate(proxies)
        ]
        original = self.original_server()
        lost = self.start(original.port, "--accept-new-key", name="bob")
        for proxy, client, edit in zip(proxies, clients, self.EDITS, strict=True):
            with self.subTest(edit):
                self.assert_ends(client, "handshake_altered", status=UNAVAILABLE)
                self.assertEqual(events(client, "welcome"), [])
                (path,) = proxy.paths
                self.assertGreater(len(path.received), 3)
                self.assertEqual({data[0] for data in path.sent}, {INIT})
        self.assert_ends(lost, "unreachable", str(original.port), status=UNAVAILABLE)
        self.assertGreater(len(original.log), 5)
        self.assertLessEqual({data[0] for data in original.log}, set(SECURE_TYPES))
        self.assertIn("0 members", self.control(server, "who"))


if __name__ == "__main__":
    main()
