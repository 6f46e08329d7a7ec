// SPDX-License-Identifier: MIT
#include "chat-client/process/known_servers.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <span>

#include "chat-client/core/json_lines.h"

namespace chat::client {
namespace {

// Some ten thousand servers.
constexpr std::size_t file_bytes_max = 1024 * 1024;

struct Line {
    std::string_view address;
    std::optional<PublicKey> key;  // nothing: the line is damaged
};

// Year, month, day and a T; the rest of the time is for people alone.
bool looks_like_time(std::string_view text) {
    constexpr std::string_view form = "0000-00-00T";
    if (text.size() <= form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        const bool figure = text[i] >= '0' && text[i] <= '9';
        if (form[i] == '0' ? !figure : text[i] != form[i]) return false;
    }
    return true;
}

std::string lower_case(std::string_view text) {
    std::string lower(text);
    for (char& c : lower) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return lower;
}

// Nothing: the line means nothing.
std::optional<Line> parse(std::string_view text) {
    std::array<std::string_view, 4> words;
    std::size_t count = 0;
    while (count < words.size()) {
        const auto begin = text.find_first_not_of(" \t\r");
        if (begin == std::string_view::npos) break;
        text.remove_prefix(begin);
        words[count++] = text.substr(0, text.find_first_of(" \t\r"));
        text.remove_prefix(words[count - 1].size());
    }
    if (count == 0 || words[0].starts_with('#')) return std::nullopt;
    Line line{words[0], std::nullopt};
    if (count == 3 && looks_like_time(words[2])) line.key = PublicKey::from_base64(words[1]);
    return line;
}

}  // namespace

sys::Result<std::string> KnownServers::read() const {
    const auto stored = folder_.read_file(file, file_bytes_max);
    if (stored) return std::string(reinterpret_cast<const char*>(stored->data()), stored->size());
    if (stored.error().code == ENOENT) return std::string();
    return std::unexpected(stored.error());
}

sys::Result<KnownServers::Answer> KnownServers::find(std::string_view address) const {
    const auto text = read();
    if (!text) return std::unexpected(text.error());
    const std::string wanted = lower_case(address);
    Answer answer;
    std::string_view rest = *text;
    for (std::size_t number = 1; !rest.empty(); ++number) {
        const auto end = std::min(rest.find('\n'), rest.size());
        const auto line = parse(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!line) continue;
        const bool here = lower_case(line->address) == wanted;
        if (!line->key) {
            answer.damaged.push_back(number);
            if (here && !answer.damaged_here) answer.damaged_here = number;
        } else if (here && !answer.key) {
            answer.key = line->key;
            answer.line = number;
        } else if (here && *answer.key != *line->key) {
            answer.contradicting.push_back(number);
        }
    }
    return answer;
}

sys::Result<void> KnownServers::add(std::string_view address, const PublicKey& key,
                                    WallTime now) const {
    const auto text = read();
    if (!text) return std::unexpected(text.error());
    if (const auto known = find(address); known && known->key == key) return {};
    // A line that a crash or a hand left without its end must not swallow this one.
    const bool torn = !text->empty() && !text->ends_with('\n');
    const std::string line = fmt::format("{}{} {} {}\n", torn ? "\n" : "", lower_case(address),
                                         key.to_base64(), to_rfc3339(now));
    return folder_.append_to_file(file, std::as_bytes(std::span(line.data(), line.size())));
}

}  // namespace chat::client
