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
using terminal::Question;

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
        // Who goes without an answer has not said yes.
        if (status_.question == Question::trust) {
            inputs_.emplace_back(TrustDecided{false});
        }
        inputs_.emplace_back(Quit{});
    } else {
        inputs_.emplace_back(QuitAtOnce{});
    }
}

void FullScreen::submit() {
    const std::string text = editor().take();
    if (text.empty()) return;
    UserInput input = parse_line(text);
    if (std::holds_alternative<Say>(input)) input = answer(text, std::move(input));
    inputs_.push_back(std::move(input));
}

// What a text means while something is asked.
UserInput FullScreen::answer(const std::string& text, UserInput as_message) {
    switch (status_.question) {
        case Question::none:
            break;
        case Question::name:
            status_.question = Question::none;
            return NameGiven{text};
        case Question::trust:
            const auto decided = parse_yes_no(text);
            if (!decided) return Refused{{ErrorCode::bad_input, "please answer yes or no"}};
            status_.question = Question::none;
            return TrustDecided{*decided};
    }
    return as_message;
}

void FullScreen::ask(Question question) {
    status_.question = question;
    answer_editor_.take();
    dirty_ = true;
}

void FullScreen::add_line(LineKind kind, std::string who, std::string text, WallTime time) {
    scrollback_.append({clock(time), kind, std::move(who), std::move(text)});
    dirty_ = true;
}

void FullScreen::show(const Event& event, const Now& now) {
    const auto program = [&](const auto& e, LineKind kind) {
        add_line(kind, {}, program_sentence(e), now.wall);
    };
    note_presence(event);
    std::visit(
        Overloaded{
            [&](const Welcome& e) {
                status_.name = e.name;
                program(e, LineKind::notice);
            },
            [&](const Members& e) { program(e, LineKind::notice); },
            [&](const Message& e) {
                add_line(e.own ? LineKind::own : LineKind::message, author(e), e.text, e.time);
            },
            [&](const Joined& e) { add_line(LineKind::join, {}, joined_sentence(e), e.time); },
            [&](const Left& e) { add_line(LineKind::leave, {}, left_sentence(e), e.time); },
            [&](const Announcement& e) {
                add_line(LineKind::announcement, std::string(administrator_name), e.text, e.time);
            },
            [](const Accepted&) {},
            [&](const Gap& e) { program(e, LineKind::notice); },
            [&](const TrustQuestion& e) {
                add_line(LineKind::notice, {}, std::string(terminal::english.trust_explained),
                         now.wall);
                program(e, LineKind::notice);
                ask(Question::trust);
            },
            [&](const Remark& e) { program(e, LineKind::notice); },
            [&](const StateChange& e) {
                status_.connection = state_word(e.state);
                status_.alert = e.state != Connection::online;
                // Too late to answer, or it will be asked again.
                if (status_.question == Question::trust) ask(Question::none);
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

// Empty until the server has told who is here, which only our own servers do.
void FullScreen::note_presence(const Event& event) {
    if (const auto* members = std::get_if<Members>(&event)) {
        present_ = {members->names.begin(), members->names.end()};
    } else if (const auto* joined = std::get_if<Joined>(&event); joined && !present_.empty()) {
        present_.insert(joined->name);
    } else if (const auto* left = std::get_if<Left>(&event)) {
        present_.erase(left->name);
    }
    status_.present = present_.size();
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
    ask(Question::name);
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
