// SPDX-License-Identifier: MIT
#include "chat-client/process/inputs.h"

#include <algorithm>
#include <utility>

namespace chat::client {
namespace {

template <class... Kinds>
bool is_one_of(const UserInput& input) {
    return (std::holds_alternative<Kinds>(input) || ...);
}

// Who wants to go, or to stop for a while, does not stand in line; and without an answer to the
// program's own questions the line would not move.
bool is_urgent(const UserInput& input) {
    return is_one_of<QuitAtOnce, Suspend, NameGiven, TrustDecided>(input);
}

}  // namespace

Inputs::Inputs(Session& session, FrontEnd& front_end, bool watched, std::function<void()> suspend)
    : session_(session), front_end_(front_end), watched_(watched), suspend_(std::move(suspend)) {}

void Inputs::act(const Now& now) {
    was_online_ = was_online_ || session_.online();
    for (UserInput& given : front_end_.take_inputs()) {
        const auto* say = std::get_if<Say>(&given);
        if (is_urgent(given) || (waiting_.empty() && accepts(given))) {
            act_on(given, now);
        } else if (watched_ && say != nullptr && full()) {
            refuse(ErrorCode::queue_full,
                   "too many messages wait to be sent; this one was not taken, say it again later",
                   *say, now);
        } else {
            waiting_.push_back(std::move(given));
        }
    }
    while (!waiting_.empty() && accepts(waiting_.front())) {
        act_on(waiting_.front(), now);
        waiting_.pop_front();
    }
}

bool Inputs::accepts(const UserInput& input) const {
    if (is_one_of<Help, Refused, ShowTopic>(input)) return asked_.empty() || watched_;
    if (std::holds_alternative<Quit>(input)) {
        return watched_ || asked_.empty() || !session_.online();
    }
    if (!was_online_) return false;
    if (is_one_of<Say, SetTopic>(input) && !session_.accepts_input()) return false;
    return !std::visit(
        [this](const auto& i) {
            if constexpr (requires { i.room; }) {
                return is_asked(Question::join, i.room);
            } else {
                return false;
            }
        },
        input);
}

void Inputs::act_on(const UserInput& input, const Now& now) {
    std::visit([&](const auto& i) { on(i, now); }, input);
}

void Inputs::on(const Say& say, const Now& now) {
    if (session_.say(now, known(say.room), say.text, say.id)) return;
    refuse(ErrorCode::queue_full, "that message was not taken; say it again later", say, now);
}

void Inputs::on(const JoinRoom& join, const Now& now) {
    // One that is ours already is perhaps answered by nothing.
    if (!rooms_.contains(room_key(join.room))) ask(Question::join, join.room);
    session_.join(now, join.room);
}

void Inputs::on(const PartRoom& part, const Now& now) {
    ask(Question::part, part.room);
    session_.part(now, known(part.room));
}

void Inputs::on(const ListRooms&, const Now& now) {
    ask(Question::rooms, {});
    session_.list_rooms(now);
}

void Inputs::on(const ListMembers& list, const Now& now) {
    ask(Question::members, list.room);
    session_.list_members(now, known(list.room));
}

void Inputs::on(const SetTopic& topic, const Now& now) {
    if (session_.set_topic(now, known(topic.room), topic.text)) return;
    front_end_.show(
        Error{ErrorCode::queue_full, "the topic was not set; try again later", topic.room}, now);
}

void Inputs::on(const ShowTopic& topic, const Now& now) {
    front_end_.show_topic(topic.room, now);
}

void Inputs::on(const WantHistory& wanted, const Now& now) {
    ask(Question::history, wanted.room);
    session_.want_history(now, known(wanted.room), wanted.before, wanted.limit);
}

void Inputs::on(const SearchFor& search, const Now& now) {
    ask(Question::search, {});
    session_.search(now, search.room.empty() ? search.room : known(search.room), search.words);
}

void Inputs::on(const NameGiven& given, const Now& now) {
    name_given_ = true;
    session_.log_in(now, given.name);
}

void Inputs::on(const TrustDecided& decided, const Now& now) {
    session_.decide_trust(now, decided.trusted);
}

void Inputs::on(const Refused& refused, const Now& now) {
    front_end_.show(refused.error, now);
}

void Inputs::on(const Quit&, const Now& now) {
    session_.quit(now);
}

void Inputs::on(const QuitAtOnce&, const Now& now) {
    session_.quit_at_once(now);
}

void Inputs::on(const Suspend&, const Now&) {
    suspend_();
}

void Inputs::on(const Help&, const Now& now) {
    front_end_.show_help(now);
}

void Inputs::refuse(ErrorCode code, std::string sentence, const Say& say, const Now& now) {
    front_end_.show(Error{code, std::move(sentence), say.room, say.id}, now);
}

void Inputs::ask(Question question, std::string_view room) {
    asked_.emplace_back(question, room_key(room));
}

bool Inputs::is_asked(Question question, std::string_view room) const {
    return std::ranges::find(asked_, std::pair(question, room_key(room))) != asked_.end();
}

void Inputs::answered(Question question, std::string_view room) {
    const auto found = std::ranges::find(asked_, std::pair(question, room_key(room)));
    if (found != asked_.end()) asked_.erase(found);
}

std::string Inputs::known(const std::string& room) const {
    const auto found = rooms_.find(room_key(room));
    return found == rooms_.end() ? room : found->second;
}

void Inputs::on_event(const Event& event) {
    const auto room = room_of(event);
    if (std::holds_alternative<Welcome>(event)) {
        rooms_.insert_or_assign(room_key(room), std::string(room));
        answered(Question::join, room);
    } else if (std::holds_alternative<RoomLeft>(event)) {
        rooms_.erase(room_key(room));
        answered(Question::part, room);
    } else if (std::holds_alternative<Members>(event)) {
        answered(Question::members, room);
    } else if (std::holds_alternative<HistoryEnd>(event)) {
        answered(Question::history, room);
    } else if (std::holds_alternative<RoomList>(event)) {
        answered(Question::rooms, {});
    } else if (std::holds_alternative<SearchResult>(event)) {
        answered(Question::search, {});
    } else if (std::holds_alternative<Error>(event)) {
        // Perhaps the refusal of one of them. Whichever it is, nobody waits for ever.
        asked_.clear();
    }
}

}  // namespace chat::client
