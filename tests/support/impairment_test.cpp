// SPDX-License-Identifier: MIT
#include "tests/support/impairment.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "tests/support/catch.h"

namespace chat::simulation {
namespace {

constexpr Instant start{1'000'000};
constexpr int many = 20'000;

std::vector<std::byte> some_bytes(std::size_t size) {
    std::vector<std::byte> bytes(size);
    for (std::size_t i = 0; i < size; ++i)
        bytes[i] = static_cast<std::byte>(i * 7 + 1);
    return bytes;
}

// One a millisecond; the copies of each, in the order of asking.
std::vector<std::vector<Delivery>> carry_many(Impairment& link, int count = many,
                                              std::size_t size = 100) {
    const auto datagram = some_bytes(size);
    std::vector<std::vector<Delivery>> fates;
    for (int i = 0; i < count; ++i)
        fates.push_back(link.carry(start + milliseconds(i), datagram));
    return fates;
}

// Within five standard deviations of a fair coin of that share.
bool near_share(std::uint64_t hits, std::uint64_t of, double permille) {
    const double share = permille / 1000;
    const double deviation = std::sqrt(static_cast<double>(of) * share * (1 - share));
    return std::abs(static_cast<double>(hits) - static_cast<double>(of) * share) <= 5 * deviation;
}

int bits_changed(const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
    int changed = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        changed += std::popcount(static_cast<unsigned>(a[i] ^ b[i]));
    return changed;
}

std::vector<int> runs_of_loss(const std::vector<std::vector<Delivery>>& fates) {
    std::vector<int> runs;
    bool before = false;
    for (const auto& copies : fates) {
        if (copies.empty() && before) ++runs.back();
        if (copies.empty() && !before) runs.push_back(1);
        before = copies.empty();
    }
    return runs;
}

}  // namespace

TEST_CASE("each share is kept, and is counted where it belongs") {
    struct Row {
        const char* what;
        unsigned Conditions::* share;
        std::uint64_t ImpairmentCounters::* counter;
    };
    const Row rows[] = {
        {"loss", &Conditions::loss_permille, &ImpairmentCounters::lost},
        {"duplication", &Conditions::duplication_permille, &ImpairmentCounters::duplicated},
        {"flip", &Conditions::flip_permille, &ImpairmentCounters::flipped},
        {"truncate", &Conditions::truncate_permille, &ImpairmentCounters::truncated},
        {"extend", &Conditions::extend_permille, &ImpairmentCounters::extended},
        {"reorder", &Conditions::reorder_permille, &ImpairmentCounters::reordered},
    };
    for (const Row& row : rows) {
        for (const unsigned permille : {0U, 1U, 50U, 300U, 999U, 1000U}) {
            CAPTURE(row.what, permille);
            Impairment link(permille + 1);
            Conditions conditions;
            conditions.*row.share = permille;
            link.set_conditions(conditions);
            std::uint64_t out = 0;
            for (const auto& copies : carry_many(link))
                out += copies.size();

            const ImpairmentCounters& counters = link.counters();
            CHECK(counters.entered == many);
            CHECK(near_share(counters.*row.counter, many, permille));
            CHECK(counters.entered + counters.duplicated == out + counters.lost);
            for (const Row& other : rows) {
                if (other.counter != row.counter) CHECK(counters.*other.counter == 0);
            }
        }
    }
}

TEST_CASE("what is done to the bytes is what was said, and nothing else") {
    const auto original = some_bytes(100);
    struct Row {
        const char* what;
        unsigned Conditions::* share;
        bool (*fits)(const std::vector<std::byte>& before, const std::vector<std::byte>& after);
    };
    const Row rows[] = {
        {"nothing", nullptr, [](const auto& before, const auto& after) { return before == after; }},
        {"flip", &Conditions::flip_permille,
         [](const auto& before, const auto& after) {
             if (before.size() != after.size()) return false;
             const int bits = bits_changed(before, after);
             return bits >= 1 && bits <= 3;
         }},
        {"truncate", &Conditions::truncate_permille,
         [](const auto& before, const auto& after) {
             return after.size() < before.size() &&
                    std::equal(after.begin(), after.end(), before.begin());
         }},
        {"extend", &Conditions::extend_permille,
         [](const auto& before, const auto& after) {
             return after.size() > before.size() &&
                    after.size() <= before.size() + Impairment::extension_bytes_max &&
                    std::equal(before.begin(), before.end(), after.begin());
         }},
    };
    for (const Row& row : rows) {
        CAPTURE(row.what);
        Impairment link(5);
        Conditions conditions{.duplication_permille = 500};
        if (row.share != nullptr) conditions.*row.share = 1000;
        link.set_conditions(conditions);
        bool all_fit = true;
        for (const auto& copies : carry_many(link, 2000)) {
            for (const Delivery& copy : copies)
                all_fit = all_fit && row.fits(original, copy.bytes);
        }
        CHECK(all_fit);
    }
}

TEST_CASE("one, two and three bits are flipped, anywhere, in the shortest datagram too") {
    for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{1200}}) {
        CAPTURE(size);
        Impairment link(9);
        link.set_conditions({.flip_permille = 1000});
        const auto original = some_bytes(size);
        int seen[4] = {};
        std::vector<bool> touched(size);
        for (const auto& copies : carry_many(link, many, size)) {
            const auto& bytes = copies.at(0).bytes;
            ++seen[std::clamp(bits_changed(original, bytes), 0, 3)];
            for (std::size_t i = 0; i < size; ++i)
                touched[i] = touched[i] || bytes[i] != original[i];
        }
        CHECK(seen[0] == 0);
        for (const int bits : {1, 2, 3})
            CHECK(near_share(static_cast<std::uint64_t>(seen[bits]), many, 1000.0 / 3));
        CHECK(std::ranges::count(touched, false) == 0);
    }
}

TEST_CASE("an empty datagram can only grow, the longest can not") {
    Impairment link(3);
    link.set_conditions({.flip_permille = 1000, .truncate_permille = 1000});
    CHECK(link.carry(start, {}).at(0).bytes.empty());
    CHECK(link.counters().flipped == 0);
    CHECK(link.counters().truncated == 0);

    link.set_conditions({.extend_permille = 1000});
    CHECK_FALSE(link.carry(start, {}).at(0).bytes.empty());
    const auto longest = some_bytes(Impairment::datagram_bytes_max);
    CHECK(link.carry(start, longest).at(0).bytes.size() == longest.size());
    const auto shorter = std::span(longest).first(longest.size() - 1);
    CHECK(link.carry(start, shorter).at(0).bytes.size() == longest.size());
    CHECK(link.counters().extended == 2);
}

TEST_CASE("delay is the least, delay and jitter the most, and without jitter nothing overtakes") {
    Impairment link(11);
    link.set_conditions({.delay = milliseconds(50)});
    CHECK(link.carry(start, {}).at(0).at == start + milliseconds(50));

    link.set_conditions({.delay = milliseconds(50), .jitter = milliseconds(5)});
    Duration least = seconds(1);
    Duration most{};
    Instant latest{};
    int overtaken = 0;
    const auto fates = carry_many(link);
    for (int i = 0; i < many; ++i) {
        const Instant at = fates[static_cast<std::size_t>(i)].at(0).at;
        least = std::min(least, at - (start + milliseconds(i)));
        most = std::max(most, at - (start + milliseconds(i)));
        overtaken += at < latest ? 1 : 0;
        latest = std::max(latest, at);
    }
    CHECK(least >= milliseconds(50));
    CHECK(least <= milliseconds(51));
    CHECK(most <= milliseconds(55));
    CHECK(most >= milliseconds(54));
    CHECK(overtaken > many / 4);
}

TEST_CASE("a share is held back, the rest is punctual") {
    Impairment link(12);
    link.set_conditions(
        {.delay = milliseconds(10), .reorder_permille = 250, .reorder_by = milliseconds(200)});
    std::uint64_t late = 0;
    Duration most{};
    const auto fates = carry_many(link);
    for (int i = 0; i < many; ++i) {
        const Duration took =
            fates[static_cast<std::size_t>(i)].at(0).at - (start + milliseconds(i));
        late += took > milliseconds(10) ? 1U : 0U;
        most = std::max(most, took);
    }
    CHECK(near_share(late, many, 250));
    CHECK(most <= milliseconds(210));
    CHECK(most > milliseconds(205));
}

TEST_CASE("bursts have the mean length that was asked for") {
    for (const unsigned mean : {1U, 3U, 10U}) {
        CAPTURE(mean);
        Impairment link(20 + mean);
        link.set_conditions({.burst_permille = 10, .burst_mean = mean});
        const auto runs = runs_of_loss(carry_many(link, 200'000));
        double lost = 0;
        for (const int run : runs)
            lost += run;
        const double found = lost / static_cast<double>(runs.size());
        CHECK(found > mean * 0.9);
        CHECK(found < mean * 1.1);
        // A burst begins with one of a hundred of those that stand outside of one.
        CHECK(near_share(runs.size(), static_cast<std::uint64_t>(200'000 - lost), 10));
    }
}

TEST_CASE("a limit to the run of losses holds for chance and for bursts") {
    struct Row {
        Conditions conditions;
        int longest;
    };
    const Row rows[] = {
        {{.loss_permille = 500, .loss_run_max = 3}, 3},
        {{.burst_permille = 100, .burst_mean = 20, .loss_run_max = 3}, 3},
        {{.loss_permille = 1000, .loss_run_max = 1}, 1},
    };
    for (const Row& row : rows) {
        Impairment link(31);
        link.set_conditions(row.conditions);
        CHECK(std::ranges::max(runs_of_loss(carry_many(link))) == row.longest);
    }
    Impairment link(31);
    link.set_conditions({.loss_permille = 500});
    CHECK(std::ranges::max(runs_of_loss(carry_many(link))) > 10);
}

TEST_CASE("a rate takes its time for every bit, headers included, and its queue drops the rest") {
    Impairment link(40);
    // 972 bytes and 28 of headers are 8000 bits: 1 ms at 8 Mbit/s.
    link.set_conditions({.delay = {}, .rate_kbit_s = 8000, .queue_datagrams_max = 3});
    const auto datagram = some_bytes(972);
    for (const int ms : {1, 2, 3})
        CHECK(link.carry(start, datagram).at(0).at == start + milliseconds(ms));
    CHECK(link.carry(start, datagram).empty());
    CHECK(link.carry(start + microseconds(999), datagram).empty());
    CHECK(link.counters().queue_drops == 2);
    CHECK(link.counters().lost == 0);

    SECTION("a place is free as soon as the first has left") {
        CHECK(link.carry(start + milliseconds(1), datagram).at(0).at == start + milliseconds(4));
        CHECK(link.carry(start + milliseconds(1), datagram).empty());
    }
    SECTION("an idle line starts afresh, and delay comes on top") {
        link.set_conditions({.delay = milliseconds(20), .rate_kbit_s = 8000});
        CHECK(link.carry(start + seconds(1), datagram).at(0).at ==
              start + seconds(1) + milliseconds(21));
    }
    SECTION("a short one waits behind a long one") {
        link.set_conditions({.delay = {}, .rate_kbit_s = 8000});
        CHECK(link.carry(start, some_bytes(72)).at(0).at == start + microseconds(3100));
    }
    SECTION("lost ones had their share of the line") {
        link.set_conditions({.loss_permille = 1000, .delay = {}, .rate_kbit_s = 8000});
        CHECK(link.carry(start, datagram).empty());
        link.set_conditions({.delay = {}, .rate_kbit_s = 8000});
        CHECK(link.carry(start, datagram).at(0).at == start + milliseconds(5));
    }
    SECTION("without a rate there is no queue") {
        link.set_conditions({.delay = {}, .queue_datagrams_max = 0});
        CHECK(link.carry(start, datagram).at(0).at == start);
    }
}

TEST_CASE("a black-out lets nothing in, and afterwards everything is as before") {
    Impairment link(50);
    link.set_conditions({.blackout = true, .rate_kbit_s = 8});
    for (const auto& copies : carry_many(link, 100))
        CHECK(copies.empty());
    CHECK(link.counters().lost == 100);
    CHECK(link.counters().queue_drops == 0);
    link.set_conditions({.delay = {}});
    CHECK(link.carry(start, {}).at(0).at == start);
}

TEST_CASE("the same seed has the same answers, another seed others") {
    const Conditions conditions{.loss_permille = 200,
                                .burst_permille = 20,
                                .duplication_permille = 250,
                                .flip_permille = 100,
                                .truncate_permille = 100,
                                .extend_permille = 100,
                                .jitter = milliseconds(30),
                                .reorder_permille = 250,
                                .reorder_by = milliseconds(200),
                                .rate_kbit_s = 2000};
    std::vector<std::string> stories;
    for (const std::uint64_t seed : {7U, 7U, 8U}) {
        Impairment link(seed);
        link.set_conditions(conditions);
        std::string story;
        std::uint64_t out = 0;
        for (const auto& copies : carry_many(link, 2000)) {
            story += '|';
            for (const Delivery& copy : copies) {
                ++out;
                story += std::to_string(copy.at.us) + ' ';
                story.append(reinterpret_cast<const char*>(copy.bytes.data()), copy.bytes.size());
            }
        }
        stories.push_back(story);
        const ImpairmentCounters& counters = link.counters();
        CHECK(counters.entered + counters.duplicated == out + counters.lost + counters.queue_drops);
    }
    CHECK(stories[0] == stories[1]);
    CHECK(stories[0] != stories[2]);
}

}  // namespace chat::simulation
