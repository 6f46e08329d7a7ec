// SPDX-License-Identifier: MIT
#include "sys/clock.h"

#include <ctime>

namespace chat::sys {

Instant monotonic_now() {
    timespec t{};
    clock_gettime(CLOCK_MONOTONIC, &t);
    return {std::int64_t{t.tv_sec} * 1'000'000 + t.tv_nsec / 1000};
}

WallTime wall_now() {
    timespec t{};
    clock_gettime(CLOCK_REALTIME, &t);
    return {std::int64_t{t.tv_sec} * 1000 + t.tv_nsec / 1'000'000};
}

}  // namespace chat::sys
