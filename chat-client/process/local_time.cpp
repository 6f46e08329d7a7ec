// SPDX-License-Identifier: MIT
#include "chat-client/process/local_time.h"

#include <ctime>
#include <fmt/format.h>

namespace chat::client {
namespace {

std::tm local_parts(WallTime time) {
    const std::time_t at = static_cast<std::time_t>(time.unix_ms / 1000);
    std::tm parts{};
    localtime_r(&at, &parts);
    return parts;
}

}  // namespace

std::string local_clock(WallTime time) {
    const auto parts = local_parts(time);
    return fmt::format("{:02}:{:02}", parts.tm_hour, parts.tm_min);
}

std::string local_date(WallTime time) {
    const auto parts = local_parts(time);
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                       parts.tm_mday, parts.tm_hour, parts.tm_min);
}

}  // namespace chat::client
