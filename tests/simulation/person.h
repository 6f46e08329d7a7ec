// SPDX-License-Identifier: MIT
// Somebody with a terminal in the simulated world: the real session, driven as the client's two
// processes drive it. Datagrams go through the decoder and the frame between the processes.
// Checks after every turn what a client promises its user: numbers ascend by one, welcome comes
// once, the visit ends once and for the reason given, nothing happens after the end.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/classic_session.h"
#include "chat-client/core/server_event.h"
#include "tests/simulation/network.h"

namespace chat::simulation {

class Person final : public Host {
  public:
    Person(Network& network, const Now& now, const Endpoint& address, const Endpoint& server,
           std::uint64_t seed);
    ~Person() override { network_.close(address_); }
    Person(const Person&) = delete;
    Person& operator=(const Person&) = delete;

    void on_datagram(const Datagram& datagram) override;
    void on_port_unreachable(const Endpoint& peer) override;
    void turn();
    bool wants_turn() const;
    std::optional<Instant> next_deadline() const { return session_.next_deadline(); }

    void logs_in(std::string name);
    void says(std::string_view text);
    void quits();
    void quits_at_once();
    // kill -9 of the program.
    void is_killed();
    // The same program seen from another address, as after a change of network.
    void moves_to(const Endpoint& address);
    // What to answer when asked for a name again; with none, the program ends.
    void will_also_try(std::string name) { other_names_.push_back(std::move(name)); }

    bool is_there() const { return !killed_ && !session_.end(); }
    const client::Session& session() const { return session_; }
    const Endpoint& address() const { return address_; }
    // All that was shown, worded as --plain does; own messages too.
    const std::vector<std::string>& screen() const { return screen_; }
    const std::optional<std::string>& broken() const { return broken_; }

  private:
    class Sink;

    void take_frame();
    void transmit();
    void show_events();
    void show(const client::Event& event);
    void number(std::uint64_t seq);
    void check_end();
    void promise(bool kept, std::string_view what);

    Network& network_;
    const Now& now_;
    Endpoint address_;
    Endpoint server_;
    client::ClassicSession session_;
    client::EventFrame frame_;
    std::deque<std::string> other_names_;
    bool touched_ = false;
    bool killed_ = false;
    bool asked_to_quit_ = false;
    bool welcomed_ = false;
    bool offline_ = false;
    bool turned_away_ = false;
    std::uint64_t next_number_ = 1;
    std::optional<Instant> logged_in_heard_;
    Instant began_;
    std::vector<std::string> screen_;
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
