// SPDX-License-Identifier: MIT
// What stands between the user and the terminal process: the full screen, lines, or JSON. It has
// at most one descriptor to read and one to write, and is driven by the process's loop like
// everything else.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/event.h"
#include "chat-client/core/user_input.h"
#include "proto/wire/time.h"

namespace chat::client {

class FrontEnd {
  public:
    virtual ~FrontEnd() = default;

    // -1 when nothing more will be read.
    virtual int input_fd() const = 0;
    virtual void read_input(const Now& now) = 0;
    virtual std::vector<UserInput> take_inputs() = 0;

    virtual void show(const Event& event, const Now& now) = 0;
    virtual void show_help(const Now& now) = 0;
    virtual void show_topic(const std::string&, const Now&) {}
    // The next line is a name. False: nobody can be asked.
    virtual bool ask_name(const Now& now) = 0;

    // The number of messages that are typed but not sent.
    virtual void set_waiting(std::size_t) {}
    // Once a turn: everything shown since goes out.
    virtual void flush(const Now& now) = 0;
    // Poll this for writing, and flush then; -1 while nothing waits.
    virtual int blocked_output_fd() const { return -1; }
    // False: too much waits for the output; show nothing for a while.
    virtual bool accepts_events() const { return true; }
    // Something shown is still in this process, and would be lost with it.
    virtual bool unwritten() const { return false; }
    // Whoever read the output has gone.
    virtual bool output_gone() const { return false; }

    virtual void resize(const Now&) {}
    virtual void suspend() {}
    virtual void resume(const Now&) {}
};

}  // namespace chat::client
