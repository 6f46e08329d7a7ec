// SPDX-License-Identifier: MIT
// A fixed piece of work for the server's brain, to be counted and not timed: a thousand members by
// real handshakes, then people chatting (50 messages a second, one at a time), then ten who talk as
// fast as they may (2,000 a second, ten in each turn). Under valgrind's callgrind only the server's
// part of that is collected, and written to one file for each kind of talk. Printed: what each kind
// was and how many deliveries, which are checked. .ci/instructions runs it.
#include <cstdio>
#include <cstdlib>
#include <sodium.h>

#include "bench/fan_out/scripted_room.h"

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
// Nobody counts.
#define CALLGRIND_START_INSTRUMENTATION
#define CALLGRIND_TOGGLE_COLLECT
#define CALLGRIND_DUMP_STATS_AT(name)
#endif

namespace {

using namespace chat;

constexpr std::uint64_t seed = 5;
constexpr std::uint32_t members = 1000;
constexpr std::uint32_t joins_at_once = 50;
constexpr std::uint32_t senders = 10;
constexpr std::size_t text_bytes = 64;

// Callgrind begins without collecting.
class Callgrind final : public bench::Meter {
  public:
    void set_counting(bool counting) { counting_ = counting; }
    void on() override { toggle(); }
    void off() override { toggle(); }
    void pause() override { toggle(); }
    void resume() override { toggle(); }

  private:
    void toggle() const {
        if (counting_) CALLGRIND_TOGGLE_COLLECT;
    }

    bool counting_ = false;
};

struct Talk {
    const char* name;
    int rounds;
    std::uint32_t each_round;  // messages, of different senders
    int turns;                 // between rounds
};

// The first rounds are not counted: buffers grow, and acknowledgements find their rhythm.
constexpr int warm_up_rounds = 10;
constexpr Talk talks[] = {{"chatting", 50, 1, 20}, {"full", 40, senders, 5}};

void say(bench::ScriptedRoom& room, const Talk& talk, int rounds) {
    for (int round = 0; round < rounds; ++round) {
        for (std::uint32_t i = 0; i < talk.each_round; ++i)
            room.say(static_cast<std::uint32_t>(room.said() % senders), text_bytes);
        room.turns(talk.turns);
    }
}

}  // namespace

int main() {
    if (sodium_init() < 0) return 1;
    Callgrind meter;
    bench::ScriptedRoom room(seed, members, meter);
    room.join(joins_at_once);
    for (const Talk& talk : talks) {
        say(room, talk, warm_up_rounds);
        room.settle();
        CALLGRIND_START_INSTRUMENTATION;
        const std::uint64_t said = room.said();
        const std::uint64_t delivered = room.delivered();
        const std::uint64_t datagrams = room.datagrams();
        meter.set_counting(true);
        say(room, talk, talk.rounds);
        room.settle();
        meter.set_counting(false);
        CALLGRIND_DUMP_STATS_AT(talk.name);
        const std::uint64_t deliveries = room.delivered() - delivered;
        std::printf("%s: %llu deliveries in %llu datagrams\n", talk.name,
                    static_cast<unsigned long long>(deliveries),
                    static_cast<unsigned long long>(room.datagrams() - datagrams));
        if (deliveries != (room.said() - said) * members) return 1;
    }
    return 0;
}
