// SPDX-License-Identifier: MIT
#include "chat-client/core/line_rooms.h"

#include <fmt/format.h>
#include <type_traits>
#include <utility>

namespace chat::client {
namespace {

bool refuses_join(ErrorCode code) {
    return code == ErrorCode::room_unusable || code == ErrorCode::nobody ||
           code == ErrorCode::too_many_rooms || code == ErrorCode::not_now;
}

}  // namespace

void LineRooms::address(UserInput& input) {
    std::visit(
        [this](auto& i) {
            using Input = std::remove_cvref_t<decltype(i)>;
            if constexpr (requires { i.room; } && !std::is_same_v<Input, SearchFor>) {
                if (i.room.empty()) i.room = here_;
            }
        },
        input);
    if (const auto* topic = std::get_if<SetTopic>(&input)) {
        auto& room = rooms_[room_key(topic->room)];
        room.topic_asked = room.topic_asked || !topic->text.empty();
        // What is not there cannot be taken away.
        if (!room.topic_asked && room.joined && room.topic.empty()) input = ShowTopic{topic->room};
    } else if (const auto* join = std::get_if<JoinRoom>(&input)) {
        before_ = std::exchange(here_, join->room);
    } else if (const auto* part = std::get_if<PartRoom>(&input)) {
        if (room_key(part->room) == room_key(here_)) here_ = landing_;
    } else if (const auto* members = std::get_if<ListMembers>(&input)) {
        rooms_[room_key(members->room)].names_asked = true;
    } else if (const auto* wanted = std::get_if<WantHistory>(&input)) {
        rooms_[room_key(wanted->room)].history_asked = true;
    }
}

LineRooms::Shown LineRooms::show(const Event& event) {
    Shown shown;
    const auto name = room_of(event);
    const auto key = room_key(name);
    if (const auto* error = std::get_if<Error>(&event)) {
        const bool of_here = name.empty() || key == room_key(here_);
        if (refuses_join(error->code) && of_here && !before_.empty()) {
            here_ = std::exchange(before_, {});
        }
        return shown;
    }
    if (name.empty()) return shown;
    if (std::holds_alternative<RoomLeft>(event)) {
        rooms_.erase(key);
        if (key == room_key(here_)) here_ = landing_;
        return shown;
    }
    auto& room = rooms_[key];
    if (const auto* welcome = std::get_if<Welcome>(&event)) {
        room.topic = welcome->topic;
        room.joined = true;
        room.missed.on_welcome(*welcome);
        if (welcome->landing) landing_ = welcome->room;
        if (key == room_key(here_)) here_ = welcome->room;
    } else if (const auto* topic = std::get_if<Topic>(&event); topic && !topic->history) {
        room.topic = topic->text;
        room.topic_asked = false;
    } else if (std::holds_alternative<Members>(event)) {
        shown.whole = std::exchange(room.names_asked, false);
    } else if (std::holds_alternative<HistoryEnd>(event)) {
        shown.news = std::exchange(room.history_asked, false);
    }
    shown.marker = room.missed.before(event);
    return shown;
}

std::string LineRooms::topic_sentence(const std::string& room) const {
    const auto known = rooms_.find(room_key(room));
    if (known == rooms_.end() || known->second.topic.empty()) {
        return fmt::format("{} has no topic", room);
    }
    return fmt::format("the topic of {} is: {}", room, known->second.topic);
}

}  // namespace chat::client
