// SPDX-License-Identifier: MIT
// For the tests of the handshake: a server and a client made from a seed, the datagrams they send,
// and a memory that says what is asked of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "proto/session/initiator.h"
#include "proto/session/responder.h"
#include "proto/session/test_support.h"

namespace chat::session_test {

using Datagram = std::vector<std::byte>;

inline Now at(Duration since_start) {
    return {Instant{} + since_start, {}};
}

inline Datagram copy_of(std::span<const std::byte> bytes) {
    return {bytes.begin(), bytes.end()};
}

class CountingMemory final : public std::pmr::memory_resource {
  public:
    std::size_t bytes = 0;
    std::size_t allocations = 0;

  private:
    void* do_allocate(std::size_t size, std::size_t alignment) override {
        bytes += size;
        ++allocations;
        return std::pmr::new_delete_resource()->allocate(size, alignment);
    }
    void do_deallocate(void* place, std::size_t size, std::size_t alignment) override {
        bytes -= size;
        std::pmr::new_delete_resource()->deallocate(place, size, alignment);
    }
    bool do_is_equal(const memory_resource& other) const noexcept override {
        return this == &other;
    }
};

class Outbox final : public TransmitSink {
  public:
    bool send(const Path&, std::span<const std::byte> datagram) override {
        if (blocked) return false;
        sent.push_back(copy_of(datagram));
        return true;
    }

    bool blocked = false;
    std::vector<Datagram> sent;
};

inline const Endpoint alice{IpAddress::v4(192, 0, 2, 1), 4000, 0};
inline const Endpoint mallory{IpAddress::v4(198, 51, 100, 7), 4000, 0};

struct TestServer {
    explicit TestServer(std::uint64_t seed = 1, std::optional<Key32> password = std::nullopt)
        : random(seed),
          identity(KeyPair::generate(random)),
          responder({0x2a, password, {.log_epoch = 77}}, identity, random, memory,
                    [this](std::uint32_t sid) { return live_sids.contains(sid); }) {}

    Datagram init(const Now& now, std::span<const std::byte> datagram,
                  const Endpoint& from = alice) {
        return copy_of(responder.on_init(now, from, datagram));
    }
    Responder::FiniOutcome fini(const Now& now, std::span<const std::byte> datagram,
                                const Endpoint& from = alice) {
        return responder.on_fini(now, from, datagram);
    }

    SeededRandom random;
    CountingMemory memory;
    KeyPair identity;
    std::set<std::uint32_t> live_sids;
    Responder responder;
};

struct TestClient {
    explicit TestClient(std::uint64_t seed = 2, const Now& now = at({}))
        : random(seed),
          identity(KeyPair::generate(random)),
          initiator(now, identity, random, memory) {}

    // What it sends now.
    std::vector<Datagram> poll(const Now& now) {
        Outbox outbox;
        initiator.on_deadline(now);
        initiator.poll_transmit(now, outbox);
        return outbox.sent;
    }
    // The one datagram that it sends now.
    Datagram next(const Now& now) {
        auto sent = poll(now);
        return sent.size() == 1 ? sent.front() : Datagram{};
    }
    bool hears(const Now& now, std::span<const std::byte> datagram) {
        return initiator.on_datagram(now, datagram);
    }

    SeededRandom random;
    CountingMemory memory;
    KeyPair identity;
    Initiator initiator;
};

inline datagram::FiniPayload request_of(std::uint64_t epoch) {
    return {.client_epoch = epoch, .log_epoch = 77, .next_seq = 5, .name_bytes = 1, .name = {'a'}};
}

// RETRY is heard: the next datagram is INIT with cookie.
inline bool ask(TestClient& client, TestServer& server, const Now& now) {
    return client.hears(now, server.init(now, client.next(now)));
}

// Up to `deciding`.
inline bool prove(TestClient& client, TestServer& server, const Now& now) {
    return ask(client, server, now) && client.hears(now, server.init(now, client.next(now)));
}

// Up to `finishing`: gives FINI.
inline Datagram finish(TestClient& client, TestServer& server, const Now& now,
                       const Key32& password = {}) {
    if (!prove(client, server, now)) return {};
    client.initiator.trust(now, password, request_of(9));
    return client.next(now);
}

}  // namespace chat::session_test
