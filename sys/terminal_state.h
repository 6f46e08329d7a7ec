// SPDX-License-Identifier: MIT
// The modes of a terminal, remembered so that they can be put back, also by a process that
// watches over the one that changed them. The descriptor is borrowed. The screen's content is
// not its business. Restoring from a background process needs SIGTTOU ignored by the caller.
#pragma once

#include <optional>
#include <termios.h>

namespace chat::sys {

class TerminalState {
  public:
    // Empty when `fd` is no terminal.
    static std::optional<TerminalState> of(int fd);

    // Remembers the present modes instead. False when the terminal has gone.
    bool capture();
    // Puts the remembered modes back, without waiting for pending output.
    bool restore() const;
    // The same, but only while the terminal still has exactly `ours`; whoever changed it since
    // (a shell that is back, say) knows better. True if it was done.
    bool restore_if_still(const termios& ours) const;

    const termios& modes() const { return modes_; }
    // Remembers these, which were the terminal's before somebody changed them.
    void set_modes(const termios& modes) { modes_ = modes; }
    bool differs_from(const termios& other) const { return !same(modes_, other); }
    static bool same(const termios& a, const termios& b);

  private:
    explicit TerminalState(int fd) : fd_(fd) {}

    int fd_;
    termios modes_{};
};

}  // namespace chat::sys
