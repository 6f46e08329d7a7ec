// SPDX-License-Identifier: MIT
// What common terminals send for keys that terminfo leaves out, or gets wrong because TERM does
// not quite fit the terminal: cursor keys with Ctrl and Alt (xterm's and rxvt's way), and the
// usual keys in both of their modes.
#pragma once

#include <array>

#include "chat-client/terminal/keys.h"

namespace chat::terminal {

struct KeySequence {
    const char* bytes;
    Key::Code code;
    bool ctrl = false;
    bool alt = false;
};

inline constexpr auto paste_begin_sequence = "\033[200~";
inline constexpr auto paste_end_sequence = "\033[201~";

inline constexpr std::array key_sequences{
    KeySequence{"\033[1;5D", Key::Code::left, true, false},
    KeySequence{"\033[1;5C", Key::Code::right, true, false},
    KeySequence{"\033[1;3D", Key::Code::left, false, true},
    KeySequence{"\033[1;3C", Key::Code::right, false, true},
    KeySequence{"\033[1;5H", Key::Code::home, true, false},
    KeySequence{"\033[1;5F", Key::Code::end, true, false},
    KeySequence{"\033[3;5~", Key::Code::del, true, false},
    KeySequence{"\033Od", Key::Code::left, true, false},
    KeySequence{"\033Oc", Key::Code::right, true, false},
    KeySequence{"\033[7^", Key::Code::home, true, false},
    KeySequence{"\033[8^", Key::Code::end, true, false},

    KeySequence{"\033[A", Key::Code::up},
    KeySequence{"\033[B", Key::Code::down},
    KeySequence{"\033[C", Key::Code::right},
    KeySequence{"\033[D", Key::Code::left},
    KeySequence{"\033[H", Key::Code::home},
    KeySequence{"\033[F", Key::Code::end},
    KeySequence{"\033OA", Key::Code::up},
    KeySequence{"\033OB", Key::Code::down},
    KeySequence{"\033OC", Key::Code::right},
    KeySequence{"\033OD", Key::Code::left},
    KeySequence{"\033OH", Key::Code::home},
    KeySequence{"\033OF", Key::Code::end},
    KeySequence{"\033[1~", Key::Code::home},
    KeySequence{"\033[3~", Key::Code::del},
    KeySequence{"\033[4~", Key::Code::end},
    KeySequence{"\033[5~", Key::Code::page_up},
    KeySequence{"\033[6~", Key::Code::page_down},
    KeySequence{"\033[7~", Key::Code::home},
    KeySequence{"\033[8~", Key::Code::end},
};

}  // namespace chat::terminal
