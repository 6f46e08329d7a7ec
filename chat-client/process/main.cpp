// SPDX-License-Identifier: MIT
// chat-client: sets up what a refusal can still be explained for in one sentence, chooses the
// front end, then lets the terminal process run.
#include <clocale>
#include <cstdio>
#include <fmt/format.h>
#include <signal.h>
#include <sodium.h>
#include <sysexits.h>
#include <unistd.h>

#include "chat-client/process/full_screen.h"
#include "chat-client/process/line_front_end.h"
#include "chat-client/process/options.h"
#include "chat-client/process/terminal_process.h"
#include "sys/descriptor.h"
#include "sys/process_hardening.h"
#include "sys/resolve.h"
#include "sys/socket_address.h"

namespace {

using namespace chat;
using namespace chat::client;

// Characters of every language in the terminal, also where the locale was never set (containers,
// ssh): C.UTF-8 is always there on the systems we run on.
void choose_locale() {
    std::setlocale(LC_ALL, "");
    if (!terminal::locale_is_utf8()) std::setlocale(LC_CTYPE, "C.UTF-8");
}

std::unique_ptr<FrontEnd> open_full_screen(const Options& options, TerminalProcess& process) {
    auto screen = terminal::Screen::open();
    if (!screen) {
        fmt::print(stderr, "chat-client: {} Going on without the full screen, as with --plain.\n",
                   screen.error());
        return std::make_unique<LineFrontEnd>(false, options.room, !options.name.empty());
    }
    return std::make_unique<FullScreen>(
        std::move(*screen), server_address(options.host, options.port), options.room,
        FullScreen::Watch{[&process](const termios& modes, const std::string& leave) {
                              process.keeper().screen_on(modes, leave);
                          },
                          [&process] { process.keeper().screen_off(); }});
}

}  // namespace

int main(int argc, char** argv) {
    sys::fill_standard_descriptors();
    if (sodium_init() < 0) {
        fmt::print(stderr,
                   "chat-client: this system gives no random numbers, without which no "
                   "key is safe.\n");
        return EX_OSERR;
    }
    auto options = parse_options({argv + 1, argv + argc});
    if (!options) return options.error();
    const bool on_terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
    if (options->mode == Options::Mode::full_screen && !on_terminal) {
        options->mode = Options::Mode::plain;
    }
    const bool full_screen = options->mode == Options::Mode::full_screen;
    if (options->mode == Options::Mode::json && options->name.empty()) {
        fmt::print(stderr,
                   "chat-client: with --json nobody can be asked for a name. Give one with "
                   "--name.\n");
        return 2;
    }
    choose_locale();
    if (const auto done = sys::forbid_core_dumps(); !done) {
        fmt::print(stderr, "chat-client: {}.\n", done.error().sentence());
        return EX_OSERR;
    }

    auto addresses = sys::resolve(options->host, options->port);
    if (!addresses) {
        fmt::print(stderr, "chat-client: {}. Check the name of the server.\n",
                   addresses.error().sentence());
        return EX_NOHOST;
    }
    ::signal(SIGPIPE, SIG_IGN);
    // Job control of the line modes is the terminal driver's own.
    auto signals =
        full_screen ? sys::SignalQueue::open({SIGINT, SIGTERM, SIGHUP, SIGCHLD, SIGWINCH, SIGTSTP})
                    : sys::SignalQueue::open({SIGINT, SIGTERM, SIGHUP, SIGCHLD});
    if (!signals) {
        fmt::print(stderr, "chat-client: {}.\n", signals.error().sentence());
        return EX_OSERR;
    }
    const bool can_be_asked = on_terminal && options->mode != Options::Mode::json;
    TerminalProcess process(*options, std::move(*addresses), can_be_asked, std::move(*signals));
    return process.run(
        [&](TerminalProcess& self) -> std::unique_ptr<FrontEnd> {
            if (full_screen) return open_full_screen(*options, self);
            return std::make_unique<LineFrontEnd>(options->mode == Options::Mode::json,
                                                  options->room, !options->name.empty());
        },
        full_screen);
}
