// SPDX-License-Identifier: MIT
#include "tests/relay/script.h"

#include <string>

#include "tests/support/catch.h"

namespace chat::relay {
namespace {

Step step_of(std::string_view line) {
    auto step = parse_line(line);
    INFO(line);
    REQUIRE(step);
    REQUIRE(*step);
    return **step;
}

Conditions conditions_after(std::string_view line, Conditions before = perfect) {
    std::get<SetConditions>(step_of(line).command).apply(before);
    return before;
}

}  // namespace

TEST_CASE("every setting reaches its condition, alone") {
    struct Row {
        const char* setting;
        Conditions conditions;
    };
    const Duration none{};
    const Row rows[] = {
        {"blackout=on", {.blackout = true, .delay = none}},
        {"blackout=on blackout=off", {.delay = none}},
        {"loss=300", {.loss_permille = 300, .delay = none}},
        {"loss=1000", {.loss_permille = 1000, .delay = none}},
        {"burst=20", {.burst_permille = 20, .delay = none}},
        {"burst_mean=5", {.burst_mean = 5, .delay = none}},
        {"loss_run_max=4", {.loss_run_max = 4, .delay = none}},
        {"duplicate=250", {.duplication_permille = 250, .delay = none}},
        {"flip=1", {.flip_permille = 1, .delay = none}},
        {"truncate=50", {.truncate_permille = 50, .delay = none}},
        {"extend=51", {.extend_permille = 51, .delay = none}},
        {"delay_ms=50", {.delay = milliseconds(50)}},
        {"jitter_ms=5", {.delay = none, .jitter = milliseconds(5)}},
        {"reorder=250 reorder_ms=200",
         {.delay = none, .reorder_permille = 250, .reorder_by = milliseconds(200)}},
        {"rate_kbit=256", {.delay = none, .rate_kbit_s = 256}},
        {"queue=0", {.delay = none, .queue_datagrams_max = 0}},
        {"loss=1 delay_ms=2\tloss=3 \r", {.loss_permille = 3, .delay = milliseconds(2)}},
        {"clear", {.delay = none}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.setting);
        CHECK(conditions_after(std::string("both ") + row.setting) == row.conditions);
    }
}

TEST_CASE("settings add to what holds, clear forgets it first") {
    const Conditions before{.loss_permille = 10, .delay = milliseconds(7)};
    CHECK(conditions_after("up flip=5", before) ==
          Conditions{.loss_permille = 10, .flip_permille = 5, .delay = milliseconds(7)});
    CHECK(conditions_after("up clear flip=5", before) ==
          Conditions{.flip_permille = 5, .delay = {}});
}

TEST_CASE("both, up and down") {
    struct Row {
        const char* line;
        bool up;
        bool down;
    };
    for (const Row& row : {Row{"both loss=1", true, true}, Row{"up loss=1", true, false},
                           Row{"down loss=1", false, true}}) {
        CAPTURE(row.line);
        const auto command = std::get<SetConditions>(step_of(row.line).command);
        CHECK(command.up == row.up);
        CHECK(command.down == row.down);
        CHECK_FALSE(command.clear);
    }
}

TEST_CASE("times") {
    struct Row {
        const char* line;
        Duration at;
        std::optional<Duration> every;
        std::optional<Duration> lasting;
    };
    const Row rows[] = {
        {"stats", {}, {}, {}},
        {"at 5 stats", seconds(5), {}, {}},
        {"at 0.25 stats", milliseconds(250), {}, {}},
        {"at 0.000001 stats", microseconds(1), {}, {}},
        {"at 86400 stats", seconds(86400), {}, {}},
        {"every 1 stats", {}, seconds(1), {}},
        {"at 5 every 0.001 for 60 stats", seconds(5), milliseconds(1), seconds(60)},
    };
    for (const Row& row : rows) {
        CAPTURE(row.line);
        const Step step = step_of(row.line);
        CHECK(step.at == row.at);
        CHECK(step.every == row.every);
        CHECK(step.lasting == row.lasting);
    }
}

TEST_CASE("rebind and inject") {
    const auto rebind = [](const char* line) { return std::get<Rebind>(step_of(line).command); };
    CHECK_FALSE(rebind("rebind port").address);
    CHECK_FALSE(rebind("rebind port").client);
    CHECK(rebind("rebind address").address);
    CHECK(rebind("rebind address 3").client == std::size_t{3});

    const auto inject = [](const char* line) { return std::get<Inject>(step_of(line).command); };
    const std::vector<std::byte> bytes{std::byte{0}, std::byte{0xff}, std::byte{0x1a}};
    CHECK(inject("inject up 2 00ff1A").bytes == bytes);
    CHECK(inject("inject up 2 00ff1A").client == 2);
    CHECK(inject("inject up 2 00").way == Way::up);
    CHECK(inject("inject down 1 00").way == Way::down);
    CHECK_FALSE(inject("inject new 00").way);
    CHECK(inject("inject new").bytes.empty());
    const std::string longest(2 * simulation::Impairment::datagram_bytes_max, 'a');
    CHECK(inject(("inject new " + longest).c_str()).bytes.size() * 2 == longest.size());
    CHECK_FALSE(parse_line("inject new " + longest + "aa"));
    CHECK(longest.size() + std::string("at 1 inject down 1 ").size() < line_bytes_max);
}

TEST_CASE("lines that say nothing") {
    for (const char* line : {"", "   ", "\t\r", "# at 5 nonsense", "  #"}) {
        CAPTURE(line);
        const auto step = parse_line(line);
        REQUIRE(step);
        CHECK_FALSE(*step);
    }
    CHECK(step_of("at 5 stats # and a remark").at == seconds(5));
}

TEST_CASE("what is not understood is named") {
    struct Row {
        const char* line;
        const char* sentence;
    };
    const Row rows[] = {
        {"lose", "'lose' is no command"},
        {"at", "'' is no number of seconds up to 86400 after 'at'"},
        {"at x stats", "'x' is no number of seconds up to 86400 after 'at'"},
        {"at -1 stats", "'-1' is no number of seconds up to 86400 after 'at'"},
        {"at 1. stats", "'1.' is no number of seconds up to 86400 after 'at'"},
        {"at 1.0000001 stats", "'1.0000001' is no number of seconds up to 86400 after 'at'"},
        {"at 1.-1 stats", "'1.-1' is no number of seconds up to 86400 after 'at'"},
        {"at 86401 stats", "'86401' is no number of seconds up to 86400 after 'at'"},
        {"at 5", "'' is no command"},
        {"every 0 stats", "'every' wants a millisecond at least"},
        {"every 1 for stats", "'stats' is no number of seconds up to 86400 after 'for'"},
        {"for 1 stats", "'for' is no command"},
        {"every 1 at 5 stats", "'at' is no command"},
        {"both", "'both' wants settings"},
        {"up 300", "'300' is no setting"},
        {"up loss", "'loss' is no setting"},
        {"up losses=3", "'losses=3' is no setting"},
        {"up loss=", "'loss' wants a number from 0 to 1000"},
        {"up loss=30%", "'loss' wants a number from 0 to 1000"},
        {"up loss=1001", "'loss' wants a number from 0 to 1000"},
        {"up loss=-1", "'loss' wants a number from 0 to 1000"},
        {"up burst_mean=0", "'burst_mean' wants a number from 1 to 65536"},
        {"up delay_ms=600001", "'delay_ms' wants a number from 0 to 600000"},
        {"up delay_ms=99999999999999999999", "'delay_ms' wants a number from 0 to 600000"},
        {"up blackout=1", "'blackout' wants on or off"},
        {"up loss=1 clear", "'clear' is no setting"},
        {"rebind", "'rebind' wants port or address, not ''"},
        {"rebind 3", "'rebind' wants port or address, not '3'"},
        {"rebind port 0", "'0' is no client; they are numbered from 1"},
        {"rebind port 1 2", "'2' is one word too many"},
        {"inject", "'inject' wants up, down or new, not ''"},
        {"inject up 00", "'00' is no client; they are numbered from 1"},
        {"inject up 1 0", "'inject' wants the bytes of one datagram in hexadecimal"},
        {"inject up 1 0g", "'inject' wants the bytes of one datagram in hexadecimal"},
        {"inject up 1 -1", "'inject' wants the bytes of one datagram in hexadecimal"},
        {"inject up 1 00 00", "'00' is one word too many"},
        {"stats now", "'now' is one word too many"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.line);
        const auto step = parse_line(row.line);
        REQUIRE_FALSE(step);
        CHECK(step.error() == row.sentence);
    }
}

TEST_CASE("a script is its lines, and its first wrong one is numbered") {
    const auto steps = parse_script("# a story\nat 0 both loss=300\n\nat 5 rebind port\nstats");
    REQUIRE(steps);
    CHECK(steps->size() == 3);
    CHECK(steps->at(1).at == seconds(5));
    CHECK(parse_script("")->empty());
    const auto wrong = parse_script("stats\n\nat 5 rebound\nalso wrong\n");
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error() == "line 3: 'rebound' is no command");
}

}  // namespace chat::relay
