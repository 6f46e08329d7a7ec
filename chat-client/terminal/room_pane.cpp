// SPDX-License-Identifier: MIT
#include "chat-client/terminal/room_pane.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "chat-client/core/plain_lines.h"
#include "proto/wire/name.h"

namespace chat::terminal {

using namespace chat::client;

namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_word(char c) {
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

template <class Entry>
bool is_history(const Entry& e) {
    if constexpr (requires { e.history; }) {
        return e.history;
    } else {
        return false;
    }
}

}  // namespace

RoomPane::RoomPane(std::string name, const TimeStyle& times, const ScrollbackLimits& limits,
                   const Words& words)
    : name_(std::move(name)), times_(times), words_(words), scrollback_(limits) {}

void RoomPane::show(const Event& event, WallTime now, bool looked_at) {
    now_ = now;
    looked_at_ = looked_at;
    if (missed_.before(event)) divide(words_.missed);
    std::visit([this](const auto& e) { on(e); }, event);
}

void RoomPane::notice(LineKind kind, std::string text, WallTime now) {
    scrollback_.append({times_.clock(now), kind, {}, std::move(text)});
}

void RoomPane::divide(std::string_view text) {
    scrollback_.append({{}, LineKind::divider, {}, std::string(text)});
}

void RoomPane::program(const Event& event) {
    for (auto& line : program_lines(event, times_.date))
        notice(LineKind::notice, std::move(line), now_);
}

void RoomPane::look_at() {
    unread_ = 0;
    called_ = false;
}

void RoomPane::add_unread(bool called) {
    if (looked_at_) return;
    ++unread_;
    called_ = called_ || called || is_conversation(name_);
}

// The name as a word of its own; Chinese has no blanks between words.
bool RoomPane::calls_me(std::string_view text) const {
    if (own_name_.empty()) return false;
    auto rest = text;
    for (;;) {
        const auto found = std::ranges::search(rest, own_name_, {}, lower, lower);
        if (found.empty()) return false;
        const auto begin = static_cast<std::size_t>(found.begin() - text.begin());
        const auto end = begin + own_name_.size();
        const bool before = begin > 0 && is_word(text[begin - 1]) && is_word(text[begin]);
        const bool after = end < text.size() && is_word(text[end]) && is_word(text[end - 1]);
        if (!before && !after) return true;
        rest = text.substr(begin + 1);
    }
}

template <class Entry>
std::uint64_t RoomPane::add(const Entry& e, LineKind kind, std::string who, std::string text) {
    Line line{times_.clock(e.time), kind, std::move(who), std::move(text), e.seq};
    if (is_history(e)) {
        older_.push_back(std::move(line));
        return 0;
    }
    next_seq_ = e.seq + 1;
    return scrollback_.append(line);
}

void RoomPane::on(const Welcome& e) {
    confirms_ = !e.server_key.empty();
    // A new log: what is on the screen was in another, and its numbers mean nothing any more.
    if (e.next < next_seq_) {
        renumbered_ = true;
        loading_ = false;
        marked_.clear();
        pinned_.clear();
        present_.clear();
    }
    next_seq_ = e.next;
    name_ = e.room;
    own_name_ = e.name;
    topic_ = e.topic;
    joined_ = true;
    missed_.on_welcome(e);
    program(e);
}

void RoomPane::on(const Members& e) {
    if (!is_conversation(name_)) present_ = {e.names.begin(), e.names.end()};
    if (std::exchange(names_asked_, false)) {
        notice(LineKind::notice, names_sentence(e), now_);
    } else {
        program(e);
    }
}

void RoomPane::on(const Message& e) {
    const auto line = add(e, e.own ? LineKind::own : LineKind::message, author(e), e.text);
    if (e.history) return;
    if (!e.own) return add_unread(calls_me(e.text));
    outgoing_.on_shown(e.seq, e.text);
    if (!confirms_) return;
    marked_.push_back({e.seq, line});
    scrollback_.set_mark(line, words_.stored);
    if (marked_.size() <= marked_max) return;
    scrollback_.set_mark(marked_.front().line, {});
    marked_.pop_front();
}

// Empty until the server has told who is here, which only our own servers do.
void RoomPane::on(const Joined& e) {
    add(e, LineKind::join, {}, joined_sentence(e));
    if (!e.history && !present_.empty()) present_.insert(e.name);
}

void RoomPane::on(const Left& e) {
    add(e, LineKind::leave, {}, left_sentence(e));
    if (!e.history) present_.erase(e.name);
}

void RoomPane::on(const Announcement& e) {
    if (unpins(e)) {
        add(e, LineKind::notice, {}, announced(e));
    } else {
        add(e, LineKind::announcement, std::string(administrator_name), announced(e));
    }
    if (e.history) return;
    if (e.pinned) pinned_ = e.text;
    if (!unpins(e)) add_unread(true);
}

void RoomPane::on(const Topic& e) {
    add(e, LineKind::topic, {}, topic_sentence(e));
    if (e.history) return;
    topic_ = e.text;
    topic_asked_ = false;
}

void RoomPane::on(const PinnedNow& e) {
    pinned_ = e.text;
}

void RoomPane::on(const Receipt& e) {
    const auto own = std::ranges::find(marked_, e.seq, &Own::seq);
    if (own == marked_.end() || e.of == 0) return;
    scrollback_.set_mark(own->line, fmt::format(fmt::runtime(words_.seen), e.seen, e.of));
}

void RoomPane::on(const Accepted& e) {
    outgoing_.on_accepted(e.id, e.seq, next_seq_);
}

void RoomPane::on(const Gap& e) {
    const auto lines = program_lines(e, times_.date);
    Line line{{}, LineKind::gap, {}, lines.front(), e.from};
    if (e.history) return older_.push_back(std::move(line));
    next_seq_ = e.to + 1;
    scrollback_.append(line);
}

void RoomPane::on(const HistoryEnd& e) {
    scrollback_.prepend(std::exchange(older_, {}));
    if (e.at_start) oldest_there_ = e.first;
    if (std::exchange(loading_, false) && all_older_known()) show_beginning();
}

void RoomPane::on(const RoomLeft& e) {
    joined_ = false;
    loading_ = false;
    older_.clear();
    present_.clear();
    program(e);
}

void RoomPane::on(const Error& e) {
    loading_ = false;  // if it was asked for, it will not come
    if (!e.id.empty()) forget(e.id);
    notice(LineKind::error, e.text, now_);
}

bool RoomPane::all_older_known() const {
    const auto oldest = scrollback_.oldest_seq();
    return oldest_there_ && (oldest == 0 || oldest <= *oldest_there_);
}

void RoomPane::show_beginning() {
    if (std::exchange(beginning_shown_, true)) return;
    if (*oldest_there_ > 1) return;  // a gap stands there
    const Line line{
        {}, LineKind::divider, {}, fmt::format(fmt::runtime(words_.begins_here), name_)};
    scrollback_.prepend(std::span(&line, 1));
}

std::optional<WantHistory> RoomPane::ask_older(std::uint32_t limit) {
    if (!joined_ || !confirms_ || renumbered_ || loading_ || scrollback_.full())
        return std::nullopt;
    if (all_older_known()) {
        show_beginning();
        return std::nullopt;
    }
    loading_ = true;
    return WantHistory{name_, scrollback_.oldest_seq(), limit};
}

std::string_view RoomPane::why_nothing_older() const {
    if (!joined_) return words_.not_in_room;
    if (loading_) return {};
    return scrollback_.full() ? words_.no_place : words_.nothing_older;
}

void RoomPane::say(std::string id, std::string_view text, WallTime now) {
    outgoing_.add(std::move(id), times_.clock(now), text);
}

std::vector<Line> RoomPane::pending(std::size_t count) const {
    const auto& items = outgoing_.items();
    std::vector<Line> lines;
    if (own_name_.empty()) return lines;
    for (auto i = items.size() - std::min(count, items.size()); i < items.size(); ++i)
        lines.push_back({items[i].time, LineKind::pending, own_name_, items[i].text, items[i].seq,
                         std::string(items[i].seq == 0 ? words_.pending : words_.stored)});
    return lines;
}

}  // namespace chat::terminal
