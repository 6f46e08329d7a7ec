// SPDX-License-Identifier: MIT
#include "chat-client/process/full_screen.h"

#include <ctime>
#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include "chat-client/core/plain_lines.h"
#include "proto/wire/name.h"
#include "sys/terminal_state.h"

namespace chat::client {
namespace {

using terminal::LineKind;

std::string clock(WallTime time) {
    const std::time_t at = static_cast<std::time_t>(time.unix_ms / 1000);
    std::tm parts{};
    localtime_r(&at, &parts);
    return fmt::format("{:02}:{:02}", parts.tm_hour, parts.tm_min);
}

bool hung_up(int fd) {
    pollfd entry{fd, POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

template <class... Handlers>
struct Overloaded : Handlers... {
    using Handlers::operator()...;
};

}  // namespace

FullScreen::FullScreen(std::unique_ptr<terminal::Screen> screen, std::string server,
                       std::string room, Watch watch)
    : screen_(std::move(screen)), watch_(std::move(watch)) {
    status_.server = std::move(server);
    status_.room = std::move(room);
    tell_watch();
}

FullScreen::~FullScreen() {
    screen_->close();
    watch_.off();
}

void FullScreen::tell_watch() {
    if (const auto modes = sys::TerminalState::of(STDIN_FILENO)) {
        watch_.on(modes->modes(), screen_->leave_sequence());
    }
}

void FullScreen::read_input(const Now& now) {
    const auto keys = screen_->read_keys();
    for (const auto& key : keys)
        take_key(key, now);
    if (keys.empty() && hung_up(STDIN_FILENO)) {
        input_ended_ = true;
        inputs_.emplace_back(QuitAtOnce{});
    }
}

void FullScreen::take_key(const terminal::Key& key, const Now& now) {
    dirty_ = true;
    const auto action = terminal::action_for(key, editor().empty());
    std::visit(Overloaded{
                   [](std::monostate) {},
                   [&](const terminal::Insert& insert) {
                       if (editor().insert(insert.text)) return;
                       add_line(LineKind::error, {},
                                "that is too long for one message; the rest was left out",
                                now.wall);
                   },
                   [&](terminal::EditAction edit) { editor().apply(edit); },
                   [&](terminal::Scroll scroll) { scrollback_.scroll(scroll); },
                   [&](terminal::Command command) {
                       switch (command) {
                           case terminal::Command::submit:
                               submit();
                               break;
                           case terminal::Command::redraw:
                               screen_->forget_picture();
                               break;
                           case terminal::Command::leave:
                               leave(key);
                               break;
                           case terminal::Command::suspend:
                               inputs_.emplace_back(Suspend{});
                               break;
                           case terminal::Command::resize:
                               resize(now);
                               break;
                       }
                   },
               },
               action);
}

// Ctrl-D is the end of the input, and what was typed is still sent; Ctrl-C is meant at once.
void FullScreen::leave(const terminal::Key& key) {
    if (key.text == "d") {
        inputs_.emplace_back(Quit{});
    } else {
        inputs_.emplace_back(QuitAtOnce{});
    }
}

void FullScreen::submit() {
    const bool is_name = status_.asks_name;
    const std::string text = editor().take();
    if (text.empty()) return;
    UserInput input = parse_line(text);
    if (is_name && std::holds_alternative<Say>(input)) {
        status_.asks_name = false;
        input = NameGiven{text};
    }
    inputs_.push_back(std::move(input));
}

void FullScreen::add_line(LineKind kind, std::string who, std::string text, WallTime time) {
    scrollback_.append({clock(time), kind, std::move(who), std::move(text)});
    dirty_ = true;
}

void FullScreen::show(const Event& event, const Now& now) {
    const auto program = [&](const auto& e, LineKind kind) {
        add_line(kind, {}, program_sentence(e), now.wall);
    };
    std::visit(
        Overloaded{
            [&](const Welcome& e) {
                status_.name = e.name;
                program(e, LineKind::notice);
            },
            [&](const Message& e) {
                add_line(e.own ? LineKind::own : LineKind::message, e.from, e.text, e.time);
            },
            [&](const Joined& e) { add_line(LineKind::join, {}, joined_sentence(e), e.time); },
            [&](const Left& e) { add_line(LineKind::leave, {}, left_sentence(e), e.time); },
            [&](const Announcement& e) {
                add_line(LineKind::announcement, std::string(administrator_name), e.text, e.time);
            },
            [&](const Remark& e) { program(e, LineKind::notice); },
            [&](const StateChange& e) {
                status_.connection = state_word(e.state);
                status_.alert = e.state != Connection::online;
                if (!e.reason.empty()) {
                    status_.connection += ": " + e.reason;
                    program(e, LineKind::notice);
                }
                dirty_ = true;
            },
            [&](const Error& e) { program(e, LineKind::error); },
        },
        event);
}

void FullScreen::show_help(const Now& now) {
    const std::string help = help_text();
    for (std::string_view rest = help;;) {
        const auto end = std::min(rest.find('\n'), rest.size());
        add_line(LineKind::notice, {}, std::string(rest.substr(0, end)), now.wall);
        if (end == rest.size()) return;
        rest.remove_prefix(end + 1);
    }
}

bool FullScreen::ask_name(const Now&) {
    status_.asks_name = true;
    dirty_ = true;
    return true;
}

void FullScreen::set_waiting(std::size_t count) {
    if (count == status_.waiting) return;
    status_.waiting = count;
    dirty_ = true;
}

void FullScreen::flush(const Now&) {
    if (!dirty_) return;
    screen_->draw(terminal::compose(screen_->size(), status_, scrollback_, editor()));
    dirty_ = false;
}

void FullScreen::resize(const Now&) {
    const auto size = terminal::size_of_terminal();
    if (size.columns > 0 && size.rows > 0) screen_->resize(size);
    tell_watch();
    dirty_ = true;
}

void FullScreen::suspend() {
    screen_->suspend();
    watch_.off();
}

void FullScreen::resume(const Now& now) {
    screen_->resume();
    tell_watch();
    resize(now);
}

}  // namespace chat::client
