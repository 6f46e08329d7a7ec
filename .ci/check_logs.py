# SPDX-License-Identifier: MIT
"""Checks the logs of the speakers of packaging/chat-conversation against each other.

Usage: check_logs.py NAME=FILE...

A speaker's own log has all that it said. What another one heard of it must be the end of that, line
by line: everything from the moment of joining, in order, nothing missing and nothing twice. Every
line of the play was said after everyone had joined, so all of them must be there, and so must the
exits, in the play's order.
"""

import pathlib
import re
import sys

SCRIPT = pathlib.Path(__file__).parent.parent / "packaging" / "chat-conversation"


def play_and_exits():
    """The play as the script itself has it."""
    text = SCRIPT.read_text()
    body = re.search(r"play=\((.*?)\n\)", text, re.DOTALL)[1]
    play = [tuple(line.split("|", 1)) for line in re.findall(r"^    '(.*)'$", body, re.MULTILINE)]
    return play, re.search(r"exits=\((.*)\)", text)[1].split()


def messages(log, speaker):
    return [line.split("> ", 1)[1] for line in log if line.startswith(f"<{speaker}> ")]


def main(arguments):
    logs = {}
    for argument in arguments:
        name, file = argument.split("=", 1)
        # Compose v2 clears the line before each one, even where there is no terminal.
        logs[name] = pathlib.Path(file).read_text().replace("\x1b[2K", "").splitlines()
    play, exits = play_and_exits()
    assert len(play) >= 10 and sorted(logs) == sorted(exits), (play, exits, list(logs))

    problems = []
    for name, log in logs.items():
        in_play = [line for line in play if f"<{line[0]}> {line[1]}" in log]
        said = [tuple(line[1:].split("> ", 1)) for line in log if line.startswith("<")]
        if [line for line in said if line in play] != play:
            problems.append(f"{name} did not see the play once and in order, but {in_play}")
        for speaker in logs.keys() - {name}:
            heard, all_said = messages(log, speaker), messages(logs[speaker], speaker)
            if not heard or heard != all_said[-len(heard):]:
                problems.append(f"{name} heard {heard} of {speaker}, who said {all_said}")
        left = [line for line in log if line.endswith(" left")]
        if left != [f"* {other} left" for other in exits[: exits.index(name)]]:
            problems.append(f"{name} saw these go: {left}")
    if problems:
        print("\n".join(problems), file=sys.stderr)
        return 1
    print(f"  {len(logs)} speakers saw {len(play)} lines and each other's exits, once and in order")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
