// SPDX-License-Identifier: MIT
#include "chat-client/core/room_listing.h"

#include "chat-client/core/joins.h"
#include "chat-client/core/receipts.h"
#include "chat-client/core/test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

std::string page(RoomListing& listing, std::string_view after, const Lines& names, bool last) {
    std::vector<std::byte> bytes;
    for (const auto& name : names)
        frame::append_listed_room({0, 2, name, ""}, bytes);
    const auto list =
        listing.on_rooms({last, after, static_cast<std::uint8_t>(names.size()), bytes});
    return list ? line(*list) : "not yet";
}

}  // namespace

TEST_CASE("the rooms are fetched page by page and given once") {
    RoomListing listing;
    CHECK_FALSE(listing.wants_to_ask());
    listing.fetch();
    CHECK(listing.wants_to_ask());
    listing.on_asked();
    listing.fetch();  // it is under way
    CHECK_FALSE(listing.wants_to_ask());
    listing.ask_again();
    CHECK(listing.wants_to_ask());
    CHECK(page(listing, "dev", {"lobby"}, true) == "not yet");
    CHECK(page(listing, "", {"Dev", "ada"}, false) == "not yet");  // out of order
    CHECK(page(listing, "", {}, false) == "not yet");
    CHECK(page(listing, "", {"ada", "Dev"}, false) == "not yet");
    CHECK(listing.question().after == "Dev");
    CHECK(page(listing, "Dev", {"lobby"}, true) == "rooms: ada(2) Dev(2) lobby(2)");
    CHECK_FALSE(listing.fetching());
    CHECK(page(listing, "lobby", {"zoo"}, true) == "not yet");
    listing.fetch();
    CHECK(page(listing, "", {}, true) == "rooms:");
}

TEST_CASE("a server that lists without end is not listened to without end") {
    RoomListing listing;
    listing.fetch();
    std::string result;
    std::string after;
    int pages = 0;
    while (listing.fetching() && pages < 20'000) {
        const std::string next = "r" + std::to_string(100'000 + pages++);
        result = page(listing, after, {next}, false);
        after = next;
    }
    CHECK(pages == static_cast<int>(RoomListing::rooms_max));
    CHECK(result.starts_with("rooms: r100000"));
}

TEST_CASE("figures are told when they change, after the message was accepted, and few are kept") {
    Receipts receipts;
    std::vector<Event> events;
    const auto told = [&](std::uint64_t end) {
        receipts.tell("lobby", end, events);
        return lines(std::exchange(events, {}));
    };
    frame::Seen seen{1, 2, {}};
    seen.messages[0] = {4, 0, 3};
    seen.messages[1] = {6, 1, 3};
    receipts.on_seen(seen);
    CHECK(told(5) == Lines{"4 seen by 0 of 3"});
    CHECK(told(5).empty());
    CHECK(told(UINT64_MAX) == Lines{"6 seen by 1 of 3"});
    receipts.on_seen(seen);
    CHECK(told(UINT64_MAX).empty());
    seen.messages[0].seen = 2;
    receipts.on_seen(seen);
    CHECK(told(UINT64_MAX) == Lines{"4 seen by 2 of 3"});
    for (std::uint64_t seq = 10; seq < 100; ++seq) {
        seen = {1, 1, {}};
        seen.messages[0] = {seq, 1, 3};
        receipts.on_seen(seen);
    }
    CHECK(told(UINT64_MAX).size() == Receipts::messages_max);
    // Long ago: nothing is known of it any more, and nothing is told twice.
    seen.messages[0] = {10, 1, 3};
    receipts.on_seen(seen);
    CHECK(told(UINT64_MAX).empty());
}

TEST_CASE("rooms are asked for as they are typed") {
    struct Row {
        std::string typed;
        std::optional<frame::RoomKind> kind;
        std::string name;
    };
    using enum frame::RoomKind;
    const Row table[] = {
        {"dev", named, "dev"},      {"@bob", conversation, "bob"},
        {"大厅", named, "大厅"},    {"", std::nullopt, ""},
        {"@", std::nullopt, ""},    {"two words", std::nullopt, ""},
        {"@a b", std::nullopt, ""}, {std::string(33, 'x'), std::nullopt, ""},
    };
    for (const auto& row : table) {
        CAPTURE(row.typed);
        const auto parsed = Joins::parse(row.typed);
        REQUIRE(parsed.has_value() == row.kind.has_value());
        if (!parsed) continue;
        CHECK(parsed->kind == *row.kind);
        CHECK(parsed->name == row.name);
    }
    Joins joins;
    for (std::size_t i = 0; i < Joins::joins_max; ++i)
        CHECK(joins.add("r" + std::to_string(i), *Joins::parse("dev")));
    CHECK_FALSE(joins.add("one more", *Joins::parse("dev")));
    CHECK(joins.add("r1", *Joins::parse("dev")));
}
