// SPDX-License-Identifier: MIT
// The door for `chat-server announce` and `ctl`: a SOCK_SEQPACKET socket in the file system whose
// mode 0600 is the whole access control, from the first instant it can be connected to. Paths
// longer than sockaddr_un's 108 bytes work where /proc is mounted.
#pragma once

#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "sys/channel.h"
#include "sys/descriptor.h"
#include "sys/error.h"

namespace chat::sys {

class ControlListener {
  public:
    // Replaces the socket of a dead server. EADDRINUSE while a server answers there, EEXIST if
    // something other than a socket has that name. `sole_owner`: the caller holds the folder's
    // lock, so whoever still answers is the child of a server that was killed, in its last moment,
    // and is replaced too.
    static Result<ControlListener> open(const std::string& path, bool sole_owner = false);

    int fd() const { return listener_.get(); }
    // The next caller, non-blocking; empty when there is none (any more).
    std::optional<Channel> accept();

    // What a forked child that is to accept() must keep open.
    std::vector<int> descriptors() const {
        return {folder_.get(), listener_.get(), reserve_.get()};
    }

    // Takes the name away, if it still is this socket's. The destructor does not, because it also
    // runs in a forked copy.
    void remove();

  private:
    ControlListener() = default;

    Descriptor folder_;
    std::string name_;
    dev_t device_ = 0;
    ino_t inode_ = 0;
    Descriptor listener_;
    Descriptor reserve_;  // given up to turn a caller away when descriptors have run out
};

// For a program that has nothing else to do: this channel's receive() waits and never says empty
// unless a signal came; poll fd() first to limit the time.
Result<Channel> connect_control(const std::string& path);

}  // namespace chat::sys
