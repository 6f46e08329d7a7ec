// SPDX-License-Identifier: MIT
#include "chat-client/process/full_screen.h"

#include <algorithm>
#include <poll.h>
#include <unistd.h>

#include "chat-client/core/plain_lines.h"
#include "chat-client/process/local_time.h"
#include "sys/terminal_state.h"

namespace chat::client {
namespace {

using terminal::Command;
using terminal::LineKind;
using terminal::Question;

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
                       std::string_view room, Watch watch)
    : screen_(std::move(screen)),
      watch_(std::move(watch)),
      rooms_(room, {local_clock, local_date}) {
    status_.server = std::move(server);
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
    std::visit(Overloaded{
                   [](std::monostate) {},
                   [&](const terminal::Insert& insert) {
                       if (editor().insert(insert.text)) return;
                       add_line(LineKind::error, std::string(terminal::english.too_long), now);
                   },
                   [&](terminal::EditAction edit) { editor().apply(edit); },
                   [&](terminal::Scroll action) { scroll(action); },
                   [&](terminal::GoToRoom room) { rooms_.go_to(room.number); },
                   [&](Command command) { obey(command, key, now); },
               },
               terminal::action_for(key, editor().empty()));
}

void FullScreen::obey(Command command, const terminal::Key& key, const Now& now) {
    switch (command) {
        case Command::submit:
            return submit(now);
        case Command::redraw:
            return screen_->forget_picture();
        case Command::leave:
            return leave(key);
        case Command::suspend:
            inputs_.emplace_back(Suspend{});
            return;
        case Command::resize:
            return resize(now);
        case Command::room_before:
            return rooms_.step(-1);
        case Command::room_after:
            return rooms_.step(1);
    }
}

// Who comes to the oldest line wants to read on above it.
void FullScreen::scroll(terminal::Scroll action) {
    auto& room = rooms_.current();
    room.scrollback().scroll(action);
    const bool up = action == terminal::Scroll::page_up || action == terminal::Scroll::top;
    if (!up || !room.scrollback().at_top()) return;
    if (auto wanted = room.ask_older()) inputs_.emplace_back(std::move(*wanted));
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

void FullScreen::submit(const Now& now) {
    const std::string text = editor().take();
    if (text.empty()) return;
    UserInput input = parse_line(text);
    if (std::holds_alternative<Say>(input)) input = answer(text, std::move(input));
    if (rooms_.take(input, now.wall)) inputs_.push_back(std::move(input));
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

void FullScreen::add_line(LineKind kind, std::string text, const Now& now) {
    rooms_.notice(kind, std::move(text), now.wall);
    dirty_ = true;
}

void FullScreen::show(const Event& event, const Now& now) {
    dirty_ = true;
    const auto say = [&] {
        for (auto& line : program_lines(event, local_date))
            add_line(LineKind::notice, std::move(line), now);
    };
    if (const auto* change = std::get_if<StateChange>(&event)) {
        status_.connection = state_word(change->state);
        status_.alert = change->state != Connection::online;
        // Too late to answer, or it will be asked again.
        if (status_.question == Question::trust) ask(Question::none);
        if (change->reason.empty()) return;
        status_.connection += ": " + change->reason;
        say();
    } else if (std::holds_alternative<TrustQuestion>(event)) {
        add_line(LineKind::notice, std::string(terminal::english.trust_explained), now);
        say();
        ask(Question::trust);
    } else if (std::holds_alternative<Remark>(event)) {
        say();
    } else {
        rooms_.show(event, now.wall);
    }
}

void FullScreen::show_help(const Now& now) {
    const std::string help = help_text();
    for (std::string_view rest = help;;) {
        const auto end = std::min(rest.find('\n'), rest.size());
        add_line(LineKind::notice, std::string(rest.substr(0, end)), now);
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
    const auto size = screen_->size();
    rooms_.describe(status_, static_cast<std::size_t>(std::max(size.rows, 1)));
    screen_->draw(terminal::compose(size, status_, rooms_.current().scrollback(), editor()));
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
