// SPDX-License-Identifier: MIT
#include "chat-client/core/search.h"

#include <array>

#include "chat-client/core/test_support.h"
#include "proto/wire/datagram.h"

using namespace chat;
using namespace chat::client;

namespace {

struct SearchBench {
    SearchBench() { search.begin(0, "tea"); }
    void found(const std::vector<frame::Place>& places, bool more = false, std::uint32_t id = 1) {
        frame::Found f{id, more, 0, {}};
        for (const auto& place : places)
            f.places[f.count++] = place;
        search.on_found(f, [](std::uint32_t room) {
            return room == 1 ? "lobby" : room == 7 ? "dev" : "";
        });
    }
    void entry(std::uint32_t room, std::uint64_t seq) {
        search.on_entry(now, some_rtt, room, seq,
                        {frame::EntryKind::message, 0, {}, "al", "some tea"});
    }
    std::string result() {
        const auto taken = search.take();
        return taken ? line(*taken) : "not yet";
    }
    int questions() {
        std::array<std::byte, datagram::plaintext_bytes_max> buffer{};
        Writer writer{std::span<std::byte>(buffer)};
        std::size_t runs = EntryFetch::runs_max;
        if (!search.write(now, some_rtt, runs, writer)) return 0;
        frame::pad(writer);
        std::vector<frame::Frame> frames;
        REQUIRE(frame::read_frames(frame::Sender::client, writer.written(), frames));
        return static_cast<int>(frames.size());
    }

    Instant now{seconds(5).us};
    Search search;
};

}  // namespace

TEST_CASE("a search is asked for, its places are fetched, and the answer keeps their order") {
    SearchBench b;
    CHECK(b.search.wants_to_ask());
    CHECK(b.search.question().words == "tea");
    b.search.on_asked();
    CHECK_FALSE(b.search.wants_to_ask());
    b.search.ask_again(false);
    CHECK(b.search.wants_to_ask());
    b.found({{7, 9}, {1, 30}, {7, 2}, {8, 1}, {7, 9}}, true);
    CHECK_FALSE(b.search.wants_to_ask());
    CHECK(b.questions() == 3);
    CHECK(b.questions() == 0);
    b.found({}, false);  // an answer to the first question
    b.entry(1, 30);
    b.entry(1, 31);
    b.entry(7, 2);
    CHECK(b.result() == "not yet");
    b.now = *b.search.due(0);
    CHECK(b.questions() == 1);
    b.entry(7, 9);
    CHECK(b.result() ==
          "found tea: [dev 9 al: some tea] [30 al: some tea] [dev 2 al: some tea] and more");
    CHECK(b.result() == "not yet");
    CHECK_FALSE(b.search.running());
}

TEST_CASE("what the log has lost meanwhile is left out, and so is a room that we have left") {
    SearchBench b;
    b.found({{7, 9}, {1, 30}, {1, 3}});
    b.search.on_gone(b.now, some_rtt, {1, 1, 20});
    b.entry(1, 30);
    b.search.on_gone(b.now, some_rtt, {8, 1, 20});
    CHECK(b.result() == "not yet");
    b.search.on_room_left(7);
    CHECK(b.result() == "found tea: [30 al: some tea]");

    b.search.begin(7, "milk");
    b.search.on_room_left(7);
    CHECK(b.result() == "found milk:");
}

TEST_CASE("a new search ends the one before it, and nothing found is an answer") {
    SearchBench b;
    b.found({{1, 30}});
    b.search.begin(7, "milk");
    CHECK(b.search.wants_to_ask());
    CHECK(b.search.question().id == 2);
    CHECK(b.search.question().room == 7);
    b.entry(1, 30);
    b.found({{1, 30}}, false, 1);
    CHECK(b.result() == "not yet");
    b.found({}, false, 2);
    CHECK(b.result() == "found milk:");
}

TEST_CASE("older places are found by going on, room by room, until there are no more") {
    SearchBench b;
    const auto asked = [&b] {
        REQUIRE(b.search.wants_to_ask());
        const auto question = b.search.question();
        CHECK(question.words == "tea");
        b.search.on_asked();
        return std::pair(question.room, question.before);
    };
    using Asked = std::pair<std::uint32_t, std::uint64_t>;
    b.found({{7, 9}, {1, 30}, {7, 4}}, true);
    for (const auto& [room, seq] : {Asked{7, 9}, {1, 30}, {7, 4}})
        b.entry(room, seq);
    CHECK(b.result().ends_with(" and more"));
    // What is older may be in any of ours.
    REQUIRE(b.search.go_on({1, 5, 7}));
    CHECK(b.search.go_on({1, 5, 7}));  // under way
    CHECK(asked() == Asked{1, 30});
    b.found({}, false, 2);
    CHECK(asked() == Asked{5, 0});
    b.found({}, false, 3);
    CHECK(asked() == Asked{7, 4});
    b.found({{7, 3}}, true, 4);
    b.entry(7, 3);
    CHECK(b.result() == "found tea: [dev 3 al: some tea] and more");
    REQUIRE(b.search.go_on({1, 5, 7}));
    CHECK(asked() == Asked{7, 3});
    b.found({}, false, 5);
    CHECK(b.result() == "found tea:");
    CHECK_FALSE(b.search.go_on({1, 5, 7}));
    // In one room it goes on there.
    b.search.begin(7, "tea");
    CHECK(asked() == Asked{7, 0});
    b.found({{7, 9}}, true, 6);
    b.entry(7, 9);
    CHECK(b.result() == "found tea: [dev 9 al: some tea] and more");
    REQUIRE(b.search.go_on({1, 5, 7}));
    CHECK(asked() == Asked{7, 9});
    b.search.on_room_left(7);
    CHECK(b.result() == "found tea:");
    CHECK_FALSE(b.search.go_on({1, 5}));
}
