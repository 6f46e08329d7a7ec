// SPDX-License-Identifier: MIT
#include "sys/terminal_state.h"

#include <fcntl.h>
#include <stdlib.h>

#include "sys/descriptor.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

struct PseudoTerminal {
    Descriptor master;
    Descriptor terminal;

    PseudoTerminal() {
        master.reset(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        REQUIRE(master);
        REQUIRE(grantpt(master.get()) == 0);
        REQUIRE(unlockpt(master.get()) == 0);
        terminal.reset(::open(ptsname(master.get()), O_RDWR | O_NOCTTY | O_CLOEXEC));
        REQUIRE(terminal);
    }
    int fd() const { return terminal.get(); }
    termios modes() const {
        termios modes{};
        REQUIRE(tcgetattr(fd(), &modes) == 0);
        return modes;
    }
    termios make_raw() const {
        termios raw = modes();
        cfmakeraw(&raw);
        REQUIRE(tcsetattr(fd(), TCSANOW, &raw) == 0);
        return modes();
    }
};

}  // namespace

TEST_CASE("only a terminal has a state") {
    const Descriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    CHECK_FALSE(TerminalState::of(null.get()));
    CHECK_FALSE(TerminalState::of(-1));
}

TEST_CASE("what was changed is put back") {
    const PseudoTerminal pty;
    const termios before = pty.modes();
    auto state = TerminalState::of(pty.fd());
    REQUIRE(state);
    CHECK(TerminalState::same(state->modes(), before));
    const termios raw = pty.make_raw();
    CHECK(state->differs_from(raw));
    CHECK(state->restore());
    CHECK(TerminalState::same(pty.modes(), before));

    pty.make_raw();
    CHECK(state->capture());
    CHECK_FALSE(state->differs_from(raw));
}

TEST_CASE("a keeper restores only what its program has set") {
    const PseudoTerminal pty;
    const termios before = pty.modes();
    const auto state = TerminalState::of(pty.fd());
    REQUIRE(state);
    const termios ours = pty.make_raw();

    SECTION("the program is gone and its modes are still there") {
        CHECK(state->restore_if_still(ours));
        CHECK(TerminalState::same(pty.modes(), before));
    }
    SECTION("a shell has set its own since") {
        termios shell = before;
        shell.c_cc[VINTR] = 7;
        REQUIRE(tcsetattr(pty.fd(), TCSANOW, &shell) == 0);
        CHECK_FALSE(state->restore_if_still(ours));
        CHECK(pty.modes().c_cc[VINTR] == 7);
    }
}
