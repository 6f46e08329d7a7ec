// SPDX-License-Identifier: MIT
// A long life of the whole screen in one go: random keys, messages, resizes and scrolling, from a
// fixed seed, with what must always hold checked again and again.
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <variant>

#include "chat-client/terminal/keys.h"
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
        switch (below(10)) {
            case 0:
                return say();
            case 1:
                return resize();
            case 2:
                return scrollback_.scroll(static_cast<Scroll>(below(4)));
            default:
                return press();
        }
    }

    // A sentence about what is wrong, or nothing.
    std::string_view fault() {
        const auto frame = compose(size_, status_, scrollback_, editor_);
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
        if (editor_.text().size() > Editor::text_bytes_max) return "the editor's size";
        return is_boundary(editor_.text(), editor_.cursor()) ? "" : "the cursor within a grapheme";
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
    void say() {
        scrollback_.append(
            {"12:34", static_cast<LineKind>(below(7)), text(5), text(below(100) == 0 ? 400 : 12)});
    }
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
                editor_.take();
                return;
            case 1:
                editor_.apply(EditAction::clear);
                return;
            case 2:
                editor_.insert(text(60));
                return;
            default:
                break;
        }
        if (below(2) == 0) {
            editor_.insert(pieces[below(std::size(pieces))]);
        } else {
            constexpr auto actions = static_cast<std::uint32_t>(EditAction::newer) + 1;
            editor_.apply(static_cast<EditAction>(below(actions)));
        }
        // Bounded, so that the test's time goes into many states and not into long ones.
        if (editor_.text().size() > 150) editor_.apply(EditAction::clear);
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
    Size size_{80, 24};
    Status status_;
    Scrollback scrollback_{{.lines_max = 200, .bytes_max = 8000}};
    Editor editor_;
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
