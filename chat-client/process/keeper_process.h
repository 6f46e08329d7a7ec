// SPDX-License-Identifier: MIT
// The full screen's guardian: a child that does nothing but wait, and puts the terminal back when
// the terminal process has died without doing so (kill -9). The receiver cannot do this, because
// it has no terminal, and the dead cannot either. It touches only modes that still are exactly
// ours, so a shell that is back already keeps its own.
#pragma once

#include <optional>
#include <string>
#include <termios.h>

#include "sys/channel.h"
#include "sys/child_process.h"
#include "sys/error.h"

namespace chat::client {

class Keeper {
  public:
    // Forks the keeper and waits until it is ready. Standard input must be the terminal, still in
    // the modes to restore: give these modes when the screen is on already.
    static sys::Result<Keeper> start(const std::optional<termios>& modes_to_restore);

    // The screen is on, in these modes; `leave_sequence` turns it off.
    void screen_on(const termios& screen_modes, const std::string& leave_sequence);
    void screen_off();

    const termios& modes_to_restore() const { return modes_to_restore_; }
    sys::ChildProcess& process() { return process_; }
    // Lets it go and waits for it.
    void stop();

  private:
    Keeper(sys::ChildProcess process, sys::Channel channel, const termios& modes)
        : process_(std::move(process)), channel_(std::move(channel)), modes_to_restore_(modes) {}

    sys::ChildProcess process_;
    sys::Channel channel_;
    termios modes_to_restore_;
};

}  // namespace chat::client
