// SPDX-License-Identifier: MIT
#include "chat-client/core/member_list.h"

#include "chat-client/core/test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

struct ListBench {
    ListBench() { list.fetch(1); }

    void page(std::string_view after, std::uint64_t as_of, const Lines& names, bool last,
              std::uint32_t room = 1) {
        std::vector<std::byte> bytes;
        for (const auto& name : names)
            frame::append_member_name({0, name}, bytes);
        list.on_members({room, as_of, last, after, static_cast<std::uint8_t>(names.size()), bytes});
    }
    void joins(std::uint64_t seq, const std::string& name) {
        list.on_shown(Joined{"lobby", seq, name, {}});
    }
    void leaves(std::uint64_t seq, const std::string& name) {
        list.on_shown(Left{"lobby", seq, name, {}});
    }
    std::string names() {
        const auto taken = list.take();
        if (!taken) return "not yet";
        std::string all;
        for (const auto& name : *taken)
            all += (all.empty() ? "" : " ") + name;
        return all;
    }

    MemberList list;
};

}  // namespace

TEST_CASE("names are fetched page by page and given once") {
    ListBench b;
    CHECK(b.list.wants_to_ask());
    CHECK(b.list.question().after.empty());
    b.list.on_asked();
    CHECK_FALSE(b.list.wants_to_ask());
    b.list.ask_again();
    CHECK(b.list.wants_to_ask());
    b.list.on_asked();
    b.page("", 5, {"al", "Bob"}, false);
    CHECK(b.names() == "not yet");
    CHECK(b.list.wants_to_ask());
    CHECK(b.list.question().after == "Bob");
    b.page("", 6, {"al", "Bob", "cy"}, true);  // a late answer to the first question
    CHECK(b.list.fetching());
    b.page("Bob", 7, {"cy"}, true);
    CHECK_FALSE(b.list.fetching());
    CHECK_FALSE(b.list.wants_to_ask());
    CHECK(b.names() == "al Bob cy");
    CHECK(b.names() == "not yet");
    b.page("cy", 7, {"dan"}, true);
    CHECK(b.names() == "not yet");
}

TEST_CASE("joins and leaves apply to the pages that are older than they") {
    ListBench b;
    b.joins(10, "early");  // before both pages
    b.page("", 20, {"al", "bob", "early"}, false);
    b.leaves(19, "al");  // the page knows better: he came back
    b.leaves(20, "bob");
    b.joins(24, "aaron");
    b.leaves(24, "zed");  // the second page has it already
    b.joins(26, "kim");
    b.page("early", 25, {"xi", "zed"}, true);
    CHECK(b.names() == "aaron al early kim xi zed");

    ListBench fold;
    fold.page("", 5, {"Bob"}, true);
    CHECK(fold.names() == "Bob");
    fold.list.fetch(1);
    fold.joins(6, "BOB");
    fold.page("", 5, {"Bob"}, true);
    CHECK(fold.names() == "BOB");
}

TEST_CASE("pages that no good server sends are not believed") {
    ListBench b;
    b.page("", 5, {"bob", "al"}, true);          // not in order
    b.page("", 5, {"al", "AL"}, true);           // the same twice
    b.page("", 5, {}, false);                    // nothing, and more of it
    b.page("al", 5, {"bob"}, true);              // not what was asked
    b.page("", 5, {"al"}, true, 2);              // another room
    b.list.on_members({1, 5, true, "", 3, {}});  // fewer than it says
    CHECK(b.list.fetching());
    b.page("", 5, {"al"}, false);
    b.page("al", 5, {"aa"}, true);  // backwards
    CHECK(b.list.fetching());
    b.page("al", 5, {}, true);
    CHECK(b.names() == "al");
}

TEST_CASE("a flood of joins begins the fetch anew rather than grow without end") {
    ListBench b;
    b.page("", 5, {"al"}, false);
    for (std::size_t i = 0; i <= MemberList::changes_max; ++i)
        b.joins(10 + i, "name" + std::to_string(i));
    CHECK(b.list.wants_to_ask());
    CHECK(b.list.question().after.empty());
    b.page("", 10'000, {"bob"}, true);
    CHECK(b.names() == "bob");
}
