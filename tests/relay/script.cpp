// SPDX-License-Identifier: MIT
#include "tests/relay/script.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <type_traits>
#include <utility>

namespace chat::relay {
namespace {

constexpr std::uint64_t share_max = 1000;
constexpr std::uint64_t count_max = 65'536;
constexpr std::uint64_t ms_max = 600'000;  // ten minutes: a delay, not a recording
constexpr std::uint64_t kbit_max = 10'000'000;
constexpr std::uint64_t seconds_max = 86'400;

using Bound = void (*)(Conditions&, std::uint64_t);

template <auto Member>
void set_number(Conditions& conditions, std::uint64_t value) {
    using Number = std::remove_reference_t<decltype(conditions.*Member)>;
    conditions.*Member = static_cast<Number>(value);
}

template <auto Member>
void set_ms(Conditions& conditions, std::uint64_t value) {
    conditions.*Member = milliseconds(static_cast<std::int64_t>(value));
}

struct Name {
    std::string_view name;
    std::uint64_t least;
    std::uint64_t most;
    Bound set;
    bool is_switch = false;
};

constexpr Name names[] = {
    {"blackout", 0, 1, set_number<&Conditions::blackout>, true},
    {"burst", 0, share_max, set_number<&Conditions::burst_permille>},
    {"burst_mean", 1, count_max, set_number<&Conditions::burst_mean>},
    {"delay_ms", 0, ms_max, set_ms<&Conditions::delay>},
    {"duplicate", 0, share_max, set_number<&Conditions::duplication_permille>},
    {"extend", 0, share_max, set_number<&Conditions::extend_permille>},
    {"flip", 0, share_max, set_number<&Conditions::flip_permille>},
    {"jitter_ms", 0, ms_max, set_ms<&Conditions::jitter>},
    {"loss", 0, share_max, set_number<&Conditions::loss_permille>},
    {"loss_run_max", 0, count_max, set_number<&Conditions::loss_run_max>},
    {"queue", 0, count_max, set_number<&Conditions::queue_datagrams_max>},
    {"rate_kbit", 0, kbit_max, set_number<&Conditions::rate_kbit_s>},
    {"reorder", 0, share_max, set_number<&Conditions::reorder_permille>},
    {"reorder_ms", 0, ms_max, set_ms<&Conditions::reorder_by>},
    {"truncate", 0, share_max, set_number<&Conditions::truncate_permille>},
};

std::unexpected<std::string> wrong(std::string sentence) {
    return std::unexpected(std::move(sentence));
}

std::optional<std::uint64_t> to_number(std::string_view text) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc() || stop != end) return std::nullopt;
    return value;
}

std::optional<Duration> to_seconds(std::string_view text) {
    const std::size_t point = text.find('.');
    const auto whole = to_number(text.substr(0, point));
    if (!whole || *whole > seconds_max) return std::nullopt;
    Duration time = seconds(static_cast<std::int64_t>(*whole));
    if (point == std::string_view::npos) return time;

    std::string fraction(text.substr(point + 1));
    if (fraction.empty() || fraction.size() > 6) return std::nullopt;
    fraction.resize(6, '0');
    const auto us = to_number(fraction);
    if (!us) return std::nullopt;
    return time + microseconds(static_cast<std::int64_t>(*us));
}

std::optional<std::vector<std::byte>> to_bytes(std::string_view hex) {
    if (hex.size() % 2 != 0) return std::nullopt;
    if (hex.size() / 2 > simulation::Impairment::datagram_bytes_max) return std::nullopt;
    std::vector<std::byte> bytes;
    bytes.reserve(hex.size() / 2);
    for (; !hex.empty(); hex.remove_prefix(2)) {
        unsigned value = 0;
        const auto [stop, error] = std::from_chars(hex.data(), hex.data() + 2, value, 16);
        if (error != std::errc() || stop != hex.data() + 2) return std::nullopt;
        bytes.push_back(static_cast<std::byte>(value));
    }
    return bytes;
}

class Words {
  public:
    explicit Words(std::string_view line) : rest_(line.substr(0, line.find('#'))) {}

    bool empty() const { return peek().empty(); }
    std::string_view peek() const {
        const std::size_t begin = std::min(rest_.find_first_not_of(blank), rest_.size());
        return rest_.substr(begin, rest_.find_first_of(blank, begin) - begin);
    }
    std::string_view take() {
        const std::string_view word = peek();
        rest_.remove_prefix(static_cast<std::size_t>(word.end() - rest_.begin()));
        return word;
    }
    bool take_if(std::string_view word) {
        if (peek() != word) return false;
        take();
        return true;
    }

  private:
    static constexpr std::string_view blank = " \t\r";
    std::string_view rest_;
};

Parsed<Duration> take_seconds(Words& words, std::string_view after) {
    const std::string_view word = words.take();
    if (const auto time = to_seconds(word)) return *time;
    return wrong(
        fmt::format("'{}' is no number of seconds up to {} after '{}'", word, seconds_max, after));
}

Parsed<std::size_t> take_client(Words& words) {
    const std::string_view word = words.take();
    const auto number = to_number(word);
    if (number && *number >= 1) return static_cast<std::size_t>(*number);
    return wrong(fmt::format("'{}' is no client; they are numbered from 1", word));
}

Parsed<SetConditions::Setting> parse_setting(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const auto* found = std::ranges::find(names, name, &Name::name);
    if (found == std::end(names) || equals == std::string_view::npos) {
        return wrong(fmt::format("'{}' is no setting", word));
    }
    const std::string_view text = word.substr(equals + 1);
    if (found->is_switch) {
        if (text == "on" || text == "off") return SetConditions::Setting{found->set, text == "on"};
        return wrong(fmt::format("'{}' wants on or off", name));
    }
    const auto value = to_number(text);
    if (!value || *value < found->least || *value > found->most) {
        return wrong(
            fmt::format("'{}' wants a number from {} to {}", name, found->least, found->most));
    }
    return SetConditions::Setting{found->set, *value};
}

Parsed<Command> parse_conditions(std::string_view way, Words& words) {
    SetConditions command{.up = way != "down", .down = way != "up", .settings = {}};
    if (words.empty()) return wrong(fmt::format("'{}' wants settings", way));
    command.clear = words.take_if("clear");
    while (!words.empty()) {
        const auto setting = parse_setting(words.take());
        if (!setting) return wrong(setting.error());
        command.settings.push_back(*setting);
    }
    return command;
}

Parsed<Command> parse_rebind(Words& words) {
    Rebind command;
    const std::string_view what = words.take();
    if (what != "port" && what != "address") {
        return wrong(fmt::format("'rebind' wants port or address, not '{}'", what));
    }
    command.address = what == "address";
    if (!words.empty()) {
        const auto client = take_client(words);
        if (!client) return wrong(client.error());
        command.client = *client;
    }
    return command;
}

Parsed<Command> parse_inject(Words& words) {
    Inject command;
    const std::string_view where = words.take();
    if (where == "up" || where == "down") {
        command.way = where == "up" ? Way::up : Way::down;
        const auto client = take_client(words);
        if (!client) return wrong(client.error());
        command.client = *client;
    } else if (where != "new") {
        return wrong(fmt::format("'inject' wants up, down or new, not '{}'", where));
    }
    auto bytes = to_bytes(words.take());
    if (!bytes) return wrong("'inject' wants the bytes of one datagram in hexadecimal");
    command.bytes = std::move(*bytes);
    return command;
}

Parsed<Command> parse_command(Words& words) {
    const std::string_view word = words.take();
    if (word == "both" || word == "up" || word == "down") return parse_conditions(word, words);
    if (word == "rebind") return parse_rebind(words);
    if (word == "inject") return parse_inject(words);
    if (word == "stats") return PrintStats{};
    return wrong(fmt::format("'{}' is no command", word));
}

}  // namespace

void SetConditions::apply(Conditions& conditions) const {
    if (clear) conditions = perfect;
    for (const Setting& setting : settings)
        setting.set(conditions, setting.value);
}

Parsed<std::optional<Step>> parse_line(std::string_view line) {
    Words words(line);
    if (words.empty()) return std::nullopt;
    Step step{};
    if (words.take_if("at")) {
        const auto at = take_seconds(words, "at");
        if (!at) return wrong(at.error());
        step.at = *at;
    }
    if (words.take_if("every")) {
        const auto every = take_seconds(words, "every");
        if (!every) return wrong(every.error());
        if (*every < milliseconds(1)) return wrong("'every' wants a millisecond at least");
        step.every = *every;
        if (words.take_if("for")) {
            const auto lasting = take_seconds(words, "for");
            if (!lasting) return wrong(lasting.error());
            step.lasting = *lasting;
        }
    }
    auto command = parse_command(words);
    if (!command) return wrong(std::move(command.error()));
    if (!words.empty()) return wrong(fmt::format("'{}' is one word too many", words.peek()));
    step.command = std::move(*command);
    return step;
}

Parsed<std::vector<Step>> parse_script(std::string_view text) {
    std::vector<Step> steps;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        auto step = parse_line(text.substr(0, end));
        if (!step) return wrong(fmt::format("line {}: {}", number, step.error()));
        if (*step) steps.push_back(std::move(**step));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return steps;
}

}  // namespace chat::relay
