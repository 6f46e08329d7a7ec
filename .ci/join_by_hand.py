# SPDX-License-Identifier: MIT
"""Joins the chat as a person would: a terminal, a command, a name, a line, /quit.

Usage: join_by_hand.py HOST:PORT COMMAND...

COMMAND runs in a terminal of 80x24. On the other side a plain-text member at HOST:PORT, the
published port, tells what the room saw of it. Every step waits for what the step before it must
bring about.
"""

import fcntl
import os
import pty
import signal
import socket
import struct
import sys
import termios

TIME_LIMIT_S = 60
ALTERNATE_SCREEN_ON, ALTERNATE_SCREEN_OFF = b"\x1b[?1049h", b"\x1b[?1049l"


class Terminal:
    def __init__(self, command):
        self.output = b""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        fcntl.ioctl(self.descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def read(self):
        """False at the end."""
        try:
            read = os.read(self.descriptor, 65536)
        except OSError:  # EIO: the other side has closed the terminal
            read = b""
        self.output += read
        return bool(read)

    def until(self, wanted):
        while wanted not in self.output:
            if not self.read():
                raise SystemExit(f"the command ended before it showed {wanted}")

    def type(self, text):
        os.write(self.descriptor, text.encode())

    def status(self):
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class Observer:
    """A member who speaks the plain-text protocol."""

    def __init__(self, address, name):
        host, port = address.rsplit(":", 1)
        self.name = name
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.connect((host, int(port)))
        self.send(f"L {name}")
        self.until("OK")

    def send(self, text):
        self.socket.send(text.encode())

    def until(self, wanted):
        while (text := self.socket.recv(1024).decode()) != wanted:
            print(f"  the observer heard {text!r}")


def main(address, *command):
    terminal = Terminal(command)

    def out_of_time(*_):
        raise SystemExit(f"nothing more in {TIME_LIMIT_S} s: {terminal.output!r}")

    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(TIME_LIMIT_S)

    observer = Observer(address, "observer")
    terminal.until(ALTERNATE_SCREEN_ON)
    terminal.type("dave\r")
    observer.until("\n欢迎 dave 进入聊天室")
    terminal.type("hello from a terminal, 你好\r")
    observer.until("\ndave 说: hello from a terminal, 你好")
    observer.send("C observer welcome-dave")
    terminal.until(b"welcome-dave")
    terminal.type("/quit\r")
    observer.until("\ndave 离开了聊天室")
    observer.send("Q observer")
    observer.until("EXIT")
    status = terminal.status()
    if status != 0:
        raise SystemExit(f"the command ended with status {status}: {terminal.output!r}")
    if terminal.output.count(ALTERNATE_SCREEN_ON) != terminal.output.count(ALTERNATE_SCREEN_OFF):
        raise SystemExit(f"the terminal was left in the alternate screen: {terminal.output!r}")
    print("  joined by hand from a terminal, talked, was heard, left")


if __name__ == "__main__":
    main(*sys.argv[1:])
