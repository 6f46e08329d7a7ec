// SPDX-License-Identifier: MIT
#include "chat-server/core/datagram_arena.h"

#include <algorithm>

#include "tests/support/catch.h"

using namespace chat;
using namespace chat::server;

namespace {

// Looks at what it borrowed when it is flushed, as a socket does.
struct LatePostman final : TransmitSink {
    std::size_t room = SIZE_MAX;
    std::vector<std::span<const std::byte>> borrowed;
    std::vector<int> sent;

    bool send(const Path&, std::span<const std::byte> datagram) override {
        if (room == 0) return false;
        --room;
        borrowed.push_back(datagram);
        return true;
    }
    void flush() {
        for (const auto datagram : borrowed)
            sent.push_back(std::to_integer<int>(datagram[0]));
        borrowed.clear();
    }
};

}  // namespace

TEST_CASE("whatever the sink takes and when, every datagram leaves once, in order, unaltered") {
    for (const std::size_t room : {1U, 2U, 3U, 5U, 100U}) {
        CAPTURE(room);
        DatagramArena arena(3);
        LatePostman sink;
        std::vector<int> made;
        for (int poll = 0; poll < 200 && made.size() < 30; ++poll) {
            sink.room = room;
            arena.begin(sink);
            for (auto buffer = arena.next(); !buffer.empty() && made.size() < 30;
                 buffer = arena.next()) {
                made.push_back(static_cast<int>(made.size()));
                buffer[0] = static_cast<std::byte>(made.back());
                arena.send({}, 48, sink);
            }
            CHECK((arena.keeps_one() || arena.all_lent() || made.size() == 30));
            CHECK_FALSE((arena.keeps_one() && arena.all_lent()));
            sink.flush();
        }
        sink.room = SIZE_MAX;
        CHECK(arena.begin(sink));
        sink.flush();
        CHECK(made.size() == 30);
        CHECK(sink.sent == made);
    }
}
