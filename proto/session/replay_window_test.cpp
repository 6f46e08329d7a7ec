// SPDX-License-Identifier: MIT
#include "proto/session/replay_window.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <set>
#include <vector>

#include "tests/support/catch.h"

namespace chat {
namespace {

constexpr std::uint64_t last = (std::uint64_t{1} << 60) - 1;

constexpr bool works_at_compile_time() {
    ReplayWindow<64> window;
    window.record(5);
    return !window.is_fresh(5) && window.is_fresh(4) && window.highest() == 5;
}
static_assert(works_at_compile_time());

// What the window promises, said with a set.
class Reference {
  public:
    explicit Reference(std::uint64_t packets) : packets_(packets) {}

    bool is_fresh(std::uint64_t counter) const {
        if (seen_.empty()) return true;
        if (counter + packets_ <= *seen_.rbegin()) return false;
        return !seen_.contains(counter);
    }
    void record(std::uint64_t counter) { seen_.insert(counter); }

  private:
    std::uint64_t packets_;
    std::set<std::uint64_t> seen_;
};

template <std::size_t packets>
void compare_with_reference(std::uint32_t seed) {
    std::mt19937_64 engine(seed);
    ReplayWindow<packets> window;
    Reference reference(packets);
    std::uint64_t differences = 0;
    std::uint64_t refused = 0;
    for (int step = 0; step < 20000; ++step) {
        const std::uint64_t highest = window.highest();
        std::uint64_t counter = 0;
        switch (engine() % 8) {
            case 0:
                counter = highest + 1;
                break;
            case 1:
                counter = highest + engine() % 70;
                break;
            case 2:
                // Now and then far ahead, so that the whole ring is stale at once.
                counter = highest + (engine() % 16 == 0 ? engine() % (packets * 3) : 2);
                break;
            case 3:
                counter = highest - std::min<std::uint64_t>(highest, packets - 2 + engine() % 4);
                break;
            default:
                counter = highest - std::min<std::uint64_t>(highest, engine() % (packets + 80));
        }
        const bool fresh = reference.is_fresh(counter);
        if (window.is_fresh(counter) != fresh) ++differences;
        if (!fresh) ++refused;
        // What is too old is recorded too: it must not disturb what is inside.
        if (fresh || engine() % 4 == 0) {
            window.record(counter);
            reference.record(counter);
        }
    }
    CAPTURE(packets, seed);
    CHECK(differences == 0);
    CHECK(refused > 1000);
}

}  // namespace

TEST_CASE("a packet number is accepted once and not when it is too old") {
    struct Row {
        const char* what;
        std::vector<std::uint64_t> recorded;
        std::uint64_t asked;
        bool fresh;
    };
    const Row rows[] = {
        {"the first may be 0", {}, 0, true},
        {"the first may be any", {}, 700, true},
        {"the first may be the last there is", {}, last, true},
        {"0 again", {0}, 0, false},
        {"1 after 0", {0}, 1, true},
        {"the newest again", {9}, 9, false},
        {"a late one", {9}, 3, true},
        {"a late one again", {9, 3}, 3, false},
        {"0 at the far end of the window", {511}, 0, true},
        {"0 just too old", {512}, 0, false},
        {"the oldest inside", {1000}, 489, true},
        {"the youngest too old", {1000}, 488, false},
        {"the oldest inside, seen", {489, 1000}, 489, false},
        {"one that shares its bit with a forgotten one", {10, 600}, 586, true},
        {"a leap over the whole ring forgets everything", {1, 2, 3, 100000}, 99999, true},
        {"what was before a leap is too old", {1, 100000}, 1, false},
        {"one that shares its bit with one recorded too late", {1000, 300}, 876, true},
        {"near the end of all numbers", {last - 1, last}, last - 1, false},
        {"near the end of all numbers, not seen", {last}, last - 511, true},
        {"near the end of all numbers, too old", {last}, last - 512, false},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        ReplayWindow<512> window;
        for (const std::uint64_t counter : row.recorded)
            window.record(counter);
        CHECK(window.is_fresh(row.asked) == row.fresh);
    }
}

TEST_CASE("the highest number is that of the newest packet") {
    ReplayWindow<64> window;
    CHECK(window.highest() == 0);
    window.record(40);
    CHECK(window.highest() == 40);
    window.record(39);
    CHECK(window.highest() == 40);
    window.record(41);
    CHECK(window.highest() == 41);
}

TEST_CASE("asking changes nothing") {
    ReplayWindow<64> window;
    window.record(3);
    CHECK(window.is_fresh(500));
    CHECK(window.is_fresh(2));
    CHECK(window.is_fresh(500));
    CHECK(window.highest() == 3);
}

TEST_CASE("the window decides like a set of everything seen") {
    for (std::uint32_t seed = 1; seed <= 5; ++seed) {
        compare_with_reference<64>(seed);
        compare_with_reference<512>(seed);
        compare_with_reference<4096>(seed);
    }
}

}  // namespace chat
