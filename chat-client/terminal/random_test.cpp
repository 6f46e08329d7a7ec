// SPDX-License-Identifier: MIT
// A long life of the whole screen in one go: random keys, messages, resizes and scrolling, from a
// fixed seed, with what must always hold checked again and again.
#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "chat-client/terminal/book_test_support.h"
#include "chat-client/terminal/keys.h"
#include "chat-client/terminal/room_book.h"
#include "chat-client/terminal/text.h"
#include "chat-client/terminal/view.h"
#include "proto/wire/text.h"
#include "tests/support/catch.h"

using namespace chat;
using namespace chat::terminal;

namespace {

constexpr std::string_view pieces[] = {
    "a",        "b ",     " ",      "word ",  "早",     "上好，", "👍",         "👍🏽",
    "👨\u200d", "\u200d", "\ufe0f", "❤",      "🇨",      "🇳",      "\u0301",     "e\u0301",
    "\u1112",   "\u1161", "\u11ab", "한",     "क",      "\u093f", "\u094d",     "น้ำ",
    "\n",       "\r",     "\t",     "\033",   "\a",     "\u202e", "\U000e0067", "🏴",
    "\u200b",   "\377",   "\346",   "\u0600", "\u00ad", "1",      "\u20e3",     "🏽",
};

class Life {
  public:
    explicit Life(std::uint32_t seed) : random_(seed) {}

    void step() {
        switch (below(12)) {
            case 0:
                return say();
            case 1:
                return resize();
            case 2:
                return scrollback().scroll(static_cast<Scroll>(below(4)));
            case 3:
                return happen();
            case 4:
                return below(3) == 0 ? go() : older();
            default:
                return press();
        }
    }

    // A sentence about what is wrong, or nothing.
    std::string_view fault() {
        if (moved_) return "older lines moved the reader";
        if (rooms_.size() > RoomBook::rooms_max) return "number of rooms";
        rooms_.describe(status_, static_cast<std::size_t>(size_.rows));
        const auto frame = compose(size_, status_, scrollback(), editor());
        if (static_cast<int>(frame.rows.size()) != size_.rows) return "number of rows";
        if (frame.cursor_row < 0 || frame.cursor_row >= size_.rows) return "cursor's row";
        if (frame.cursor_column < 0 || frame.cursor_column >= size_.columns)
            return "cursor's column";
        for (const auto& row : frame.rows) {
            if (columns_of(row) > size_.columns) return "a row too wide";
            for (const auto& span : row) {
                if (!is_valid_utf8(span.text)) return "half a character";
                if (!is_showable(span.text)) return "an unshowable character";
            }
        }
        if (editor().text().size() > Editor::text_bytes_max) return "the editor's size";
        return is_boundary(editor().text(), editor().cursor()) ? ""
                                                               : "the cursor within a grapheme";
    }

    Size size() const { return size_; }

  private:
    std::uint32_t below(std::uint32_t limit) {
        return static_cast<std::uint32_t>(random_()) % limit;
    }

    std::string text(std::uint32_t pieces_max) {
        std::string out;
        for (auto left = below(pieces_max); left > 0; --left)
            out += pieces[below(std::size(pieces))];
        return out;
    }
    Scrollback& scrollback() { return in_small_ ? small_ : rooms_.current().scrollback(); }
    Editor& editor() { return rooms_.current().editor(); }
    Line line() {
        return {"12:34", static_cast<LineKind>(below(line_kinds)),
                text(5), text(below(100) == 0 ? 400 : 12),
                0,       below(4) == 0 ? text(4) : ""};
    }
    void say() {
        const auto number = scrollback().append(line());
        if (below(3) == 0) scrollback().set_mark(number - below(5), text(4));
    }
    // Older lines leave everything in its place.
    void older() {
        compose(size_, status_, scrollback(), editor());
        const bool above = !scrollback().at_bottom();
        const auto before = rows();
        std::vector<Line> lines;
        for (auto left = below(20); left > 0; --left)
            lines.push_back(line());
        scrollback().prepend(lines);
        const auto after = rows();
        moved_ = moved_ || (above ? after != before : !ends_with(after, before));
    }
    std::vector<std::string> rows() {
        std::vector<std::string> rows;
        for (const auto& row : scrollback().page())
            rows.push_back(std::string(row.head) + std::string(row.text));
        return rows;
    }
    static bool ends_with(const std::vector<std::string>& all,
                          const std::vector<std::string>& end) {
        return all.size() >= end.size() && std::equal(end.rbegin(), end.rend(), all.rbegin());
    }
    void go() {
        in_small_ = below(4) == 0;
        if (below(2) == 0) return rooms_.step(static_cast<int>(below(5)) - 2);
        rooms_.go_to(below(10));
    }
    // Something in one of a few rooms, as a server tells it.
    void happen() {
        const std::string room = below(3) == 0 ? "@" + text(3) : "room" + std::to_string(below(70));
        switch (below(9)) {
            case 0:
                return show(client::Welcome{text(3), room, seq_, "key", false, false,
                                            seq_ + below(3), text(9)});
            case 1:
                return show(client::RoomLeft{room});
            case 2:
                for (auto left = below(20); left > 0 && oldest_ > 1; --left) {
                    show(
                        client::Message{room, --oldest_, text(3), text(9), {}, false, false, true});
                }
                return show(client::HistoryEnd{room, oldest_, below(5) == 0});
            case 3: {
                client::UserInput input = client::Say{text(9), {}};
                rooms_.take(input, {});
                return;
            }
            case 4:
                return show(client::Announcement{room, ++seq_, text(9), {}, false, below(2) == 0});
            case 5:
                return show(client::Receipt{room, seq_, below(9), below(9)});
            case 6:
                return show(client::Gap{room, seq_, ++seq_});
            case 7:
                rooms_.current().ask_older();
                return;
            default:
                return show(client::Message{room, ++seq_, text(3), text(9), {}, below(3) == 0});
        }
    }
    void show(const client::Event& event) { rooms_.show(event, {}); }
    void resize() {
        const bool tiny = below(3) == 0;
        size_ = {1 + static_cast<int>(below(tiny ? 6 : 60)),
                 1 + static_cast<int>(below(tiny ? 5 : 12))};
        status_.question = static_cast<Question>(below(3));
        status_.present = below(3);
        status_.name = text(4);
        status_.room = text(6);
        status_.connection = text(10);
        status_.waiting = below(2);
    }
    void press() {
        switch (below(40)) {
            case 0:
                editor().take();
                return;
            case 1:
                editor().apply(EditAction::clear);
                return;
            case 2:
                editor().insert(text(60));
                return;
            default:
                break;
        }
        if (below(2) == 0) {
            editor().insert(pieces[below(std::size(pieces))]);
        } else {
            constexpr auto actions = static_cast<std::uint32_t>(EditAction::newer) + 1;
            editor().apply(static_cast<EditAction>(below(actions)));
        }
        // Bounded, so that the test's time goes into many states and not into long ones.
        if (editor().text().size() > 150) editor().apply(EditAction::clear);
    }

    static bool is_showable(std::string_view text) {
        while (!text.empty()) {
            const auto step = decode_character(text);
            if (is_control(*step.code_point)) return false;
            text.remove_prefix(step.bytes);
        }
        return true;
    }
    static bool is_boundary(std::string_view text, std::size_t offset) {
        std::size_t at = 0;
        for (const auto& cluster : Clusters(text)) {
            if (at == offset) return true;
            at += cluster.bytes.size();
        }
        return at == offset;
    }

    std::minstd_rand random_;
    bool moved_ = false;
    Size size_{80, 24};
    Status status_;
    // Its lines have little room, so that old ones go all the time; those of the rooms have much.
    Scrollback small_{{.lines_max = 200, .bytes_max = 8000}};
    bool in_small_ = true;
    std::uint64_t seq_ = 1000;
    std::uint64_t oldest_ = 1000;
    RoomBook rooms_{"lobby", {test_clock, test_date}};
};

}  // namespace

TEST_CASE("a long life") {
    constexpr std::uint32_t lives = 20;
    constexpr int steps = 10'000;
    for (std::uint32_t seed = 1; seed <= lives; ++seed) {
        Life life(seed);
        for (int step = 0; step < steps; ++step) {
            life.step();
            // A picture costs more than a step; every third is enough to find what is wrong.
            if (step % 3 != 0) continue;
            const auto fault = life.fault();
            if (!fault.empty()) {
                CAPTURE(seed, step, life.size().columns, life.size().rows);
                FAIL(std::string(fault));
            }
        }
    }
}

TEST_CASE("a flood, looked at again and again") {
    Scrollback scrollback;
    scrollback.resize(80, 20);
    for (int i = 0; i < 30'000; ++i) {
        const auto text = "message " + std::to_string(i);
        scrollback.append({"12:34", LineKind::message, "bob", text});
        if (i % 10 != 0) continue;
        const auto page = scrollback.page();
        REQUIRE(page.size() <= 20);
        REQUIRE(page.back().text == text);
    }
    CHECK(scrollback.size() == 10'000);
}
