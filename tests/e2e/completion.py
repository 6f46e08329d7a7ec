# SPDX-License-Identifier: MIT
"""What the shells offer on Tab behind a line, asked of the shells themselves.

Each function takes the folder of the written completions and the line, and returns the words that
are offered, without what describes them.
"""
from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from waiting import LONG, PATIENCE

Complete = Callable[[Path, str, Mapping[str, str]], set[str]]

# As readline does: = is a word of its own.
_BASH = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
"$(complete -p "$1" | sed 's/.*-F \\([^ ]*\\) .*/\\1/')"
printf '%s\\n' "${COMPREPLY[@]}"
"""

# A shell with a terminal of its own, in which what would be offered is written to a file instead.
# The end of the completion is the end of that shell, which ends the reading.
_ZSH = r"""
zmodload zsh/zpty
zpty inner zsh -f -i
zpty -w inner "PS1= PS2=; unsetopt zle_bracketed_paste
fpath=(${(q)1} \$fpath)
autoload -Uz compinit && compinit -u -D
compadd() {
    if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then builtin compadd \"\$@\"; return; fi
    local -a hits
    builtin compadd -A hits \"\$@\"
    print -rl -- \$hits >>${(q)2}
    builtin compadd \"\$@\"
}
bindkey '^I' complete-word
comppostfuncs=(exit)
print ready"
while zpty -r inner line; do [[ $line == ready* ]] && break; done
zpty -w -n inner "$3"$'\t'
while zpty -r inner line; do :; done
"""


def _run(argv: list[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=LONG * PATIENCE,
        env=environment,
        check=False,
    )
    if done.stderr:
        raise AssertionError(f"{argv[0]}: {done.stderr}")
    return done.stdout


def bash(folder: Path, line: str, environment: Mapping[str, str]) -> set[str]:
    words = re.findall(r"[^ =]+|=", line) + ([""] if line.endswith((" ", "=")) else [])
    script = str(folder / f"{words[0]}.bash")
    out = _run(["bash", "--norc", "-c", _BASH, "bash", script, *words], environment)
    return set(filter(None, out.splitlines()))


def zsh(folder: Path, line: str, environment: Mapping[str, str]) -> set[str]:
    home = Path(environment["HOME"])
    functions = home / "zsh-functions"
    functions.mkdir(exist_ok=True)
    for file in folder.glob("*.zsh"):
        (functions / f"_{file.stem}").write_bytes(file.read_bytes())
    found = home / "zsh-found"
    found.write_text("")
    _run(["zsh", "-f", "-c", _ZSH, "zsh", str(functions), str(found), line], environment)
    return set(filter(None, found.read_text().splitlines()))


def fish(folder: Path, line: str, environment: Mapping[str, str]) -> set[str]:
    script = folder / f"{line.split()[0]}.fish"
    asked = "source $argv[1]; complete -C $argv[2]"
    out = _run(["fish", "--no-config", "-c", asked, str(script), line], environment)
    return {offered.split("\t")[0] for offered in out.splitlines()}


SHELLS: dict[str, Complete] = {"bash": bash, "zsh": zsh, "fish": fish}
