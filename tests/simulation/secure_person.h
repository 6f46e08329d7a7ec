// SPDX-License-Identifier: MIT
// Somebody with our client in the simulated world: the real SecureSession and the real Receiver,
// joined as the two processes are. Either can die: a dead receiver is started again by its parent,
// a dead program by its user, who then has the same key and name. The whole program can be stopped
// and moved to another address. What it shows is checked by a Reading. Two of these with one
// identity are one person at two machines.
#pragma once

#include <deque>
#include <memory>
#include <memory_resource>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "chat-client/core/receiver.h"
#include "chat-client/core/secure_session.h"
#include "tests/simulation/network.h"
#include "tests/simulation/secure_ledger.h"
#include "tests/simulation/secure_reading.h"
#include "tests/simulation/seeded_random.h"
#include "tests/simulation/wire_watch.h"

namespace chat::simulation {

// What everybody in a world shares.
struct Surroundings {
    Network& network;
    const Now& now;
    Endpoint server;
    WireWatch& watch;
    SecureLedger& ledger;
    Personas& personas;
};

struct PersonSettings {
    std::string name;
    KeyPair identity;
    std::string room = "lobby";
    std::optional<std::string> password;
    std::uint32_t history_on_joining = 0;
};

class SecurePerson final : public Host {
  public:
    SecurePerson(const Surroundings& surroundings, const Endpoint& address, PersonSettings settings,
                 std::uint64_t seed);
    ~SecurePerson() override { surroundings_.network.close(address_); }
    SecurePerson(const SecurePerson&) = delete;
    SecurePerson& operator=(const SecurePerson&) = delete;

    void on_datagram(const Datagram& datagram) override;
    void on_port_unreachable(const Endpoint& peer) override;
    void turn();
    bool wants_turn() const;
    std::optional<Instant> next_deadline() const;

    // False: he is not there, has not been in yet, or enough waits already.
    bool says(std::string text) { return says_in("lobby", std::move(text)); }
    bool says_in(const std::string& room, std::string text);
    bool sets_topic(const std::string& room, std::string text);
    void joins(const std::string& room);
    void parts(const std::string& room);
    void scrolls_up(const std::string& room, std::uint32_t limit, server::Seq before = 0);
    void searches(const std::string& room, const std::string& words);
    void lists_rooms();
    void lists_members(const std::string& room);
    void quits();
    void moves_to(const Endpoint& address);
    // kill -9 of the child; its parent starts a new one a moment later.
    void receiver_dies();
    // kill -9 of all; starts_again() is the user typing the command once more.
    void program_dies();
    void starts_again();
    // SIGSTOP of both processes until then.
    void is_stopped_until(Instant until) { stopped_until_ = until; }
    // Whether the screen takes events: Ctrl-S.
    void reads(bool reads);

    bool is_running() const { return session_ != nullptr && !session_->end(); }
    const client::SecureSession* session() const { return session_.get(); }
    const Reading& reading() const { return *reading_; }
    const Endpoint& address() const { return address_; }
    const std::string& name() const { return settings_.name; }
    const KeyPair& identity() const { return settings_.identity; }
    // Whether what its user asks for has somewhere to go.
    bool takes_wishes() const { return is_running() && !is_stopped() && was_online_; }
    const std::vector<client::ErrorCode>& errors() const { return errors_; }
    std::uint64_t shown_by_all_starts() const { return shown_before_ + reading_->shown(); }
    const std::optional<std::string>& broken() const;

  private:
    class Sink;
    static constexpr std::size_t socket_buffer_datagrams = 128;

    bool is_stopped() const { return stopped_until_ && *stopped_until_ > surroundings_.now.at; }
    void receive();
    void hand_over();
    void check_taken_once(std::span<const std::byte> packet);
    void obey();
    void transmit();
    void show();

    Surroundings surroundings_;
    Endpoint address_;
    PersonSettings settings_;
    SeededRandom random_;
    std::optional<PublicKey> known_server_;
    std::unique_ptr<client::SecureSession> session_;
    std::unique_ptr<client::Receiver> receiver_;
    std::optional<Instant> receiver_due_;
    client::ReceiverFrames frames_;
    std::set<std::pair<std::uint32_t, std::uint64_t>> taken_;  // by this receiver: key and counter
    std::deque<std::vector<std::byte>> socket_buffer_;
    bool refused_ = false;
    bool touched_ = false;
    bool was_online_ = false;
    std::optional<Instant> stopped_until_;
    std::unique_ptr<Reading> reading_;
    std::uint64_t said_ = 0;
    std::uint64_t shown_before_ = 0;
    std::vector<client::ErrorCode> errors_;
    std::optional<std::string> broken_;
};

}  // namespace chat::simulation
