// SPDX-License-Identifier: MIT
// Time as an integer in a strong type, so that a deadline is never mistaken for a delay or a
// count. Nothing here reads a clock: `now` comes in as an argument, read once per loop turn by
// the process (sys/clock.h) or made up by the simulated world. That is why one turn sees one
// "now" and why an hour of chat can be tested in milliseconds.
#pragma once

#include <compare>
#include <cstdint>

namespace chat {

// A length of time in microseconds; may be negative.
struct Duration {
    std::int64_t us = 0;

    friend constexpr auto operator<=>(Duration, Duration) = default;
    friend constexpr Duration operator+(Duration a, Duration b) { return {a.us + b.us}; }
    friend constexpr Duration operator-(Duration a, Duration b) { return {a.us - b.us}; }
    friend constexpr Duration operator*(Duration a, std::int64_t n) { return {a.us * n}; }
    friend constexpr Duration operator/(Duration a, std::int64_t n) { return {a.us / n}; }
};

constexpr Duration microseconds(std::int64_t n) {
    return {n};
}
constexpr Duration milliseconds(std::int64_t n) {
    return {n * 1000};
}
constexpr Duration seconds(std::int64_t n) {
    return {n * 1'000'000};
}

// A point on the monotonic clock; its zero has no meaning outside one run.
struct Instant {
    std::int64_t us = 0;

    friend constexpr auto operator<=>(Instant, Instant) = default;
    friend constexpr Instant operator+(Instant t, Duration d) { return {t.us + d.us}; }
    friend constexpr Instant operator-(Instant t, Duration d) { return {t.us - d.us}; }
    friend constexpr Duration operator-(Instant a, Instant b) { return {a.us - b.us}; }
};

// Milliseconds since 1970-01-01T00:00:00Z. For people to read; never for ordering or timers.
struct WallTime {
    std::int64_t unix_ms = 0;

    friend constexpr auto operator<=>(WallTime, WallTime) = default;
};

// What one loop turn knows of the time.
struct Now {
    Instant at;
    WallTime wall;
};

}  // namespace chat
