// SPDX-License-Identifier: MIT
#include "chat-server/store/entry_json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <utility>

#include "chat-server/store/entry_id.h"
#include "proto/wire/limits.h"
#include "proto/wire/name.h"
#include "proto/wire/text.h"

namespace chat::server {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view format_name = "chat-server export";
constexpr int format_version = 1;
constexpr std::string_view missing_kind = "missing";

constexpr std::array kinds = std::to_array<std::pair<EntryKind, std::string_view>>({
    {EntryKind::message, "message"},
    {EntryKind::join, "join"},
    {EntryKind::leave, "leave"},
    {EntryKind::announcement, "announcement"},
    {EntryKind::topic, "topic"},
    {EntryKind::pinned, "pinned"},
});

std::string line_of(const Json& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<Json> object_from(std::string_view line) {
    Json json = Json::parse(line, nullptr, false);
    if (!json.is_object()) return std::nullopt;
    return json;
}

std::optional<std::string> text_of(const Json& json, const char* field) {
    const auto found = json.find(field);
    if (found == json.end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
}

std::optional<std::uint64_t> number_of(const Json& json, const char* field) {
    const auto found = json.find(field);
    if (found == json.end() || !found->is_number_unsigned()) return std::nullopt;
    return found->get<std::uint64_t>();
}

std::optional<std::uint64_t> from_hex(std::string_view text) {
    std::uint64_t number = 0;
    const auto done = std::from_chars(text.data(), text.data() + text.size(), number, 16);
    if (text.size() != 16 || done.ec != std::errc{} || done.ptr != text.data() + text.size())
        return std::nullopt;
    return number;
}

std::unexpected<std::string> wrong(std::string_view field) {
    return std::unexpected(fmt::format("\"{}\" is missing or wrong", field));
}

// Whether name and text are such as this kind has.
bool is_sound(const Entry& entry) {
    const bool by_administrator =
        entry.kind == EntryKind::announcement || entry.kind == EntryKind::pinned;
    const bool come_or_gone = entry.kind == EntryKind::join || entry.kind == EntryKind::leave;
    if (by_administrator ? !entry.name.empty() : !check_name(entry.name)) return false;
    if (come_or_gone && !entry.text.empty()) return false;
    return is_clean_text(entry.text) && entry.text.size() <= text_bytes_max;
}

std::optional<std::uint64_t> digits(std::string_view text) {
    std::uint64_t number = 0;
    const auto done = std::from_chars(text.data(), text.data() + text.size(), number);
    if (done.ec != std::errc{} || done.ptr != text.data() + text.size()) return std::nullopt;
    return number;
}

}  // namespace

std::string to_rfc3339(WallTime time) {
    using namespace std::chrono;
    const sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(time.unix_ms)};
    const auto day = floor<days>(at);
    const year_month_day date{day};
    const hh_mm_ss clock{at - day};
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                       static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                       clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
                       clock.subseconds().count());
}

std::optional<WallTime> from_rfc3339(std::string_view text) {
    using namespace std::chrono;
    constexpr std::string_view form = "0000-00-00T00:00:00.000Z";
    if (text.size() != form.size()) return std::nullopt;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool digit = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '0' ? !digit : text[i] != form[i]) return std::nullopt;
    }
    const auto part = [text](std::size_t at, std::size_t length) {
        return static_cast<int>(digits(text.substr(at, length)).value_or(0));
    };
    const year_month_day date{year(part(0, 4)), month(static_cast<unsigned>(part(5, 2))),
                              day(static_cast<unsigned>(part(8, 2)))};
    if (!date.ok() || part(11, 2) > 23 || part(14, 2) > 59 || part(17, 2) > 59) return std::nullopt;
    const auto at = sys_days(date) + hours(part(11, 2)) + minutes(part(14, 2)) +
                    std::chrono::seconds(part(17, 2)) + std::chrono::milliseconds(part(20, 3));
    return WallTime{at.time_since_epoch().count()};
}

std::string to_json(const ExportHeader& header) {
    const bool named = header.kind == RoomKind::named;
    Json json = {{"format", format_name},
                 {"version", format_version},
                 {"kind", named ? "named" : "conversation"},
                 {"room", header.room},
                 {"first", header.first},
                 {"next", header.next}};
    if (!named) {
        json["people"] = Json::array();
        for (const auto& person : header.people)
            json["people"].push_back({{"name", person.name}, {"key", person.key.to_base64()}});
    }
    return line_of(json);
}

std::string to_json(std::string_view room, const StoredEntry& stored) {
    const Entry& entry = stored.entry;
    const auto* const kind =
        std::ranges::find(kinds, entry.kind, &decltype(kinds)::value_type::first);
    Json json = {{"room", room},
                 {"seq", stored.seq},
                 {"kind", kind == kinds.end() ? "unknown" : kind->second},
                 {"time", to_rfc3339(entry.time)}};
    if (!entry.name.empty()) json["name"] = entry.name;
    json["text"] = entry.text;
    if (entry.origin.verified) {
        json["key"] = entry.origin.key.to_base64();
        json["client_epoch"] = fmt::format("{:016x}", entry.origin.client_epoch);
        json["msg_id"] = entry.origin.msg_id;
    } else if (!entry.name.empty()) {
        json["unverified"] = true;
    }
    return line_of(json);
}

std::expected<ExportHeader, std::string> header_from_json(std::string_view line) {
    const auto json = object_from(line);
    if (!json || text_of(*json, "format") != format_name)
        return std::unexpected("this is no export of chat-server");
    if (number_of(*json, "version") != format_version)
        return std::unexpected("a newer chat-server has written it; use that one");
    ExportHeader header;
    const auto kind = text_of(*json, "kind");
    if (kind != "named" && kind != "conversation") return wrong("kind");
    if (kind == "conversation") header.kind = RoomKind::conversation;
    header.room = text_of(*json, "room").value_or("");
    if (header.kind == RoomKind::named && !check_name(header.room)) return wrong("room");
    header.first = number_of(*json, "first").value_or(0);
    header.next = number_of(*json, "next").value_or(0);
    if (header.first < 1 || header.first > header.next || header.next >= seq_end)
        return wrong("first");
    if (header.kind == RoomKind::named) return header;
    const auto people = json->find("people");
    if (people == json->end() || !people->is_array() || people->size() != header.people.size())
        return wrong("people");
    for (std::size_t i = 0; i < header.people.size(); ++i) {
        const Json& person = (*people)[i];
        const auto name = person.is_object() ? text_of(person, "name") : std::nullopt;
        const auto key =
            name ? PublicKey::from_base64(text_of(person, "key").value_or("")) : std::nullopt;
        if (!name || !check_name(*name) || !key) return wrong("people");
        header.people[i] = {*name, *key};
    }
    return header;
}

std::string to_json(std::string_view room, const MissingEntries& missing) {
    return line_of(
        {{"room", room}, {"kind", missing_kind}, {"from", missing.from}, {"to", missing.to}});
}

bool is_exportable(const Entry& entry) {
    return entry.kind >= EntryKind::message && entry.kind <= EntryKind::pinned && is_sound(entry);
}

std::optional<MissingEntries> missing_from_json(std::string_view line) {
    const auto json = object_from(line);
    if (!json || text_of(*json, "kind") != missing_kind) return std::nullopt;
    const MissingEntries missing{number_of(*json, "from").value_or(0),
                                 number_of(*json, "to").value_or(0)};
    if (missing.from < 1 || missing.from > missing.to || missing.to >= seq_end) return std::nullopt;
    return missing;
}

std::expected<StoredEntry, std::string> entry_from_json(std::string_view line) {
    const auto json = object_from(line);
    if (!json) return std::unexpected("this is no JSON object");
    StoredEntry stored;
    Entry& entry = stored.entry;
    stored.seq = number_of(*json, "seq").value_or(0);
    if (stored.seq < 1 || stored.seq >= seq_end) return wrong("seq");
    const auto kind_name = text_of(*json, "kind");
    const auto* const kind =
        std::ranges::find(kinds, kind_name.value_or(""), &decltype(kinds)::value_type::second);
    if (kind == kinds.end()) return wrong("kind");
    entry.kind = kind->first;
    const auto time = from_rfc3339(text_of(*json, "time").value_or(""));
    if (!time) return wrong("time");
    entry.time = *time;
    entry.name = text_of(*json, "name").value_or("");
    const auto text = text_of(*json, "text");
    if (!text) return wrong("text");
    entry.text = *text;
    if (!is_sound(entry)) return std::unexpected("its name and text do not fit its kind");
    if (!json->contains("key")) return stored;
    const auto key = PublicKey::from_base64(text_of(*json, "key").value_or(""));
    if (!key || entry.name.empty()) return wrong("key");
    const auto client_epoch = from_hex(text_of(*json, "client_epoch").value_or(""));
    if (!client_epoch) return wrong("client_epoch");
    const auto msg_id = number_of(*json, "msg_id");
    if (!msg_id) return wrong("msg_id");
    entry.origin = {0, *key, *client_epoch, *msg_id, true};
    return stored;
}

}  // namespace chat::server
