// SPDX-License-Identifier: MIT
#include "chat-client/core/json_lines.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace chat::client {
namespace {

using Json = nlohmann::ordered_json;

Json object(const Welcome& e, std::string_view) {
    Json json{{"type", "welcome"}, {"name", e.name}, {"room", e.room}};
    if (!e.server_key.empty()) json["server_key"] = e.server_key;
    json["next"] = e.next;
    return json;
}
Json object(const Members& e, std::string_view) {
    return {{"type", "members"}, {"room", e.room}, {"names", e.names}};
}
Json object(const Message& e, std::string_view room) {
    Json json{{"type", "message"}, {"room", room},   {"seq", e.seq},
              {"from", e.from},    {"text", e.text}, {"time", to_rfc3339(e.time)},
              {"own", e.own}};
    if (e.unverified) json["unverified"] = true;
    return json;
}
Json object(const Joined& e, std::string_view room) {
    return {{"type", "join"},
            {"room", room},
            {"seq", e.seq},
            {"name", e.name},
            {"time", to_rfc3339(e.time)}};
}
Json object(const Left& e, std::string_view room) {
    return {{"type", "leave"},
            {"room", room},
            {"seq", e.seq},
            {"name", e.name},
            {"time", to_rfc3339(e.time)}};
}
Json object(const Announcement& e, std::string_view room) {
    return {{"type", "announcement"},
            {"room", room},
            {"seq", e.seq},
            {"text", e.text},
            {"time", to_rfc3339(e.time)}};
}
Json object(const Accepted& e, std::string_view) {
    return {{"type", "accepted"}, {"id", e.id}, {"room", e.room}, {"seq", e.seq}};
}
Json object(const Gap& e, std::string_view) {
    return {{"type", "gap"}, {"room", e.room}, {"from", e.from}, {"to", e.to}};
}
// Programs are not asked: they have --accept-key and --accept-new-key. This is for completeness.
Json object(const TrustQuestion& e, std::string_view) {
    return {{"type", "trust"}, {"server_key", e.fingerprint}};
}
Json object(const Remark& e, std::string_view room) {
    return {{"type", "remark"}, {"room", room}, {"text", e.text}};
}
Json object(const StateChange& e, std::string_view) {
    Json json{{"type", "state"}, {"state", state_word(e.state)}};
    if (!e.reason.empty()) json["reason"] = e.reason;
    return json;
}
Json object(const Error& e, std::string_view) {
    return {{"type", "error"}, {"code", code_word(e.code)}, {"text", e.text}};
}

Refused bad(std::string text) {
    return {{ErrorCode::bad_input, std::move(text)}};
}
Refused not_supported(std::string text) {
    return {{ErrorCode::not_supported, std::move(text)}};
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

std::string to_json_line(const Event& event, std::string_view room) {
    const Json json = std::visit([room](const auto& e) { return object(e, room); }, event);
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

UserInput parse_json_line(std::string_view line) {
    const Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return bad("a line of input must be one JSON object");
    const auto type = json.find("type");
    if (type == json.end() || !type->is_string()) return bad("the object has no \"type\"");
    if (*type == "quit") return Quit{};
    if (*type == "message") {
        const auto text = json.find("text");
        if (text == json.end() || !text->is_string()) return bad("the message has no \"text\"");
        const auto id = json.find("id");
        if (id == json.end()) return Say{text->get<std::string>(), {}};
        if (!id->is_string()) return bad("the \"id\" of a message must be a string");
        return Say{text->get<std::string>(), id->get<std::string>()};
    }
    const auto& name = type->get_ref<const std::string&>();
    if (name == "join" || name == "part") {
        return not_supported("there is one room, lobby, and no way to change it");
    }
    if (name == "history") return not_supported("what was said before one came can't be had");
    return bad(fmt::format("there is no input of type \"{}\"", name));
}

}  // namespace chat::client
