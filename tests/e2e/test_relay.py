# SPDX-License-Identifier: MIT
"""The lossy relay itself, between plain sockets.

Loopback delivers before sendto returns, and the relay's statistics come after everything that was
sent before they were asked for: so what has not arrived then will not arrive.
"""
from __future__ import annotations

import select
import signal
import socket
from pathlib import Path

import processes
from harness import Case, main
from relay import CLIENTS_MAX, RELAY, Relay, Stats, read_recording, start_relay
from waiting import LONG, PATIENCE, wait_until

BUFFER = 65536
CHUNK = 100  # datagrams that fit into any socket's buffer
Address = tuple[str, int]


class Peer:
    """A plain UDP socket."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address: Address = self._socket.getsockname()
        self.close = self._socket.close

    def send(self, data: bytes, to: Address) -> None:
        self._socket.sendto(data, to)

    def receive(self) -> tuple[bytes, Address]:
        self._socket.settimeout(LONG * PATIENCE)
        return self._socket.recvfrom(BUFFER)

    def pending(self) -> list[bytes]:
        return [data for data, _ in self.pending_with_senders()]

    def pending_with_senders(self) -> list[tuple[bytes, Address]]:
        datagrams = []
        while select.select([self._socket], [], [], 0)[0]:
            datagrams.append(self._socket.recvfrom(BUFFER))
        return datagrams


def numbered(number: int, size: int = 100) -> bytes:
    return number.to_bytes(4, "big") * (size // 4)


class RelayCase(Case):
    def setUp(self) -> None:
        super().setUp()
        self.server = self.plain_socket()

    def plain_socket(self) -> Peer:
        peer = Peer()
        self.addCleanup(peer.close)
        return peer

    def joined(self, relay: Relay) -> tuple[Peer, Address]:
        """A client whose first datagram has arrived, and where the server sees it."""
        client = self.plain_socket()
        client.send(b"hello", relay.address)
        data, seen = self.server.receive()
        self.assertEqual(data, b"hello")
        return client, seen

    def send_up(self, relay: Relay, client: Peer, count: int) -> list[bytes]:
        """Sends so many; returns those that arrived."""
        arrived: list[bytes] = []
        for number in range(count):
            client.send(numbered(number), relay.address)
            if number % CHUNK == CHUNK - 1 or number == count - 1:
                relay.settle()
                arrived += self.server.pending()
        return arrived

    def assert_all_arrive_in_order(self, relay: Relay, client: Peer) -> None:
        for number in range(CHUNK):
            client.send(numbered(number), relay.address)
        arrived = [self.server.receive()[0] for _ in range(CHUNK)]
        self.assertEqual(arrived, [numbered(n) for n in range(CHUNK)])

    def assert_adds_up(self, stats: Stats) -> None:
        for way in ("up", "down"):
            count = stats[way]
            left = count["out"] + count["lost"] + count["queue_drops"] + count["waiting"]
            self.assertEqual(count["in"] + count["duplicated"], left, (way, stats))


class Passing(RelayCase):
    def test_a_perfect_link_changes_nothing(self) -> None:
        relay = start_relay(self, self.server.address)
        client, seen = self.joined(relay)
        self.assertNotEqual(seen, client.address)
        for data in (b"", b"\0", b"x" * 1200, b"y" * 65507):
            with self.subTest(size=len(data)):
                client.send(data, relay.address)
                self.assertEqual(self.server.receive(), (data, seen))
                self.server.send(data, seen)
                self.assertEqual(client.receive(), (data, relay.address))
        self.assertEqual(self.send_up(relay, client, 500), [numbered(n) for n in range(500)])
        stats = relay.stop()
        self.assert_adds_up(stats)
        self.assertEqual((stats["up"]["in"], stats["up"]["out"]), (505, 505))
        self.assertEqual((stats["down"]["in"], stats["down"]["out"]), (4, 4))

    def test_the_last_datagrams_are_in_the_last_statistics(self) -> None:
        relay = start_relay(self, self.server.address)
        client = self.plain_socket()
        relay.send_signal(signal.SIGSTOP)
        for number in range(CHUNK):  # more than it reads at once
            client.send(numbered(number), relay.address)
        relay.send_signal(signal.SIGTERM)
        relay.send_signal(signal.SIGCONT)
        self.assertEqual(relay.stop()["up"]["out"], CHUNK)
        self.assertEqual(len(self.server.pending()), CHUNK)

    def test_only_the_server_speaks_to_clients(self) -> None:
        relay = start_relay(self, self.server.address)
        client, seen = self.joined(relay)
        self.plain_socket().send(b"psst", seen)
        self.server.send(b"hello", seen)
        self.assertEqual(client.receive()[0], b"hello")
        stats = relay.stop()
        self.assertEqual((stats["down"]["in"], stats["stray"]), (1, 0))
        self.assertEqual(client.pending(), [])

    def test_clients_up_to_the_limit_and_one_more(self) -> None:
        relay = start_relay(self, self.server.address)
        clients = [self.plain_socket() for _ in range(CLIENTS_MAX)]
        seen: list[Address] = []
        for number, client in enumerate(clients):
            client.send(numbered(number), relay.address)
            data, sender = self.server.receive()
            self.assertEqual(data, numbered(number))
            seen.append(sender)
        self.assertEqual(len(set(seen)), CLIENTS_MAX, "each has an address of its own")
        for number, sender in enumerate(seen):
            self.server.send(numbered(number), sender)
        for number, client in enumerate(clients):
            self.assertEqual(client.receive()[0], numbered(number))
        self.assertEqual(relay.stats()["displaced"], 0)

        clients[0].send(b"not the longest silent", relay.address)
        self.server.receive()
        self.joined(relay)
        for sender in seen[:2]:
            self.server.send(b"still there?", sender)
        stats = relay.stop()
        counts = (stats["clients"], stats["displaced"], stats["stray"])
        self.assertEqual(counts, (CLIENTS_MAX, 1, 1))
        self.assertEqual([client.pending() for client in clients[:2]], [[b"still there?"], []])
        self.assert_adds_up(stats)

    def test_bad_calls_are_explained(self) -> None:
        script = self.folder / "script"
        script.write_text("at 0 both loss=300\nat 1 both los=300\n", encoding="utf-8")
        good = [RELAY, "--listen", "127.0.0.1:0", "--to", "127.0.0.1:9"]
        for argv, sentence in (
            ([*good, "--script", str(script)], "line 2: 'los=300' is no setting"),
            ([*good, "--script", str(self.folder / "none")], "cannot read"),
            ([RELAY, "--listen", "127.0.0.1", "--to", "127.0.0.1:9"], "it is not HOST:PORT"),
            ([RELAY, "--listen", "127.0.0.1:0", "--to", "127.0.0.1:65536"], "it is not HOST:PORT"),
            ([RELAY], "--listen is required"),
        ):
            with self.subTest(sentence):
                done = self.call(*argv)
                self.assertEqual(done.returncode, 2, done)
                self.assertIn(sentence, done.stderr)


class Impairing(RelayCase):
    def test_loss_is_about_what_was_asked_and_the_same_for_a_seed(self) -> None:
        stories = []
        for seed in (1, 1, 2):
            relay = start_relay(self, self.server.address, seed=seed)
            client, _ = self.joined(relay)
            relay.set("up", loss=300)
            stories.append(self.send_up(relay, client, 1000))
            stats = relay.stop()
            self.assertEqual(stats["up"]["lost"], 1000 - len(stories[-1]))
            self.assertIn(len(stories[-1]), range(650, 751))
            self.assertEqual(sorted(stories[-1]), stories[-1])
            self.assert_adds_up(stats)
        self.assertEqual(stories[0], stories[1])
        self.assertNotEqual(stories[0], stories[2])

    def test_each_way_has_its_own_conditions(self) -> None:
        relay = start_relay(self, self.server.address)
        client, seen = self.joined(relay)
        relay.set("down", loss=1000)
        client.send(b"up", relay.address)
        self.assertEqual(self.server.receive()[0], b"up")
        self.server.send(b"lost", seen)
        self.assertEqual(relay.stats()["down"]["lost"], 1)
        relay.clear("down")
        self.server.send(b"down", seen)
        self.assertEqual(client.receive()[0], b"down")

    def test_each_way_has_a_chance_of_its_own(self) -> None:
        relay = start_relay(self, self.server.address)
        client, seen = self.joined(relay)
        self.server.send(b"hello", seen)
        self.assertEqual(client.receive()[0], b"hello")
        relay.set(loss=500)
        for number in range(CHUNK):
            client.send(numbered(number), relay.address)
            self.server.send(numbered(number), seen)
        relay.settle()
        self.assertNotEqual(self.server.pending(), client.pending())

    def test_duplicates(self) -> None:
        relay = start_relay(self, self.server.address)
        client, seen = self.joined(relay)
        relay.set(duplicate=1000)
        self.assertEqual(
            self.send_up(relay, client, 50), [numbered(n) for n in range(50) for _ in range(2)]
        )
        self.server.send(b"twice", seen)
        self.assertEqual([client.receive()[0] for _ in range(2)], [b"twice"] * 2)
        relay.set("up", duplicate=250)
        arrived = self.send_up(relay, client, 400)
        self.assertEqual(set(arrived), {numbered(n) for n in range(400)})
        self.assertIn(len(arrived) - 400, range(60, 141))
        stats = relay.stop()
        self.assertEqual(stats["up"]["duplicated"], 50 + len(arrived) - 400)
        self.assert_adds_up(stats)

    def test_damage(self) -> None:
        relay = start_relay(self, self.server.address)
        client, _ = self.joined(relay)
        whole = [numbered(n) for n in range(200)]
        for name, counted, fits in (
            ("flip", "flipped", lambda was, now: 1 <= _bits(was, now) <= 3),
            ("truncate", "truncated", lambda was, now: now == was[: len(now)] and now != was),
            ("extend", "extended", lambda was, now: now[: len(was)] == was and now != was),
        ):
            with self.subTest(name):
                relay.clear()
                relay.set("up", **{name: 1000})
                arrived = self.send_up(relay, client, 200)
                self.assertEqual(len(arrived), 200)
                self.assertTrue(all(map(fits, whole, arrived)))
                self.assertEqual(relay.stats()["up"][counted], 200)

    def test_reordering_holds_a_share_back(self) -> None:
        relay = start_relay(self, self.server.address)
        client, _ = self.joined(relay)
        relay.set("up", reorder=250, reorder_ms=200)
        arrived = self.send_up(relay, client, 200)
        self.assertEqual(sorted(arrived), [numbered(n) for n in range(200)])
        self.assertNotEqual(arrived, sorted(arrived))
        self.assertIn(relay.stop()["up"]["reordered"], range(25, 76))

    def test_a_delay_keeps_the_order(self) -> None:
        relay = start_relay(self, self.server.address)
        client, _ = self.joined(relay)
        relay.set("up", delay_ms=60_000)
        client.send(b"too late", relay.address)
        self.assertEqual(relay.stats()["up"]["waiting"], 1)
        relay.set("up", delay_ms=20)
        self.assert_all_arrive_in_order(relay, client)
        stats = relay.stop()
        self.assertEqual(stats["up"]["waiting"], 1)
        self.assert_adds_up(stats)

    def test_a_rate_fills_its_queue(self) -> None:
        relay = start_relay(self, self.server.address)
        client, _ = self.joined(relay)
        # Eight seconds for each: none has left when the last of them comes.
        relay.set("up", rate_kbit=1, queue=3)
        for number in range(10):
            client.send(numbered(number, 972), relay.address)
        up = relay.stats()["up"]
        self.assertEqual((up["waiting"], up["queue_drops"], up["lost"]), (3, 7, 0))

        relay.clear()
        other, _ = self.joined(relay)  # whose own line is empty
        relay.set("up", rate_kbit=2000, queue=CHUNK)
        self.assert_all_arrive_in_order(relay, other)
        stats = relay.stop()
        self.assertEqual(stats["up"]["queue_drops"], 7)
        self.assert_adds_up(stats)

    def test_a_black_out_ends(self) -> None:
        relay = start_relay(self, self.server.address)
        client, seen = self.joined(relay)
        relay.set(blackout="on")
        client.send(b"unheard", relay.address)
        self.server.send(b"unheard", seen)
        stats = relay.stats()
        self.assertEqual((stats["up"]["lost"], stats["down"]["lost"]), (1, 1))
        relay.set(blackout="off")
        client.send(b"heard", relay.address)
        self.assertEqual(self.server.receive(), (b"heard", seen))
        self.assertEqual(client.pending(), [])

    def test_conditions_hold_for_newcomers(self) -> None:
        relay = start_relay(self, self.server.address)
        relay.set(loss=1000)
        self.plain_socket().send(b"lost", relay.address)
        self.assertEqual(relay.stats()["up"]["lost"], 1)


def _bits(was: bytes, now: bytes) -> int:
    if len(was) != len(now):
        return -1
    return sum((a ^ b).bit_count() for a, b in zip(was, now))


class Roaming(RelayCase):
    def test_another_port(self) -> None:
        relay = start_relay(self, self.server.address)
        clients = [self.joined(relay) for _ in range(3)]
        relay.rebind("port")
        relay.rebind("port", client=2)
        for number, (client, before) in enumerate(clients):
            client.send(numbered(number), relay.address)
            data, after = self.server.receive()
            self.assertEqual(data, numbered(number))
            self.assertEqual(after[0], before[0])
            self.assertNotEqual(after[1], before[1])
            self.server.send(b"to the new one", after)
            self.assertEqual(client.receive()[0], b"to the new one")
            self.server.send(b"to the old one", before)
        stats = relay.stop()
        self.assertEqual((stats["rebinds"], stats["stray"]), (4, 3))
        self.assertEqual([client.pending() for client, _ in clients], [[], [], []])

    def test_another_address(self) -> None:
        relay = start_relay(self, self.server.address)
        client, before = self.joined(relay)
        hosts = {before[0]}
        for _ in range(300):  # more than 127.0.0.x has
            relay.rebind("address")
            client.send(b"moved", relay.address)
            data, after = self.server.receive()
            self.assertEqual(data, b"moved")
            self.assertNotEqual(after[0], before[0])
            before = after
            hosts.add(after[0])
        self.assertEqual(len(hosts), 254)
        self.server.send(b"answer", before)
        self.assertEqual(client.receive()[0], b"answer")
        relay.rebind("port")
        client.send(b"moved", relay.address)
        self.assertEqual(self.server.receive()[1][0], before[0], "a new port, the same address")

    def test_what_was_on_its_way_keeps_its_old_address(self) -> None:
        relay = start_relay(self, self.server.address)
        client, before = self.joined(relay)
        relay.set("up", delay_ms=500)
        client.send(b"stale", relay.address)
        relay.set("up", delay_ms=0)
        relay.rebind("address")
        client.send(b"fresh", relay.address)
        arrived = dict(self.server.receive() for _ in range(2))
        self.assertEqual(arrived[b"stale"], before)
        self.assertNotEqual(arrived[b"fresh"], before)


class Scripts(RelayCase):
    def test_second_0_is_before_the_first_datagram(self) -> None:
        script = "at 0 up loss=1000\nat 0 stats\n"
        relay = start_relay(self, self.server.address, script=script)
        first, second = relay.out.all[:2]
        self.assertTrue(first.startswith("{"), "done before it says that it relays")
        self.assertTrue(second.startswith("relaying on"))
        self.plain_socket().send(b"lost", relay.address)
        self.assertEqual(relay.stop()["up"]["lost"], 1)

    def test_commands_come_in_the_order_of_their_times(self) -> None:
        script = "at 0.2 both clear\nat 0.2 stats\nat 0 both loss=1000\nat 0.1 stats  # first\n"
        relay = start_relay(self, self.server.address, script=script)
        wait_until(lambda: len(relay.printed_stats()) == 2, LONG, "two lines of statistics")
        self.joined(relay)

    def test_repeated_commands_come_as_often_as_was_said(self) -> None:
        relay = start_relay(self, self.server.address)
        client, before = self.joined(relay)
        relay.command("every 0.05 for 0.3 rebind port")
        relay.command("at 0.4 stats")
        printed = wait_until(relay.printed_stats, LONG, "statistics")
        self.assertEqual(printed[0]["rebinds"], 6)
        client.send(b"moved", relay.address)
        self.assertNotEqual(self.server.receive()[1], before)

    def test_what_is_not_understood_is_refused_and_nothing_else(self) -> None:
        relay = start_relay(self, self.server.address)
        self.assertEqual(relay.refusal("both loss=1001"), "'loss' wants a number from 0 to 1000")
        self.assertEqual(relay.refusal("rebind port 1"), "there is no client 1")
        self.assertEqual(relay.refusal("inject up 1 00"), "there is no client 1")
        self.assertEqual(relay.refusal("inject new " + "0" * 200_000), "the line is too long")
        relay.set(loss=0)  # obeyed: of the long line nothing is left

    def test_it_does_without_input(self) -> None:
        relay = start_relay(self, self.server.address)
        relay.end_input()
        self.joined(relay)

        def sleeps() -> bool:
            row = processes.entry(relay.pid)
            return row is not None and row.state == "S"

        wait_until(sleeps, LONG, "the relay to have nothing to do")
        self.assertEqual(relay.stop()["clients"], 1)


class Recording(RelayCase):
    def test_everything_as_it_came(self) -> None:
        relay = start_relay(self, self.server.address, record=True)
        client, seen = self.joined(relay)
        relay.set(loss=500, flip=1000)
        self.send_up(relay, client, 20)
        self.server.send(b"answer", seen)
        relay.stats()
        relay.rebind("port")
        self.server.send(b"to nobody", seen)
        relay.stats()

        datagrams = relay.recording()
        wanted = [("up", 1, data) for data in (b"hello", *map(numbered, range(20)))]
        wanted += [("down", 1, b"answer"), ("stray", 1, b"to nobody")]
        self.assertEqual([(d.kind, d.client, d.data) for d in datagrams], wanted)
        times = [d.at_us for d in datagrams]
        self.assertEqual(times, sorted(times))
        stats = relay.stop()
        self.assertTrue(stats["recording_complete"])
        self.assertEqual(relay.recording(), datagrams)
        self.read_a_part(relay)

    def read_a_part(self, relay: Relay) -> None:
        """Whoever reads along may meet half a record."""
        whole = relay.recording()
        part = Path(self.folder / "part")
        content = next(self.folder.glob("*.recording")).read_bytes()
        part.write_bytes(content[:-1])
        self.assertEqual(read_recording(part), whole[:-1])
        part.write_bytes(content[: -len(whole[-1].data) - 1])
        self.assertEqual(read_recording(part), whole[:-1])

    def test_a_full_disk_is_told(self) -> None:
        argv = [RELAY, "--listen", "127.0.0.1:0", "--to", f"127.0.0.1:{self.server.address[1]}"]
        relay = Relay([*argv, "--record", "/dev/full"], self.environment(), None)
        self.programs.append(relay)
        relay.await_banner()
        self.joined(relay)
        self.assertFalse(relay.stop()["recording_complete"])

    def test_replay(self) -> None:
        relay = start_relay(self, self.server.address, record=True)
        client, seen = self.joined(relay)
        relay.set(loss=1000)  # what is injected passes by all conditions
        (first,) = relay.recording()
        relay.inject("up", 1, first.data)
        self.assertEqual(self.server.receive(), (b"hello", seen))
        relay.inject("down", 1, b"forged")
        self.assertEqual(client.receive(), (b"forged", relay.address))
        relay.inject_new(first.data)
        data, stranger = self.server.receive()
        self.assertEqual(data, b"hello")
        self.assertNotEqual(stranger, seen)

        self.server.send(b"who are you?", stranger)
        stats = relay.stop()
        self.assertEqual((stats["injected"], stats["stray"], stats["clients"]), (3, 1, 1))
        last = relay.recording()[-1]
        self.assertEqual((last.kind, last.client, last.data), ("stray", 0, b"who are you?"))


if __name__ == "__main__":
    main()
