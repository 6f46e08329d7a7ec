// SPDX-License-Identifier: MIT
// The terminal: shows frames, reads keys. The only file of the project that knows curses, which
// is why there can be one Screen at a time, in one process; children must be forked before it is
// opened or leave by _exit().
//
// Curses measures characters with the C library, and terminals measure them as they like. So
// every row is laid out by our own widths: curses gets only graphemes on whose width all agree,
// and blanks for the others. Those are then written past curses, each at its own position and
// with the rest of its row placed anew behind it: a disagreement spoils that grapheme at worst.
//
// The caller has called setlocale(LC_ALL, ""), handles SIGWINCH (resize), SIGTSTP and SIGCONT
// (suspend, resume) itself, and polls standard input.
#pragma once

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "chat-client/terminal/frame.h"
#include "chat-client/terminal/keys.h"

namespace chat::terminal {

// False: anything but ASCII would come out wrong. The locale is to blame (LC_ALL, LC_CTYPE, LANG).
bool locale_is_utf8();

// Of the terminal on standard output: columns and rows, {0, 0} if there is none or it does not
// know.
Size size_of_terminal();

class Screen {
  public:
    // Takes over the terminal on standard input and output. An error is a sentence for the user;
    // nothing has been changed then.
    static std::expected<std::unique_ptr<Screen>, std::string> open();
    ~Screen();
    Screen(const Screen&) = delete;
    Screen& operator=(const Screen&) = delete;

    Size size() const;
    // Writes only what is different from the frame before.
    void draw(const Frame& frame);
    // The next draw() writes everything: something else has been at the terminal.
    void forget_picture();
    // Everything typed up to now. Never waits for a key; up to 25 ms for the rest of a key that
    // begins with an escape character. An end of file looks like silence; poll() knows.
    std::vector<Key> read_keys();
    void resize(Size size);

    // Gives the terminal to the shell, and takes it again.
    void suspend();
    void resume();
    // For good. More than once is fine.
    void close();

    // What leaves the full screen when written to the terminal by somebody else, after this
    // process could not. The terminal's modes (stty) are not part of it.
    std::string leave_sequence() const;

  private:
    struct State;
    explicit Screen(std::unique_ptr<State> state);

    std::unique_ptr<State> state_;
};

}  // namespace chat::terminal
