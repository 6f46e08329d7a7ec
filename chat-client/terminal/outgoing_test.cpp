// SPDX-License-Identifier: MIT
#include "chat-client/terminal/outgoing.h"

#include "tests/support/catch.h"

using namespace chat::terminal;

namespace {

// "id text seq" of each, separated by commas.
std::string written(const Outgoing& outgoing) {
    std::string out;
    for (const auto& item : outgoing.items()) {
        if (!out.empty()) out += ", ";
        out += item.id + " " + item.text;
        if (item.seq != 0) out += " " + std::to_string(item.seq);
    }
    return out;
}

Outgoing two() {
    Outgoing outgoing;
    outgoing.add("1", "12:34", "a");
    outgoing.add("2", "12:34", "b");
    return outgoing;
}

}  // namespace

TEST_CASE("a message is under way until its entry is shown") {
    auto outgoing = two();
    CHECK(written(outgoing) == "1 a, 2 b");
    SECTION("accepted, then shown") {
        outgoing.on_accepted("1", 7, 7);
        CHECK(written(outgoing) == "1 a 7, 2 b");
        outgoing.on_shown(7, "a");
        CHECK(written(outgoing) == "2 b");
    }
    SECTION("shown, then accepted") {
        outgoing.on_shown(7, "a");
        CHECK(written(outgoing) == "2 b");
        outgoing.on_accepted("1", 7, 8);
        CHECK(written(outgoing) == "2 b");
    }
    SECTION("shown as something else than what was typed") {
        outgoing.on_shown(7, "a changed");
        CHECK(written(outgoing) == "1 a, 2 b");
        outgoing.on_accepted("1", 7, 8);
        CHECK(written(outgoing) == "2 b");
    }
    SECTION("never accepted, as by an original server") {
        outgoing.on_shown(1, "a");
        outgoing.on_shown(2, "b");
        CHECK(written(outgoing).empty());
    }
    SECTION("refused") {
        outgoing.drop("1");
        outgoing.drop("9");
        CHECK(written(outgoing) == "2 b");
    }
    SECTION("of others") {
        outgoing.on_accepted("9", 7, 7);
        outgoing.on_shown(7, "c");
        CHECK(written(outgoing) == "1 a, 2 b");
    }
}

TEST_CASE("another program of ours says the same words") {
    Outgoing outgoing;
    outgoing.add("1", "", "ok");
    outgoing.on_shown(5, "ok");  // the other's
    CHECK(written(outgoing).empty());
    outgoing.on_accepted("1", 6, 6);
    outgoing.on_shown(6, "ok");
    CHECK(written(outgoing).empty());

    outgoing.add("2", "", "ok");
    outgoing.on_accepted("2", 8, 7);
    outgoing.on_shown(7, "ok");  // the other's: ours is known by its number
    CHECK(written(outgoing) == "2 ok 8");
    outgoing.on_shown(8, "ok");
    CHECK(written(outgoing).empty());
}

TEST_CASE("what is sent is what is shown; what is not sent is not") {
    Outgoing outgoing;
    outgoing.add("1", "", "a\t b\r\n\n");
    outgoing.add("2", "", "\x1b\n");
    outgoing.add("3", "", "");
    CHECK(written(outgoing) == "1 a  b");
}
