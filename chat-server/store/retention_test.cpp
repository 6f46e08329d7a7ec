// SPDX-License-Identifier: MIT
#include "chat-server/store/retention.h"

#include "chat-server/store/test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::test;

namespace {

constexpr std::int64_t hour_ms = 3'600'000;

WallTime after_hours(std::int64_t hours) {
    return {noon.unix_ms + hours * hour_ms};
}

}  // namespace

TEST_CASE("nothing is forgotten unless it is wished") {
    TempFolder folder;
    const Opened opened = open(folder.database());
    for (int i = 0; i < 600; ++i)
        commit(*opened.log, {said(1, std::string(1000, 'x'), {0})});
    tend_all(*opened.log, after_hours(24 * 365 * 100));
    CHECK(opened.log->take_trimmed().empty());
    CHECK(opened.log->read({1, 1, 10, 100'000})->entries.size() == 10);
}

TEST_CASE("what is too old is forgotten, but never the newest of a room") {
    TempFolder folder;
    SqliteLogConfig with = config();
    with.retention.age_max = seconds(10 * 3600);
    {
        const Opened opened = open(folder.database(), with);
        Changes changes;
        changes.rooms = {{2, RoomKind::named, "tea", 0, 0},
                         {3, RoomKind::conversation, "", 1, 2},
                         {4, RoomKind::named, "new", 0, 0}};
        changes.people = {person(1), person(2)};
        changes.appends.push_back(announced(EntryKind::topic, "the topic stays", 2));
        changes.appends.push_back(announced(EntryKind::pinned, "this does not", 2));
        for (int i = 0; i < 1000; ++i) {
            changes.appends.push_back(said(2, "old" + std::to_string(i)));
            changes.appends.push_back(said(3, "old"));
            changes.appends.push_back(
                said(1, "hour" + std::to_string(i / 100), after_hours(i / 100)));
        }
        changes.appends.push_back(said(4, "new", after_hours(12)));
        commit(*opened.log, changes);
        CHECK(search(*opened.log, "hour1").hits.size() == 64);
        tend_all(*opened.log, after_hours(10));
        CHECK(opened.log->take_trimmed().empty());  // exactly ten hours old

        tend_all(*opened.log, {after_hours(13).unix_ms + 1});
        const auto trimmed = opened.log->take_trimmed();
        REQUIRE(trimmed.size() == 3);
        CHECK(trimmed[0].room == 1);
        CHECK(trimmed[0].first_kept == 401);
        CHECK(trimmed[1].room == 2);
        CHECK(trimmed[1].first_kept == 1002);
        CHECK(trimmed[2].room == 3);
        CHECK(trimmed[2].first_kept == 1000);
        CHECK(opened.log->take_trimmed().empty());

        const auto page = opened.log->read({1, 1, 10, 100'000});
        REQUIRE(page);
        CHECK(page->first_kept == 401);
        REQUIRE(page->entries.size() == 10);
        CHECK(page->entries[0].seq == 401);
        CHECK(search(*opened.log, "hour3").hits.empty());
        CHECK(search(*opened.log, "hour4").hits.size() == 64);
        CHECK(search(*opened.log, "old999", {2}).hits.size() == 1);
        CHECK(search(*opened.log, "old998", {2}).hits.empty());
        CHECK(commit(*opened.log, {said(2, "more", after_hours(13))}) == std::vector<Seq>{1003});
    }
    const Opened opened = open(folder.database(), with);
    CHECK(opened.stored.rooms[0].first_kept == 401);
    CHECK(opened.stored.rooms[0].head == 1001);
    CHECK(opened.stored.rooms[1].first_kept == 1002);
    CHECK(opened.stored.rooms[1].head == 1004);
    CHECK(opened.stored.rooms[1].topic == "the topic stays");
    CHECK(opened.stored.rooms[1].pinned == 0);
    CHECK(findings(folder.database()).empty());
}

TEST_CASE("each room keeps as many bytes as it may") {
    TempFolder folder;
    SqliteLogConfig with = config();
    with.retention.bytes_max = 8000;
    {
        const Opened opened = open(folder.database(), with);
        Changes changes;
        changes.rooms = {{2, RoomKind::named, "tea", 0, 0}};
        commit(*opened.log, changes);
        for (int i = 0; i < 1024; ++i) {
            commit(*opened.log, {said(1, std::string(97, 'x')), said(2, "y")});
            tend_all(*opened.log);
        }
        CHECK(opened.log->read({1, 1, 1, 1000})->first_kept == 945);  // 80 of 100 bytes
        CHECK(opened.log->read({2, 1, 1, 1000})->first_kept == 1);
        commit(*opened.log, {said(2, std::string(8192, 'z'))});
        search(*opened.log, "anything", {2});  // which counts it
        tend_all(*opened.log);
        CHECK(opened.log->read({2, 1, 1, 1000})->first_kept == 1025);
        CHECK(findings(folder.database()).empty());
    }
    // A smaller limit counts from the next start on.
    with.retention.bytes_max = 1000;
    const Opened opened = open(folder.database(), with);
    tend_all(*opened.log);
    CHECK(opened.log->read({1, 1, 1, 1000})->first_kept == 1015);
    CHECK(findings(folder.database()).empty());
}
