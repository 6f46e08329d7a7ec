// SPDX-License-Identifier: MIT
// A secure session with its receiver and a server, at one table with one clock, for the tests
// beside it. Datagrams take no time; either direction can be cut or thinned out.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "chat-client/core/receiver.h"
#include "chat-client/core/secure_session.h"
#include "chat-client/core/server_test_support.h"
#include "proto/session/nonce_check.h"

namespace chat::client {

inline constexpr auto conversation = frame::RoomKind::conversation;

class SecureBench final : public TransmitSink {
  public:
    explicit SecureBench(const SecureSessionConfig& config = accept_new(), std::uint64_t seed = 1)
        : server(seed),
          client_random(seed + 1000),
          identity(KeyPair::generate(client_random)),
          receiver(std::make_unique<Receiver>(*std::pmr::get_default_resource())),
          session(config, identity, client_random, *std::pmr::get_default_resource()) {
        // The same seed makes the same keys again.
        forget_nonces();
    }

    static SecureSessionConfig accept_new() {
        SecureSessionConfig config;
        config.trust.accept_new = true;
        return config;
    }

    bool send(const Path&, std::span<const std::byte> datagram) override {
        if (takes == 0) return false;
        --takes;
        outgoing.emplace_back(datagram.begin(), datagram.end());
        ++sent_count;
        return true;
    }

    // Until nothing moves any more at this instant.
    void drive() {
        for (int round = 0; round < 200; ++round) {
            for (auto& order : session.take_receiver_orders()) {
                REQUIRE(receiver->on_order(order));
                wipe(order);
            }
            session.poll_transmit(now, *this);
            if (const auto key = session.take_trusted_key()) trusted = *key;
            reconnects += session.take_wants_reconnect() ? 1 : 0;
            auto sent = std::exchange(outgoing, {});
            if (sent.empty()) return;
            for (auto& datagram : sent) {
                types.push_back(*datagram::type_of(datagram));
                if (!to_server || !to_server(datagram)) continue;
                for (auto& answer : server.receive(now, datagram))
                    deliver(std::move(answer));
            }
        }
        FAIL("they never stop talking");
    }
    void deliver(Datagram datagram) {
        if (!to_client || !to_client(datagram)) return;
        ReceiverFrames frames;
        receiver->on_datagram(now.at, datagram, frames);
        for (const auto& packet : frames.take())
            session.on_receiver_frame(now, packet);
        for (auto& order : session.take_receiver_orders())
            REQUIRE(receiver->on_order(order));
    }
    void deliver_all(std::vector<Datagram> datagrams) {
        for (auto& datagram : datagrams)
            deliver(std::move(datagram));
        drive();
    }
    template <class... Frames>
    void hear(const Frames&... frames) {
        deliver(server.seal(frames...));
        drive();
    }

    void log_in(const std::string& name = "bob") {
        session.log_in(now, name);
        drive();
    }
    void come_in(const std::string& name = "bob") {
        log_in(name);
        REQUIRE(session.online());
        wait(milliseconds(100));
        forget();
    }
    void say(std::string_view text, std::string id = {}, std::string_view room = {}) {
        const bool taken = session.say(now, room, text, std::move(id));
        CHECK(taken);
        drive();
    }
    void join(std::string_view room) {
        session.join(now, room);
        drive();
    }
    void part(std::string_view room) {
        session.part(now, room);
        drive();
    }
    // The next `count` entries of a room, which come from carol.
    void talk(std::uint32_t room, int count) {
        for (int i = 0; i < count; ++i)
            server.append_to(room, "carol", std::to_string(server.rooms[room].head()));
    }
    void quit() {
        session.quit(now);
        drive();
    }
    void cut() {
        to_server = nothing;
        to_client = nothing;
    }
    void mend() {
        to_server = everything;
        to_client = everything;
    }

    bool is_due() const {
        const auto next = session.next_deadline();
        return next && *next <= now.at;
    }
    void wait(Duration time) {
        const Instant end = now.at + time;
        for (int steps = 0; steps < 200'000; ++steps) {
            const auto next = session.next_deadline();
            if (!next || *next > end) break;
            pass_to(std::max(now.at, *next));
            turn();
            // An answer that came may have made something due.
            if (is_due() && takes > 0) turn();
            if (is_due() && takes > 0) FAIL("it is never satisfied");
            if (takes == 0) break;
        }
        pass_to(end);
    }
    // As after a long SIGSTOP: nothing happened meanwhile.
    void sleep(Duration time) {
        pass_to(now.at + time);
        turn();
    }
    void turn() {
        session.on_deadline(now);
        drive();
    }
    void forget() {
        server.heard.clear();
        session.take_events();
        types.clear();
        sent_count = 0;
    }
    Lines events() { return lines(session.take_events()); }
    Lines heard() { return std::exchange(server.heard, {}); }
    // Frames of this kind only.
    Lines heard(std::string_view kind) {
        Lines some = heard();
        std::erase_if(some, [&](const auto& each) { return !each.starts_with(kind); });
        return some;
    }
    int count(datagram::Type type) const {
        return static_cast<int>(std::ranges::count(types, type));
    }

    using Passes = std::function<bool(Datagram&)>;
    static bool everything(Datagram&) { return true; }
    static bool nothing(Datagram&) { return false; }

    Now now{Instant{seconds(1000).us}, {1'700'000'000'000}};
    TestServer server;
    session_test::SeededRandom client_random;
    KeyPair identity;
    std::unique_ptr<Receiver> receiver;
    SecureSession session;
    Passes to_server = everything;
    Passes to_client = everything;
    int takes = 1'000'000;
    int sent_count = 0;
    int reconnects = 0;
    std::optional<PublicKey> trusted;
    std::vector<datagram::Type> types;
    std::vector<Datagram> outgoing;

  private:
    void pass_to(Instant at) {
        now.wall.unix_ms += (at - now.at).us / 1000;
        now.at = at;
    }
};

}  // namespace chat::client
