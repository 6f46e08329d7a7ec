// SPDX-License-Identifier: MIT
#include "chat-client/terminal/room_book.h"

#include <fmt/format.h>

#include "chat-client/terminal/book_test_support.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::client;
using namespace chat::terminal;

TEST_CASE("typed text goes to the room that is shown") {
    Reader reader;
    reader.enter("lobby");
    reader.enter("dev");
    CHECK(reader.enter_line("one"));
    CHECK(std::get<Say>(reader.input).room == "lobby");
    CHECK(reader.book.go_to(2));
    CHECK(reader.enter_line("two"));
    CHECK(std::get<Say>(reader.input).room == "dev");
    CHECK(std::get<Say>(reader.input).id == "2");
    CHECK(reader.enter_line("/search a word"));
    CHECK(std::get<SearchFor>(reader.input).room.empty());
    CHECK(reader.enter_line("/part"));
    CHECK(std::get<PartRoom>(reader.input).room == "dev");
    CHECK(reader.enter_line("/topic x"));
    CHECK(std::get<SetTopic>(reader.input).room == "dev");
}

TEST_CASE("rooms are gone to by number, by steps and by joining") {
    Reader reader;
    reader.enter("lobby");
    reader.enter("dev");
    reader.enter("@bob");
    CHECK(reader.book.current().name() == "lobby");
    CHECK(reader.book.go_to(3));
    CHECK(reader.book.current().name() == "@bob");
    CHECK_FALSE(reader.book.go_to(4));
    CHECK_FALSE(reader.book.go_to(0));
    reader.book.step(1);
    CHECK(reader.book.current().name() == "lobby");
    reader.book.step(-1);
    CHECK(reader.book.current().name() == "@bob");
    reader.book.step(-64);
    CHECK(reader.book.current().name() == "dev");

    // One that is there: nothing for the server.
    CHECK_FALSE(reader.enter_line("/join LOBBY"));
    CHECK(reader.book.current().name() == "lobby");
    CHECK_FALSE(reader.enter_line("/msg bob"));
    CHECK(reader.book.current().name() == "@bob");
    reader.book.go_to(1);
    CHECK(reader.enter_line("/msg bob psst"));
    CHECK(reader.book.current().name() == "lobby");

    // One that is not, once it is.
    CHECK(reader.enter_line("/join Ops"));
    CHECK(reader.book.current().name() == "lobby");
    reader.enter("ops");
    CHECK(reader.book.current().name() == "ops");
    CHECK(reader.enter_line("/msg eve psst"));
    reader.enter("@mallory");
    CHECK(reader.book.current().name() == "ops");
    reader.enter("@eve");
    CHECK(reader.book.current().name() == "ops");
    CHECK_FALSE(reader.enter_line("/msg eve"));
    CHECK(reader.book.current().name() == "@eve");

    // Or never.
    CHECK(reader.enter_line("/join secret"));
    reader.show(Error{ErrorCode::too_many_rooms, "too many", "secret"});
    reader.enter("secret");
    CHECK(reader.book.current().name() == "@eve");

    // What is typed meanwhile is meant for it, but not once one has gone elsewhere.
    CHECK(reader.enter_line("/join slow"));
    CHECK(reader.enter_line("hello"));
    CHECK(std::get<Say>(reader.input).room == "slow");
    CHECK(reader.enter_line("/topic of slow"));
    CHECK(std::get<SetTopic>(reader.input).room == "slow");
    reader.book.go_to(1);
    CHECK(reader.enter_line("hello"));
    CHECK(std::get<Say>(reader.input).room == "lobby");
    reader.enter("slow");
    CHECK(reader.book.current().name() == "lobby");
}

TEST_CASE("a draft belongs to its room") {
    Reader reader;
    reader.enter("lobby");
    reader.enter("dev");
    reader.book.current().editor().insert("for the lobby");
    reader.book.go_to(2);
    CHECK(reader.book.current().editor().empty());
    reader.book.current().editor().insert("for dev");
    reader.book.go_to(1);
    CHECK(reader.book.current().editor().text() == "for the lobby");
}

TEST_CASE("a room that is left goes, and the reader to where he was; the last one stays") {
    Reader reader;
    reader.enter("lobby");
    reader.enter("dev");
    reader.enter("ops");
    reader.book.go_to(3);
    reader.show(RoomLeft{"dev"});
    CHECK(reader.book.size() == 2);
    CHECK(reader.book.current().name() == "ops");
    reader.show(RoomLeft{"ops"});
    CHECK(reader.book.current().name() == "lobby");
    reader.show(RoomLeft{"lobby"});
    CHECK(reader.book.size() == 1);
    CHECK_FALSE(reader.book.current().joined());
    // It can be joined again.
    CHECK(reader.enter_line("/join lobby"));
    reader.enter("lobby");
    CHECK(reader.book.size() == 1);
    CHECK(reader.book.current().joined());
}

TEST_CASE("what is shown here and not asked of the server") {
    Reader reader;
    reader.enter("lobby", 0, "cake");
    CHECK_FALSE(reader.enter_line("/topic"));
    CHECK(reader.picture(60, 10).find("-- the topic of lobby is: cake\n") != std::string::npos);
    reader.show(Topic{"lobby", 10, "bob", "", {}});
    CHECK_FALSE(reader.enter_line("/topic"));
    CHECK(reader.picture(60, 10).find("-- lobby has no topic\n") != std::string::npos);
    CHECK(reader.enter_line("/history 20"));
    CHECK(std::get<WantHistory>(reader.input).before == 10);
    CHECK(std::get<WantHistory>(reader.input).limit == 20);
    CHECK_FALSE(reader.enter_line("/history 20"));  // under way
    reader.older("lobby", 1, 9, true);
    CHECK_FALSE(reader.enter_line("/history 20"));
    CHECK(reader.picture(80, 24).find("-- there is nothing older in lobby than what is here") !=
          std::string::npos);
    // What is not there is not taken away.
    const auto count = [&reader] {
        const std::string all = reader.picture(80, 40);
        std::size_t found = 0;
        for (auto at = all.find("has no topic"); at != std::string::npos;
             at = all.find("has no topic", at + 1))
            ++found;
        return found;
    };
    const auto before = count();
    CHECK_FALSE(reader.enter_line("/topic -"));
    CHECK(count() == before + 1);
    CHECK(reader.enter_line("/topic tea"));
    CHECK(reader.enter_line("/topic -"));
}

TEST_CASE("an error about a message takes it away wherever it was said") {
    Reader reader;
    reader.enter("lobby");
    reader.enter("dev");
    reader.enter_line("hello");
    reader.book.go_to(2);
    reader.show(Error{ErrorCode::uncertain, "perhaps stored", {}, "1"});
    CHECK(reader.picture(60, 10).find("-- perhaps stored") != std::string::npos);
    reader.book.go_to(1);
    CHECK(reader.book.current().pending(9).empty());
}

TEST_CASE("what comes late for a room that is gone is about no other") {
    Reader reader;
    reader.enter("lobby");
    const auto own = reader.hear("lobby", "alice", "mine");
    reader.show(Receipt{"dev", own, 1, 2});
    reader.show(HistoryEnd{"dev", own, true});
    CHECK(reader.book.size() == 1);
    CHECK(reader.picture(60, 10).find("seen") == std::string::npos);
    reader.hear("dev", "bob", "here all the same");
    CHECK(reader.book.size() == 2);
}

TEST_CASE("rooms and their memory are bounded, and the one that is read is spared") {
    Reader reader;
    reader.enter("lobby");
    for (int i = 0; i < 100; ++i) {
        const auto room = fmt::format("room{}", i);
        reader.enter(room);
        if (i == 7) reader.book.go_to(reader.book.size());
        CHECK(reader.book.size() <= RoomBook::rooms_max);
    }
    CHECK(reader.book.current().name() == "room7");
    const std::string text(8000, 'x');
    for (int i = 0; i < 2000; ++i)
        reader.hear("room7", "bob", text);
    const auto spared = reader.book.current().scrollback().size();
    for (int i = 0; i < 10'000; ++i)
        reader.hear(fmt::format("room{}", 50 + i % 50), "bob", text);
    CHECK(reader.book.memory() <= RoomBook::memory_max);
    CHECK(reader.book.current().scrollback().size() == spared);
}
