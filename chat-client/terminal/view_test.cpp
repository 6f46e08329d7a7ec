// SPDX-License-Identifier: MIT
#include "chat-client/terminal/view.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "tests/support/catch.h"

using namespace chat::terminal;

namespace {

// A conversation with every kind of line and of text.
struct Scene {
    Status status;
    Scrollback scrollback;
    Editor editor;

    Scene() {
        status.server = "127.0.0.1:8888";
        status.room = "lobby";
        status.name = "alice";
        status.connection = "online";
        add(LineKind::notice, "", "connected");
        add(LineKind::join, "", "bob joined");
        add(LineKind::message, "bob",
            "早上好，今天的会议改到下午三点，请大家提前准备好各自的报告，谢谢");
        add(LineKind::own, "alice", "cafe\u0301 👍🏽 👨\u200d👩\u200d👧 🇨🇳 ❤\ufe0f ok");
        add(LineKind::announcement, "管理员", "the server restarts at noon");
        add(LineKind::message, "mallory", "\033[2J\u202eevil");
        add(LineKind::message, "bob",
            "plain words that are long enough to be wrapped on a small screen for certain, "
            "and then some");
        add(LineKind::leave, "", "bob left");
        editor.insert("草稿 draft 👍");
    }
    void add(LineKind kind, std::string_view who, std::string_view text) {
        scrollback.append({"12:34", kind, std::string(who), std::string(text)});
    }
    Frame compose(int columns, int rows) {
        return chat::terminal::compose({columns, rows}, status, scrollback, editor);
    }
    std::string text(int columns, int rows) { return to_text(compose(columns, rows)); }
};

std::string blank_rows(int count) {
    return std::string(static_cast<std::size_t>(count), '\n');
}

}  // namespace

TEST_CASE("80x24") {
    Scene scene;
    CHECK(scene.text(80, 24) ==
          " lobby  127.0.0.1:8888                                                    alice\n" +
              blank_rows(12) +
              "12:34 -- connected\n"
              "12:34 * bob joined\n"
              "12:34 <bob> 早上好，今天的会议改到下午三点，请大家提前准备好各自的报告，谢谢\n"
              "12:34 <alice> cafe\u0301 👍🏽 👨\u200d👩\u200d👧 🇨🇳 ❤\ufe0f ok\n"
              "12:34 ! 管理员: the server restarts at noon\n"
              "12:34 <mallory> ^[[2J\\u202eevil\n"
              "12:34 <bob> plain words that are long enough to be wrapped on a small screen for\n"
              "            certain, and then some\n"
              "12:34 * bob left\n"
              " online\n"
              "<alice> 草稿 draft 👍\n");
    const auto frame = scene.compose(80, 24);
    CHECK(frame.cursor_row == 23);
    CHECK(frame.cursor_column == 21);
    CHECK(columns_of(frame.rows[0]) == 80);
    CHECK(columns_of(frame.rows[22]) == 80);
}

TEST_CASE("40x10") {
    Scene scene;
    CHECK(scene.text(40, 10) ==
          " lobby  127.0.0.1:8888            alice\n"
          "                noon\n"
          "12:34 <mallory> ^[[2J\\u202eevil\n"
          "12:34 <bob> plain words that are long\n"
          "            enough to be wrapped on a\n"
          "            small screen for certain,\n"
          "            and then some\n"
          "12:34 * bob left\n"
          " online\n"
          "<alice> 草稿 draft 👍\n");
}

TEST_CASE("200x60") {
    Scene scene;
    CHECK(scene.text(200, 60) ==
          " lobby  127.0.0.1:8888" + std::string(172, ' ') + "alice\n" + blank_rows(49) +
              "12:34 -- connected\n"
              "12:34 * bob joined\n"
              "12:34 <bob> 早上好，今天的会议改到下午三点，请大家提前准备好各自的报告，谢谢\n"
              "12:34 <alice> cafe\u0301 👍🏽 👨\u200d👩\u200d👧 🇨🇳 ❤\ufe0f ok\n"
              "12:34 ! 管理员: the server restarts at noon\n"
              "12:34 <mallory> ^[[2J\\u202eevil\n"
              "12:34 <bob> plain words that are long enough to be wrapped on a small screen for "
              "certain, and then some\n"
              "12:34 * bob left\n"
              " online\n"
              "<alice> 草稿 draft 👍\n");
}

TEST_CASE("small and very small") {
    struct Case {
        int columns;
        int rows;
        std::string_view text;
        int cursor_row;
        int cursor_column;
    };
    const Case cases[] = {
        {20, 5,
         " lobby        alice\n"
         "  some\n"
         "* bob left\n"
         " online\n"
         "<alice> …raft 👍\n",
         4, 16},
        {20, 3,
         "* bob left\n"
         " online\n"
         "<alice> …raft 👍\n",
         2, 16},
        {20, 2,
         "* bob left\n"
         "<alice> …raft 👍\n",
         1, 16},
        {20, 1, "<alice> …raft 👍\n", 0, 16},
        {9, 4,
         " lobby\n"
         "  left\n"
         " online\n"
         "> … 👍\n",
         3, 6},
        {3, 2, "t\n👍\n", 1, 2},
        {2, 1, "\n", 0, 0},
        {1, 1, "\n", 0, 0},
        {1, 4, "\nt\n\n\n", 3, 0},
    };
    for (const auto& c : cases) {
        CAPTURE(c.columns, c.rows);
        Scene scene;
        CHECK(scene.text(c.columns, c.rows) == c.text);
        const auto frame = scene.compose(c.columns, c.rows);
        CHECK(frame.cursor_row == c.cursor_row);
        CHECK(frame.cursor_column == c.cursor_column);
    }
}

TEST_CASE("asking for a name") {
    Scene scene;
    scene.status.name.clear();
    scene.status.question = Question::name;
    Editor name;
    name.insert("ali");
    const auto frame = compose({80, 24}, scene.status, scene.scrollback, name);
    CHECK(to_text(frame).ends_with("\n online\nname: ali\n"));
    CHECK(frame.cursor_column == 9);
}

TEST_CASE("asking for trust") {
    Scene scene;
    scene.status.name.clear();
    scene.status.question = Question::trust;
    Editor answer;
    answer.insert("yes");
    const auto row = [&](int columns) {
        const auto text = to_text(compose({columns, 24}, scene.status, scene.scrollback, answer));
        return text.substr(text.find_last_of('\n', text.size() - 2) + 1);
    };
    CHECK(row(80) == "trust this key? (yes/no) yes\n");
    CHECK(row(20) == "> yes\n");
}

TEST_CASE("the status bar") {
    Scene scene;
    for (int i = 0; i < 30; ++i)
        scene.add(LineKind::message, "bob", "more");
    scene.status.connection = "reconnecting: no answer for 10 s";
    scene.status.alert = true;
    scene.status.lag_ms = 12;
    scene.status.waiting = 2;
    const auto status_row = [&](int columns) {
        const auto frame = scene.compose(columns, 24);
        std::string text;
        for (const auto& span : frame.rows[22])
            text += span.text;
        CHECK(columns_of(frame.rows[22]) == columns);
        return text;
    };
    CHECK(status_row(80) ==
          " reconnecting: no answer for 10 s                     lag 12 ms  2 not sent yet ");
    scene.status.present = 3;
    CHECK(status_row(80) ==
          " reconnecting: no answer for 10 s             lag 12 ms  3 here  2 not sent yet ");
    scene.status.present = 0;
    scene.scrollback.scroll(Scroll::page_up);
    CHECK(status_row(80) ==
          " reconnecting: no answer for 10 s        lag 12 ms  2 not sent yet  older lines ");
    scene.add(LineKind::message, "bob", "news");
    CHECK(status_row(80).ends_with("  1 new line below "));
    scene.add(LineKind::message, "bob", "more news");
    CHECK(status_row(80).ends_with("  2 new lines below "));
    // What there is no room for is left out, the least important first.
    CHECK(status_row(60) == " reconnecting: no answer for 10 s         2 new lines below ");
    CHECK(status_row(40) == " reconnecting: no answer for 10 s       ");
    CHECK(status_row(20) == " reconnecting: no … ");

    const auto frame = scene.compose(80, 24);
    CHECK(frame.rows[22][1].style == Style::bar_alert);
}

TEST_CASE("styles tell who speaks") {
    Scene scene;
    const auto frame = scene.compose(80, 24);
    const auto style_of = [&](std::string_view text) {
        for (const auto& row : frame.rows) {
            for (const auto& span : row) {
                if (span.text.find(text) != std::string::npos) return span.style;
            }
        }
        return Style::normal;
    };
    CHECK(style_of("<bob>") == name_style("bob"));
    CHECK(style_of("<alice>") == Style::own);
    CHECK(style_of("! 管理员") == Style::announcement);
    CHECK(style_of("restarts at noon") == Style::announcement);
    CHECK(style_of("bob left") == Style::dim);
    CHECK(style_of("connected") == Style::accent);
    CHECK(style_of("plain words") == Style::normal);
    CHECK(style_of("lobby") == Style::bar);
}

TEST_CASE("nothing from outside reaches the frame raw") {
    Scene scene;
    scene.status = {"\033]0;server",
                    "\nroom",
                    "na\rme",
                    "\007state",
                    false,
                    Question::none,
                    {},
                    {},
                    0,
                    "\033topic",
                    "\bpinned",
                    {{2, "\033room", 1, true}},
                    {},
                    true};
    scene.add(LineKind::message, "\033[H",
              "\x9b"
              "2J\b\b");
    const auto text = scene.text(80, 24);
    for (const char c : text)
        CHECK((c == '\n' || static_cast<unsigned char>(c) >= 0x20));
    CHECK(std::count(text.begin(), text.end(), '\n') == 24);
}
