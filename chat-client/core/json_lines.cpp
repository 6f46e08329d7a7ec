// SPDX-License-Identifier: MIT
#include "chat-client/core/json_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

namespace chat::client {
namespace {

using Json = nlohmann::ordered_json;

// What every entry of a room begins with.
Json entry(std::string_view type, std::string_view room, std::uint64_t seq) {
    return {{"type", type}, {"room", room}, {"seq", seq}};
}
Json with_history(Json json, bool history) {
    if (history) json["history"] = true;
    return json;
}

Json object(const Welcome& e) {
    Json json{{"type", "welcome"}, {"name", e.name}, {"room", e.room}};
    if (!e.server_key.empty()) json["server_key"] = e.server_key;
    json["next"] = e.next;
    if (!e.topic.empty()) json["topic"] = e.topic;
    if (e.head > e.next) json["missed"] = e.head - e.next;
    if (e.first_time) json["first_time"] = true;
    return json;
}
Json object(const Members& e) {
    return {{"type", "members"}, {"room", e.room}, {"names", e.names}};
}
Json object(const Message& e) {
    Json json = entry("message", e.room, e.seq);
    json["from"] = e.from;
    json["text"] = e.text;
    json["time"] = to_rfc3339(e.time);
    json["own"] = e.own;
    if (e.unverified) json["unverified"] = true;
    return with_history(std::move(json), e.history);
}
Json object(const Joined& e) {
    Json json = entry("join", e.room, e.seq);
    json["name"] = e.name;
    json["time"] = to_rfc3339(e.time);
    return with_history(std::move(json), e.history);
}
Json object(const Left& e) {
    Json json = entry("leave", e.room, e.seq);
    json["name"] = e.name;
    json["time"] = to_rfc3339(e.time);
    return with_history(std::move(json), e.history);
}
Json object(const Announcement& e) {
    const bool unpins = e.pinned && e.text.empty();
    Json json = entry(unpins ? "unpinned" : "announcement", e.room, e.seq);
    if (!unpins) json["text"] = e.text;
    json["time"] = to_rfc3339(e.time);
    if (e.pinned && !unpins) json["pinned"] = true;
    return with_history(std::move(json), e.history);
}
Json object(const Topic& e) {
    Json json = entry("topic", e.room, e.seq);
    json["name"] = e.name;
    json["text"] = e.text;
    json["time"] = to_rfc3339(e.time);
    return with_history(std::move(json), e.history);
}
Json object(const PinnedNow& e) {
    Json json = entry("pinned", e.room, e.seq);
    json["text"] = e.text;
    json["time"] = to_rfc3339(e.time);
    return json;
}
Json object(const Receipt& e) {
    Json json = entry("receipt", e.room, e.seq);
    json["seen"] = e.seen;
    json["of"] = e.of;
    return json;
}
Json object(const HistoryEnd& e) {
    Json json{
        {"type", "history_end"}, {"room", e.room}, {"first", e.first}, {"at_start", e.at_start}};
    if (e.at_start && e.first > 1) json["gone_to"] = e.first - 1;
    return json;
}
// "leave" is somebody's entry, and "part" what goes in.
Json object(const RoomLeft& e) {
    return {{"type", "parted"}, {"room", e.room}};
}
Json object(const RoomList& e) {
    Json rooms = Json::array();
    for (const auto& room : e.rooms) {
        rooms.push_back({{"name", room.name},
                         {"topic", room.topic},
                         {"present", room.present},
                         {"joined", room.joined}});
    }
    return {{"type", "rooms"}, {"rooms", std::move(rooms)}};
}
Json object(const SearchResult& e) {
    Json hits = Json::array();
    for (const auto& hit : e.hits) {
        hits.push_back({{"room", hit.room},
                        {"seq", hit.seq},
                        {"from", hit.from},
                        {"text", hit.text},
                        {"time", to_rfc3339(hit.time)}});
    }
    Json json{{"type", "found"}, {"words", e.words}, {"hits", std::move(hits)}, {"more", e.more}};
    if (e.incomplete) json["incomplete"] = true;
    return json;
}
Json object(const Accepted& e) {
    return {{"type", "accepted"}, {"id", e.id}, {"room", e.room}, {"seq", e.seq}};
}
Json object(const Gap& e) {
    Json json{{"type", "gap"}, {"room", e.room}, {"from", e.from}, {"to", e.to}};
    return with_history(std::move(json), e.history);
}
// Programs are not asked: they have --accept-key and --accept-new-key. This is for completeness.
Json object(const TrustQuestion& e) {
    return {{"type", "trust"}, {"server_key", e.fingerprint}};
}
Json object(const StateChange& e) {
    Json json{{"type", "state"}, {"state", state_word(e.state)}};
    if (!e.reason.empty()) json["reason"] = e.reason;
    return json;
}
Json object(const Error& e) {
    Json json{{"type", "error"}, {"code", code_word(e.code)}, {"text", e.text}};
    if (!e.room.empty()) json["room"] = e.room;
    if (!e.id.empty()) json["id"] = e.id;
    return json;
}

}  // namespace

// Civil date from days since the epoch: Howard Hinnant, "chrono-Compatible Low-Level Date
// Algorithms", civil_from_days. The core may not ask the C library's clock or zone.
std::string to_rfc3339(WallTime time) {
    constexpr std::int64_t day_ms = 86'400'000;
    std::int64_t days = time.unix_ms / day_ms;
    std::int64_t ms = time.unix_ms % day_ms;
    if (ms < 0) {
        ms += day_ms;
        --days;
    }
    const std::int64_t z = days + 719'468;
    const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
    const std::int64_t doe = z - era * 146'097;
    const std::int64_t yoe = (doe - doe / 1460 + doe / 36'524 - doe / 146'096) / 365;
    const std::int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    const std::int64_t mp = (5 * doy + 2) / 153;
    const std::int64_t day = doy - (153 * mp + 2) / 5 + 1;
    const std::int64_t month = mp < 10 ? mp + 3 : mp - 9;
    const std::int64_t year = yoe + era * 400 + (month <= 2 ? 1 : 0);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", year, month, day,
                       ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

std::string to_json_line(const Event& event, std::string_view landing) {
    const Json json = std::visit(
        [landing]<class E>(const E& e) -> Json {
            if constexpr (std::is_same_v<E, Remark>) {
                return {{"type", "remark"}, {"room", landing}, {"text", e.text}};
            } else {
                return object(e);
            }
        },
        event);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace chat::client
