// SPDX-License-Identifier: MIT
// The client's parent: the sending side. It has the user (through a front end), the session, and
// every datagram that goes out; from the network it gets only what the receiver has decoded. It
// looks after its children: a receiver or keeper that dies is started again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "chat-client/core/session.h"
#include "chat-client/process/front_end.h"
#include "chat-client/process/keeper_process.h"
#include "proto/link/backoff.h"
#include "sys/channel.h"
#include "sys/child_process.h"
#include "sys/poll_set.h"
#include "sys/signals.h"
#include "sys/udp_socket.h"

namespace chat::client {

// A child that is started again when it dies, sooner the first time than the tenth.
struct Revival {
    static constexpr BackoffRule rule{milliseconds(50), 200, milliseconds(1600)};

    Backoff backoff{rule};
    Instant started_at{};
    std::optional<Instant> due_at;
};

class TerminalProcess {
  public:
    // Tries the server's addresses in turn until one answers.
    // `server` is how the user called it.
    TerminalProcess(std::vector<Endpoint> addresses, std::string server, std::string room,
                    std::string name, sys::SignalQueue signals);

    // `make_front_end` is called once the children that must be forked before it exist.
    // `watched`: the front end takes over the terminal, so a keeper is needed; set its modes
    // through screen_changed. The exit status.
    int run(const std::function<std::unique_ptr<FrontEnd>(TerminalProcess&)>& make_front_end,
            bool watched);

    // Told by a full-screen front end whenever it has taken or released the terminal.
    void screen_on(const termios& screen_modes, const std::string& leave_sequence);
    void screen_off();

  private:
    struct ScreenState {
        termios modes;
        std::string leave_sequence;
    };

    bool start_receiver();
    void start_keeper();
    void try_next_address();
    void turn();
    void take_signals();
    void take_receiver_frames();
    void reap_children();
    void act(const UserInput& input);
    void suspend();
    void want_name();
    void transmit();
    void show_events();
    void receiver_lost(const std::string& how);
    std::optional<Instant> next_deadline() const;
    int exit_status() const;

    std::vector<Endpoint> addresses_;
    std::size_t address_ = 0;
    std::string server_;
    std::optional<sys::UdpSocket> socket_;
    sys::SignalQueue signals_;
    Session session_;
    std::string first_name_;
    std::unique_ptr<FrontEnd> front_end_;
    sys::PollSet poll_;
    Now now_;
    bool send_blocked_ = false;
    bool name_wanted_ = false;
    bool nobody_to_ask_ = false;
    bool leaving_ = false;    // because nobody reads the output any more
    std::string last_error_;  // why it ended, if it did not end well

    std::optional<sys::ChildProcess> receiver_;
    std::optional<sys::Channel> from_receiver_;
    Revival receiver_revival_;
    std::optional<Keeper> keeper_;
    std::optional<termios> modes_to_restore_;
    Revival keeper_revival_;
    std::optional<ScreenState> screen_;
};

}  // namespace chat::client
