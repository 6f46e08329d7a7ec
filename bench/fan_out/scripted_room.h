// SPDX-License-Identifier: MIT
// The server's brain with a room full of members, and nothing else: no socket, no disk, no clock. A
// turn is a millisecond of virtual time; what is sent in one arrives in the next. The same seed and
// the same calls are the same instructions. What the server does, and only that, happens while the
// meter is on: not the members' part, not the log's, and not the keeping of datagrams here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <vector>

#include "bench/fan_out/member.h"
#include "chat-server/core/server.h"
#include "chat-server/store/memory_log.h"
#include "proto/wire/time.h"
#include "proto/wire/transmit.h"
#include "tests/simulation/seeded_random.h"

namespace chat::bench {

class Meter {
  public:
    virtual ~Meter() = default;
    virtual void on() {}
    virtual void off() {}
    // Within the server's work, while a datagram is kept; what reads a clock leaves that out.
    virtual void pause() {}
    virtual void resume() {}
};

// Datagrams under way; each keeps its place for the next one.
class Wire final : public TransmitSink {
  public:
    explicit Wire(Meter* meter = nullptr) : meter_(meter) {}

    bool send(const Path& path, std::span<const std::byte> datagram) override;

    struct Datagram {
        Path path;
        std::vector<std::byte> bytes;
    };
    std::span<Datagram> all() { return std::span(datagrams_).first(used_); }
    bool empty() const { return used_ == 0; }
    void clear() { used_ = 0; }

  private:
    Meter* meter_;
    std::vector<Datagram> datagrams_;
    std::size_t used_ = 0;
};

class ScriptedRoom {
  public:
    ScriptedRoom(std::uint64_t seed, std::uint32_t members, Meter& meter);

    // Everybody, so many at once; until all know of all.
    void join(std::uint32_t at_once);
    // Leaves with the next turn.
    void say(std::uint32_t member, std::size_t text_bytes);
    void turn();
    void turns(int count) {
        while (count-- > 0)
            turn();
    }
    // Turns until everybody has everything.
    void settle();

    std::uint64_t delivered() const;
    std::uint64_t datagrams() const { return datagrams_; }  // that the server sent
    std::uint64_t said() const { return said_; }

  private:
    void server_turn();
    void drive();
    bool all_have_all() const;
    Member& member_at(const Path& path);

    Now now_{{seconds(1000).us}, {1'760'000'000'000}};
    simulation::SeededRandom random_;
    Meter& meter_;
    Wire up_;
    Wire arriving_;
    std::vector<ReceivedDatagram> received_;  // these, as a socket would give them
    Wire down_;
    Wire delivering_;
    server::MemoryLog log_{1};
    server::Server server_;
    std::deque<Member> members_;
    std::uint64_t datagrams_ = 0;
    std::uint64_t said_ = 0;
};

}  // namespace chat::bench
