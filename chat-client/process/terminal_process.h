// SPDX-License-Identifier: MIT
// The client's parent: the sending side. It has the user (through a front end), the session, the
// user's keys, and every datagram that goes out; from the network it gets only what the receiver
// has decoded. It looks after its children: a receiver or keeper that dies is started again.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "chat-client/core/session.h"
#include "chat-client/process/credentials.h"
#include "chat-client/process/front_end.h"
#include "chat-client/process/inputs.h"
#include "chat-client/process/keeper_child.h"
#include "chat-client/process/options.h"
#include "chat-client/process/server_connection.h"
#include "sys/poll_set.h"
#include "sys/secret_memory.h"
#include "sys/signals.h"
#include "sys/system_random.h"

namespace chat::client {

class TerminalProcess {
  public:
    // Tries the server's addresses in turn until one answers. `on_terminal`: a person reads and
    // types, and can be asked.
    TerminalProcess(const Options& options, std::vector<Endpoint> addresses, bool on_terminal,
                    sys::SignalQueue signals);

    // `make_front_end` is called once the children that must be forked before it exist.
    // `watched`: the front end takes over the terminal, so a keeper is needed. The exit status.
    int run(const std::function<std::unique_ptr<FrontEnd>(TerminalProcess&)>& make_front_end,
            bool watched);

    // To be told by a full-screen front end whenever it has taken or released the terminal.
    KeeperChild& keeper() { return keeper_; }

  private:
    // 0, or the exit status.
    int make_session();
    void give_up_rights();
    void remark(std::string sentence);
    bool start_receiver();
    void try_next_address();
    void turn();
    void pass_on();
    void take_signals();
    bool take_receiver_packets();
    void reap_children();
    void suspend();
    void want_name();
    std::optional<Instant> held_until() const;
    void drain_output();
    void show_events();
    void show_event(Event& event);
    void remember(const PublicKey& server_key);
    void receiver_lost(const std::string& how);
    std::optional<std::string> explained(ErrorCode code) const;
    std::optional<Instant> next_deadline() const;
    std::optional<Instant> next_address_due() const;
    int exit_status() const;

    Options options_;
    std::string server_;  // how the user called it
    bool on_terminal_;
    sys::SignalQueue signals_;
    sys::SystemRandom random_;
    sys::SecretMemory secrets_;
    std::optional<Credentials> credentials_;  // none with the plain-text protocol
    std::unique_ptr<Session> session_;
    std::unique_ptr<FrontEnd> front_end_;
    std::optional<Inputs> inputs_;
    sys::PollSet poll_;
    Now now_;
    std::optional<Instant> unwritten_since_;
    bool watched_ = false;
    bool name_wanted_ = false;
    bool nobody_to_ask_ = false;
    bool told_of_freedom_ = false;
    bool leaving_ = false;    // because nobody reads the output any more
    std::string last_error_;  // why it ended, if it did not end well

    ServerConnection connection_;
    KeeperChild keeper_;
};

}  // namespace chat::client
