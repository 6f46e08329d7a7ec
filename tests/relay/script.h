// SPDX-License-Identifier: MIT
// The relay's language, one command a line, in a script file or on standard input:
//
//   line    = [ "at" SECONDS ] [ "every" SECONDS [ "for" SECONDS ] ] command
//   command = "both" | "up" | "down", then one or more of: "clear", NAME=VALUE
//           | "rebind" "port" | "rebind" "address", then perhaps a CLIENT
//           | "inject" "up" CLIENT HEX | "inject" "down" CLIENT HEX | "inject" "new" HEX
//           | "stats"
//
// Seconds may have a fraction of at most six digits; they count from the relay's start, in a live
// line from its arrival. What repeats does so while less than "for" has passed since its first
// time. Settings add to what holds; "clear" forgets it first, and a link is then perfect. Clients
// are numbered from 1 as they come. NAME is one of
//
//   loss burst duplicate flip truncate extend reorder   shares, of a thousand
//   burst_mean loss_run_max queue                       datagrams
//   delay_ms jitter_ms reorder_ms                       milliseconds
//   rate_kbit                                           kbit/s, 0 for no limit
//   blackout                                            on or off
//
// with the meaning of tests/support/impairment.h. Empty lines say nothing, nor does what follows
// a '#'. Pure: text in, values or one sentence out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "proto/wire/time.h"
#include "tests/support/impairment.h"

namespace chat::relay {

using simulation::Conditions;

constexpr Conditions perfect{.delay = {}};
// What a line of live input may need for the longest datagram in hexadecimal.
constexpr std::size_t line_bytes_max = 2 * simulation::Impairment::datagram_bytes_max + 200;

// Up is from the client to the server.
enum class Way : std::uint8_t { up, down };

struct SetConditions {
    struct Setting {
        void (*set)(Conditions& conditions, std::uint64_t value) = nullptr;
        std::uint64_t value = 0;
    };

    bool up = false;
    bool down = false;
    bool clear = false;
    std::vector<Setting> settings;

    void apply(Conditions& conditions) const;
};

// A new socket towards the server, for one client or all of them.
struct Rebind {
    bool address = false;  // another IP address too, not only another port
    std::optional<std::size_t> client;
};

// A datagram that nobody sent, past all conditions.
struct Inject {
    std::optional<Way> way;  // none: to the server, from an address it has never seen
    std::size_t client = 0;
    std::vector<std::byte> bytes;
};

struct PrintStats {};

using Command = std::variant<SetConditions, Rebind, Inject, PrintStats>;

struct Step {
    Duration at;
    std::optional<Duration> every;
    std::optional<Duration> lasting;  // none: to the end
    Command command;
};

template <class T>
using Parsed = std::expected<T, std::string>;

// Nothing for a line that says nothing.
Parsed<std::optional<Step>> parse_line(std::string_view line);
// The error begins with "line N: ".
Parsed<std::vector<Step>> parse_script(std::string_view text);

}  // namespace chat::relay
