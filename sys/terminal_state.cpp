// SPDX-License-Identifier: MIT
#include "sys/terminal_state.h"

#include <algorithm>
#include <cerrno>

namespace chat::sys {

std::optional<TerminalState> TerminalState::of(int fd) {
    TerminalState state(fd);
    if (!state.capture()) return std::nullopt;
    return state;
}

bool TerminalState::capture() {
    return tcgetattr(fd_, &modes_) == 0;
}

bool TerminalState::restore() const {
    while (tcsetattr(fd_, TCSANOW, &modes_) != 0) {
        if (errno != EINTR) return false;
    }
    return true;
}

bool TerminalState::restore_if_still(const termios& ours) const {
    termios present{};
    if (tcgetattr(fd_, &present) != 0 || !same(present, ours)) return false;
    return restore();
}

bool TerminalState::same(const termios& a, const termios& b) {
    return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
           a.c_lflag == b.c_lflag && a.c_line == b.c_line && std::ranges::equal(a.c_cc, b.c_cc) &&
           cfgetispeed(&a) == cfgetispeed(&b) && cfgetospeed(&a) == cfgetospeed(&b);
}

}  // namespace chat::sys
