// SPDX-License-Identifier: MIT
#include "chat-server/store/entry_json.h"

#include "chat-server/store/test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::test;

TEST_CASE("times are written and read to the millisecond") {
    const struct {
        std::int64_t unix_ms;
        const char* text;
    } table[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {1, "1970-01-01T00:00:00.001Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951'827'696'789, "2000-02-29T12:34:56.789Z"},
        {noon.unix_ms, "2026-01-01T12:00:00.000Z"},
        {253'402'300'799'999, "9999-12-31T23:59:59.999Z"},
    };
    for (const auto& row : table) {
        CAPTURE(row.text);
        CHECK(to_rfc3339({row.unix_ms}) == row.text);
        const auto time = from_rfc3339(row.text);
        REQUIRE(time);
        CHECK(time->unix_ms == row.unix_ms);
    }
    for (const char* wrong :
         {"", "2026-01-01", "2026-01-01T12:00:00Z", "2026-02-29T12:00:00.000Z",
          "2026-01-01T24:00:00.000Z", "2026-01-01T12:60:00.000Z", "2026-01-01t12:00:00.000Z",
          "2026-01-01T12:00:00.000+01:00", "-026-01-01T12:00:00.000Z"}) {
        CAPTURE(wrong);
        CHECK(!from_rfc3339(wrong));
    }
}

TEST_CASE("an entry is one line, and the line is the entry") {
    Append signed_one = said_by(person(1), 0xdeadbeef, 7, "two\nlines, \"quoted\" 你好");
    const StoredEntry table[] = {
        {1, said(1, "classic").entry},
        {2, signed_one.entry},
        {3, announced(EntryKind::announcement, "soon").entry},
        {4, announced(EntryKind::pinned, "").entry},
        {5, announced(EntryKind::topic, "").entry},
        {(std::uint64_t{1} << 36) - 1, {EntryKind::leave, 0, noon, "bob", "", {}}},
    };
    for (const StoredEntry& stored : table) {
        const std::string line = to_json("lobby", stored);
        CAPTURE(line);
        CHECK(line.find('\n') == std::string::npos);
        const auto read = entry_from_json(line);
        REQUIRE(read);
        CHECK(read->seq == stored.seq);
        CHECK(read->entry.kind == stored.entry.kind);
        CHECK(read->entry.time == stored.entry.time);
        CHECK(read->entry.name == stored.entry.name);
        CHECK(read->entry.text == stored.entry.text);
        CHECK(read->entry.origin.key == stored.entry.origin.key);
        CHECK(read->entry.origin.client_epoch == stored.entry.origin.client_epoch);
        CHECK(read->entry.origin.msg_id == stored.entry.origin.msg_id);
        CHECK(read->entry.origin.verified == stored.entry.origin.verified);
    }
    CHECK(to_json("lobby", {2, signed_one.entry}) ==
          R"({"room":"lobby","seq":2,"kind":"message","time":"2026-01-01T12:00:00.000Z",)"
          R"("name":"person1","text":"two\nlines, \"quoted\" 你好",)"
          R"("key":"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFo=",)"
          R"("client_epoch":"00000000deadbeef","msg_id":7})");
    CHECK(has(to_json("lobby", {1, said(1, "x").entry}), R"("unverified":true)"));
}

TEST_CASE("lines that are no entries are refused with the reason") {
    const std::string good =
        R"({"seq":2,"kind":"message","time":"2026-01-01T12:00:00.000Z","name":"bob","text":"x"})";
    REQUIRE(entry_from_json(good));
    const struct {
        const char* from;
        const char* to;
        const char* reason;
    } table[] = {
        {"{", "", "no JSON object"},
        {"\"seq\":2", "\"seq\":0", "seq"},
        {"\"seq\":2", "\"seq\":-1", "seq"},
        {"\"seq\":2", "\"seq\":\"2\"", "seq"},
        {"\"seq\":2", "\"seq\":68719476736", "seq"},
        {"\"message\"", "\"recall\"", "kind"},
        {"12:00:00", "12:00:61", "time"},
        {"\"name\":\"bob\",", "", "do not fit"},
        {"bob", "b b", "do not fit"},
        {"\"text\":\"x\"", "\"text\":5", "text"},
        {"\"x\"", "\"\\u0007\"", "do not fit"},
        {"message", "join", "do not fit"},
        {"message", "announcement", "do not fit"},
        {"\"seq\":2", "\"seq\":2,\"key\":\"abc\"", "key"},
    };
    for (const auto& row : table) {
        std::string line = good;
        line.replace(line.find(row.from), std::string_view(row.from).size(), row.to);
        CAPTURE(line);
        const auto read = entry_from_json(line);
        REQUIRE(!read);
        CAPTURE(read.error());
        CHECK(has(read.error(), row.reason));
    }
}

TEST_CASE("a header says what follows, and whatever else is refused") {
    ExportHeader header;
    header.room = "lobby";
    header.first = 5;
    header.next = 9;
    auto read = header_from_json(to_json(header));
    REQUIRE(read);
    CHECK(read->room == "lobby");
    CHECK(read->first == 5);
    CHECK(read->next == 9);
    header.kind = RoomKind::conversation;
    header.people = {ExportHeader::Person{"a", person(1).key}, {"b", person(2).key}};
    read = header_from_json(to_json(header));
    REQUIRE(read);
    CHECK(read->kind == RoomKind::conversation);
    CHECK(read->people[1].name == "b");
    CHECK(read->people[1].key == person(2).key);
    for (
        const char* wrong :
        {"", "[]", "hello", R"({"format":"other"})", R"({"format":"chat-server export"})",
         R"({"format":"chat-server export","version":2,"kind":"named","room":"a","first":1,"next":1})",
         R"({"format":"chat-server export","version":1,"kind":"named","room":"","first":1,"next":1})",
         R"({"format":"chat-server export","version":1,"kind":"named","room":"a","first":2,"next":1})",
         R"({"format":"chat-server export","version":1,"kind":"conversation","room":"a","first":1,"next":1})",
         R"({"format":"chat-server export","version":1,"kind":"conversation","room":"a","first":1,"next":1,"people":[1,2]})"}) {
        CAPTURE(wrong);
        CHECK(!header_from_json(wrong));
    }
}
