// SPDX-License-Identifier: MIT
// The keeper process as the terminal process sees it: starts it, and again when it has died, and
// tells each one what it has to know. Without a keeper the program goes on; then nobody puts the
// terminal back after a kill -9.
#pragma once

#include <optional>
#include <string>
#include <termios.h>

#include "chat-client/process/keeper_process.h"
#include "proto/link/revival.h"

namespace chat::client {

class KeeperChild {
  public:
    KeeperChild();

    // Where that fails, it is due again as if it had died.
    void start(Instant now);
    void reap(Instant now);
    // Lets it go and waits for it.
    void stop();

    // The full screen has the terminal, in these modes; or has it no more.
    void screen_on(const termios& screen_modes, const std::string& leave_sequence);
    void screen_off();

    // When to start it; nothing while it lives, or was never wanted.
    std::optional<Instant> due() const { return revival_.due(); }
    bool due(Instant now) const { return revival_.due(now); }

  private:
    struct ScreenState {
        termios modes;
        std::string leave_sequence;
    };

    Revival revival_;
    std::optional<Keeper> keeper_;
    std::optional<termios> modes_to_restore_;  // as the first one found them
    std::optional<ScreenState> screen_;
};

}  // namespace chat::client
