// SPDX-License-Identifier: MIT
// Both logs find the same.
#include <functional>

#include "chat-server/store/memory_log.h"
#include "chat-server/store/test_support.h"

using namespace chat;
using namespace chat::server;
using namespace chat::server::test;

namespace {

void in_both(const std::function<void(Log&)>& story) {
    TempFolder folder;
    {
        INFO("in memory");
        MemoryLog log(1);
        story(log);
    }
    {
        INFO("on disk");
        const Opened opened = open(folder.database());
        story(*opened.log);
        CHECK(findings(folder.database()) == std::vector<std::string>{});
    }
}

std::vector<Seq> seqs_of(const SearchAnswer& answer) {
    std::vector<Seq> seqs;
    for (const Hit& hit : answer.hits)
        seqs.push_back(hit.seq);
    return seqs;
}

}  // namespace

TEST_CASE("words are found in every script, and no sign is an operator") {
    in_both([](Log& log) {
        commit(log, {
                        said(1, "Hello World, this is a test"),                            // 1
                        said(1, "今天下午三点开会，大家准备一下"),                         // 2
                        said(1, "会议记录 abc你好 def"),                                   // 3
                        said(1, "カタカナとひらがな"),                                     // 4
                        said(1, "done 👍🏽 🎉"),                                           // 5
                        said(1, "Café crème à l'Élysée"),                                  // 6
                        said(1, "he said \"no\" AND left NEAR it"),                        // 7
                        said(1, "look at https://example.com/a_b?c=d"),                    // 8
                        announced(EntryKind::announcement, "server maintenance tonight"),  // 9
                        announced(EntryKind::topic, "Release planning 版本"),              // 10
                        announced(EntryKind::pinned, "read the rules"),                    // 11
                        {1, {EntryKind::join, 1, noon, "hello", "", {}}},                  // 12
                        said(1, "testing tests tester"),                                   // 13
                    });
        const struct {
            const char* words;
            std::vector<Seq> seqs;
        } table[] = {
            {"hello", {1}},
            {"HELLO wor", {1}},
            {"wor hel", {1}},
            {"test", {13, 1}},
            {"testi", {13}},
            {"est", {}},
            {"te", {}},
            {"a", {8, 6, 1}},
            {"开会", {2}},
            {"会", {3, 2}},
            {"今天 开会", {2}},
            {"开今", {}},
            {"你好", {3}},
            {"abc你好", {3}},
            {"bc你好", {}},
            {"カナ", {4}},
            {"ｶﾀｶﾅ", {4}},
            {"ひら", {4}},
            {"👍", {5}},
            {"👍🏽", {5}},
            {"🎉 done", {5}},
            {"cafe creme", {6}},
            {"CAFÉ", {6}},
            {"elysee", {6}},
            {"\"no\"", {7}},
            {"\"", {}},
            {"AND", {7}},
            {"NOT", {}},
            {"NEAR(he no)", {}},
            {"NEAR(it", {7}},
            {"near it", {7}},
            {"words:hello", {}},
            {"hello*", {1}},
            {"hel*lo", {}},
            {"^hello", {1}},
            {"hello OR testing", {}},
            {"'; DROP TABLE entries; --", {}},
            {"example.com", {8}},
            {"https://exam", {8}},
            {"a_b", {8}},
            {"maintenance", {9}},
            {"版本", {10}},
            {"rules", {11}},
            {"zzz", {}},
            {"hello zzzzz", {}},
        };
        for (const auto& row : table) {
            CAPTURE(row.words);
            const auto answer = search(log, row.words);
            CHECK(answer.ticket == 9);
            CHECK(seqs_of(answer) == row.seqs);
            CHECK(!answer.more);
        }
    });
}

TEST_CASE("the newest come first, as many as are wanted, and older ones by asking again") {
    in_both([](Log& log) {
        for (int i = 1; i <= 50; ++i)
            commit(log, {said(1, i % 2 == 0 ? "even number" : "odd number")});
        auto answer = search(log, "even", {1}, 0, 20);
        CHECK(answer.more);
        REQUIRE(answer.hits.size() == 20);
        CHECK(answer.hits.front().seq == 50);
        CHECK(answer.hits.back().seq == 12);
        answer = search(log, "even", {1}, 12, 20);
        CHECK(!answer.more);
        CHECK(seqs_of(answer) == std::vector<Seq>{10, 8, 6, 4, 2});
        CHECK(search(log, "even", {1}, 2).hits.empty());
        CHECK(search(log, "even", {1}, UINT64_MAX).hits.size() == 25);
        answer = search(log, "even", {1}, 0, 25);
        CHECK(answer.hits.size() == 25);
        CHECK(!answer.more);
    });
}

TEST_CASE("only the rooms asked for are searched, and their hits are merged by time") {
    in_both([](Log& log) {
        Changes changes;
        for (RoomId id = 2; id <= 4; ++id)
            changes.rooms.push_back({id, RoomKind::named, "room" + std::to_string(id), 0, 0});
        for (int i = 0; i < 12; ++i) {
            changes.appends.push_back(said(static_cast<RoomId>(1 + i % 4),
                                           "apple " + std::to_string(i), {noon.unix_ms + i}));
        }
        commit(log, changes);
        const auto answer = search(log, "apple", {1, 2, 4}, 0, 5);
        CHECK(answer.more);
        const std::vector<std::pair<RoomId, Seq>> wanted{{4, 3}, {2, 3}, {1, 3}, {4, 2}, {2, 2}};
        std::vector<std::pair<RoomId, Seq>> found;
        for (const Hit& hit : answer.hits)
            found.emplace_back(hit.room, hit.seq);
        CHECK(found == wanted);
        CHECK(search(log, "apple", {3}).hits.size() == 3);
        CHECK(search(log, "apple", {}).hits.empty());
        CHECK(search(log, "apple", {77}).hits.empty());
    });
}

TEST_CASE("more words begin alike than a question can name") {
    in_both([](Log& log) {
        for (int i = 0; i < 1000; ++i)
            commit(log, {said(1, "number" + std::to_string(i) + " and numbness")});
        CHECK(search(log, "number", {1}, 0, 2000).hits.size() == 1000);
        CHECK(search(log, "numbe numb number12", {1}, 0, 2000).hits.size() == 11);
        CHECK(search(log, "number1234").hits.empty());
    });
}

TEST_CASE("a word is listed once, however many there are and however often it is said") {
    TempFolder folder;
    constexpr int words = 40'000;  // more than are remembered
    const auto said_all = [](Log& log) {
        std::vector<Append> appends;
        for (int i = 0; i < words; i += 40) {
            std::string text;
            for (int k = i; k < i + 40; ++k)
                text += "w" + std::to_string(100'000 + k) + ' ';
            appends.push_back(said(1, text));
        }
        commit(log, appends);
        tend_all(log);
    };
    for (int times = 1; times <= 3; ++times) {
        const Opened opened = open(folder.database());
        said_all(*opened.log);
        if (times == 1) said_all(*opened.log);  // in one run, too
        const std::size_t said_times = static_cast<std::size_t>(times) + 1;
        for (const char* beginning : {"w10000", "w11234", "w13999"}) {
            CAPTURE(times, beginning);
            // Ten words of one text each.
            CHECK(search(*opened.log, beginning).hits.size() == said_times);
        }
        auto database = Database::open(folder.database(), Database::Access::read);
        REQUIRE(database);
        CHECK(*database->number("SELECT count(*) FROM words") == words);
    }
    CHECK(findings(folder.database()) == std::vector<std::string>{});
}

TEST_CASE("a search sees everything that was stored before it") {
    in_both([](Log& log) {
        Seq last = 0;
        for (int i = 0; i < 700; ++i) {
            last = commit(log, {said(1, "unique" + std::to_string(i))}).back();
            if (i % 100 != 99) continue;
            const auto answer = search(log, "unique" + std::to_string(i));
            REQUIRE(answer.hits.size() >= 1);
            CHECK(answer.hits.front().seq == last);
        }
    });
}
