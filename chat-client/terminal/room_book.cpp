// SPDX-License-Identifier: MIT
#include "chat-client/terminal/room_book.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace chat::terminal {

using namespace chat::client;

RoomBook::RoomBook(std::string_view landing, const TimeStyle& times, const Words& words)
    : times_(times), words_(words) {
    add(landing);
}

RoomPane& RoomBook::add(std::string_view room) {
    if (panes_.size() >= rooms_max) {
        const auto quiet = std::ranges::find_if(panes_, [this](const auto& pane) {
            return pane.get() != &current() && pane->unread() == 0;
        });
        remove(quiet != panes_.end() ? **quiet : *panes_[current_ == 0 ? 1 : 0]);
    }
    panes_.push_back(
        std::make_unique<RoomPane>(std::string(room), times_, ScrollbackLimits{}, words_));
    return *panes_.back();
}

void RoomBook::remove(const RoomPane& pane) {
    const auto found = std::ranges::find(panes_, &pane, &std::unique_ptr<RoomPane>::get);
    const auto index = static_cast<std::size_t>(found - panes_.begin());
    panes_.erase(found);
    if (index < current_ || current_ == panes_.size()) --current_;
    current().look_at();
}

RoomPane* RoomBook::find(std::string_view room) {
    for (const auto& pane : panes_) {
        if (pane->name() == room) return pane.get();
    }
    // Written otherwise by a person, which is rare.
    const auto key = room_key(room);
    for (const auto& pane : panes_) {
        if (room_key(pane->name()) == key) return pane.get();
    }
    return nullptr;
}

// Nothing: it is about a room that is not on the screen any more.
RoomPane* RoomBook::pane_of(const Event& event) {
    const auto room = room_of(event);
    if (room.empty()) return &current();
    if (auto* known = find(room)) return known;
    if (std::holds_alternative<Error>(event)) return &current();
    const bool begins = std::holds_alternative<Welcome>(event) || time_of(event);
    return begins ? &add(room) : nullptr;
}

void RoomBook::show(const Event& event, WallTime now) {
    auto* const shown = pane_of(event);
    if (shown == nullptr) return;
    auto& pane = *shown;
    pane.show(event, now, &pane == &current());
    if (const auto* welcome = std::get_if<Welcome>(&event)) {
        name_ = welcome->name;
        if (room_key(welcome->room) == room_key(awaited_)) {
            awaited_.clear();
            for (std::size_t i = 0; i < panes_.size(); ++i) {
                if (panes_[i].get() == &pane) go_to(i + 1);
            }
        }
    } else if (const auto* error = std::get_if<Error>(&event)) {
        if (room_key(error->room) == room_key(awaited_)) awaited_.clear();
        if (error->room.empty() && !error->id.empty()) {
            for (const auto& other : panes_)
                other->forget(error->id);
        }
    } else if (std::holds_alternative<RoomList>(event) ||
               std::holds_alternative<SearchResult>(event)) {
        for (auto& line : program_lines(event, times_.date))
            notice(LineKind::notice, std::move(line), now);
    } else if (std::holds_alternative<RoomLeft>(event) && panes_.size() > 1) {
        remove(pane);
        for (auto& line : program_lines(event, times_.date))
            notice(LineKind::notice, std::move(line), now);
    }
    bound_memory();
}

void RoomBook::notice(LineKind kind, std::string text, WallTime now) {
    current().notice(kind, std::move(text), now);
}

std::size_t RoomBook::memory() const {
    std::size_t sum = 0;
    for (const auto& pane : panes_)
        sum += pane->scrollback().memory();
    return sum;
}

void RoomBook::bound_memory() {
    const auto sum = memory();
    if (sum <= memory_max) return;
    const auto size = [this](const auto& pane) {
        return pane.get() == &current() ? 0 : pane->scrollback().memory();
    };
    auto& largest = **std::ranges::max_element(panes_, {}, size);
    // A little more, so that it is not the next line's turn again.
    largest.scrollback().shrink_by(sum - memory_max + memory_max / 64);
}

bool RoomBook::go_to(std::size_t number) {
    if (number < 1 || number > panes_.size()) return false;
    awaited_.clear();
    current_ = number - 1;
    current().look_at();
    return true;
}

void RoomBook::step(int rooms) {
    const auto count = static_cast<int>(panes_.size());
    const int wanted = (static_cast<int>(current_) + rooms % count + count) % count;
    go_to(static_cast<std::size_t>(wanted) + 1);
}

bool RoomBook::take(UserInput& input, WallTime now) {
    std::visit(
        [this](auto& i) {
            if constexpr (requires { i.room; } && !std::is_same_v<decltype(i), SearchFor&>) {
                // Who has asked for a room means that one, though it is not here yet: what he
                // types is said nowhere else.
                if (i.room.empty()) i.room = awaited_.empty() ? current().name() : awaited_;
            }
        },
        input);
    if (const auto* topic = std::get_if<SetTopic>(&input)) {
        auto* pane = find(topic->room);
        // What is not there cannot be taken away.
        const bool in_vain = topic->text.empty() && pane != nullptr && pane->has_no_topic();
        if (in_vain) input = ShowTopic{topic->room};
        if (pane != nullptr && !in_vain) pane->ask_topic();
    }
    if (auto* say = std::get_if<Say>(&input)) {
        say->id = fmt::format("{}", ++said_);
        // A word to somebody leads nowhere: the next line is said where one is, as without a
        // screen.
        if (auto* pane = find(say->room)) pane->say(say->id, say->text, now);
    } else if (const auto* join = std::get_if<JoinRoom>(&input)) {
        return take_join(*join);
    } else if (const auto* topic = std::get_if<ShowTopic>(&input)) {
        return take_topic(*topic, now);
    } else if (const auto* names = std::get_if<ListMembers>(&input)) {
        if (auto* pane = find(names->room)) pane->ask_names();
    } else if (const auto* wanted = std::get_if<WantHistory>(&input)) {
        auto* pane = find(wanted->room);
        if (pane == nullptr) return true;
        const auto older = pane->ask_older(wanted->limit);
        if (older) {
            input = *older;
        } else if (const auto words = pane->why_nothing_older(); !words.empty()) {
            notice(LineKind::notice, fmt::format(fmt::runtime(words), pane->name()), now);
        }
        return older.has_value();
    }
    return true;
}

bool RoomBook::take_topic(const ShowTopic& input, WallTime now) {
    const auto* pane = find(input.room);
    const std::string topic = pane == nullptr ? "" : pane->topic();
    notice(LineKind::notice,
           topic.empty() ? fmt::format(fmt::runtime(words_.no_topic), input.room)
                         : fmt::format(fmt::runtime(words_.topic), input.room, topic),
           now);
    return false;
}

// One that is there is gone to at once.
bool RoomBook::take_join(const JoinRoom& input) {
    awaited_.clear();
    for (std::size_t i = 0; i < panes_.size(); ++i) {
        if (room_key(panes_[i]->name()) != room_key(input.room)) continue;
        go_to(i + 1);
        return !panes_[i]->joined();
    }
    awaited_ = input.room;
    return true;
}

void RoomBook::describe(Status& status, std::size_t pending_max) const {
    status.room = current().name();
    status.topic = current().topic();
    status.pinned = current().pinned();
    status.present = current().present();
    status.loading = current().loading();
    status.name = name_;
    status.pending = current().pending(pending_max);
    status.rooms.clear();
    if (panes_.size() == 1) return;
    for (std::size_t i = 0; i < panes_.size(); ++i) {
        const auto& pane = *panes_[i];
        status.rooms.push_back({i + 1, pane.name(), pane.unread(), pane.called(), i == current_});
    }
}

}  // namespace chat::terminal
