// SPDX-License-Identifier: MIT
#include "proto/session/path_validation.h"

#include "proto/session/test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::session_test;

namespace {

Now at_ms(std::int64_t ms) {
    return {Instant{} + milliseconds(ms), {}};
}

const Path home{{IpAddress::v4(192, 0, 2, 1), 4000, 0}, {}};
const Path other_port{{IpAddress::v4(192, 0, 2, 1), 4001, 0}, {}};
const Path abroad{{IpAddress::v4(198, 51, 100, 7), 4000, 0}, {}};
const Path further{{IpAddress::v4(203, 0, 113, 9), 4000, 0}, {}};
constexpr Duration pto = milliseconds(200);

}  // namespace

TEST_CASE("only the newest datagram from elsewhere is a claim") {
    SeededRandom random(1);
    PathValidation path(home);
    CHECK_FALSE(path.on_authentic(at_ms(0), home, true, pto, random));
    CHECK_FALSE(path.on_authentic(at_ms(0), abroad, false, pto, random));
    CHECK(path.on_authentic(at_ms(0), abroad, true, pto, random));
    CHECK(path.proved() == home);
}

TEST_CASE("the right answer moves the member, once, and says how far") {
    SeededRandom random(1);
    for (const Path& to : {other_port, abroad}) {
        PathValidation path(home);
        auto challenge = path.on_authentic(at_ms(0), to, true, pto, random);
        REQUIRE(challenge);
        auto wrong = *challenge;
        wrong[7] ^= std::byte{1};
        CHECK(path.on_response(at_ms(1), wrong) == PathValidation::Moved::no);
        CHECK(path.proved() == home);
        CHECK(path.on_response(at_ms(2), *challenge) ==
              (to == abroad ? PathValidation::Moved::address : PathValidation::Moved::port));
        CHECK(path.proved() == to);
        CHECK(path.on_response(at_ms(3), *challenge) == PathValidation::Moved::no);
        CHECK(path.proved() == to);
    }
}

TEST_CASE("an answer to no challenge moves nobody") {
    PathValidation path(home);
    CHECK(path.on_response(at_ms(0), {}) == PathValidation::Moved::no);
    CHECK(path.proved() == home);
}

TEST_CASE("one challenge in 100 ms, whoever claims to have moved") {
    SeededRandom random(1);
    PathValidation path(home);
    const auto first = path.on_authentic(at_ms(0), abroad, true, pto, random);
    REQUIRE(first);
    CHECK_FALSE(path.on_authentic(at_ms(99), abroad, true, pto, random));
    CHECK_FALSE(path.on_authentic(at_ms(99), further, true, pto, random));
    CHECK(path.on_authentic(at_ms(100), abroad, true, pto, random) == first);
    const auto second = path.on_authentic(at_ms(200), further, true, pto, random);
    REQUIRE(second);
    CHECK(*second != *first);
    CHECK(path.on_response(at_ms(201), *first) == PathValidation::Moved::no);
    CHECK(path.on_response(at_ms(202), *second) == PathValidation::Moved::address);
    CHECK(path.proved() == further);
    CHECK_FALSE(path.on_authentic(at_ms(299), abroad, true, pto, random));
    CHECK(path.on_authentic(at_ms(300), abroad, true, pto, random));
}

TEST_CASE("a challenge is void after three probe timeouts, each at least a second") {
    SeededRandom random(1);
    struct Case {
        Duration probe_timeout;
        std::int64_t life_ms;
    };
    for (const auto& [probe_timeout, life_ms] :
         {Case{pto, 3000}, Case{seconds(1), 3000}, Case{milliseconds(1500), 4500}}) {
        CAPTURE(life_ms);
        for (const bool in_time : {true, false}) {
            PathValidation path(home);
            const auto challenge = path.on_authentic(at_ms(0), abroad, true, probe_timeout, random);
            REQUIRE(challenge);
            // Repetitions do not make it live longer.
            CHECK(path.on_authentic(at_ms(2000), abroad, true, probe_timeout, random) == challenge);
            const auto moved = path.on_response(at_ms(in_time ? life_ms - 1 : life_ms), *challenge);
            CHECK(moved == (in_time ? PathValidation::Moved::address : PathValidation::Moved::no));
        }
        PathValidation path(home);
        const auto first = path.on_authentic(at_ms(0), abroad, true, probe_timeout, random);
        const auto next = path.on_authentic(at_ms(life_ms), abroad, true, probe_timeout, random);
        REQUIRE(next);
        CHECK(*next != *first);
    }
}
