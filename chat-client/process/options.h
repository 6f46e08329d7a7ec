// SPDX-License-Identifier: MIT
// The command line of chat-client.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

namespace chat::client {

struct Options {
    enum class Mode { full_screen, plain, json };

    std::string host = "127.0.0.1";
    std::uint16_t port = 8888;
    std::string name;  // empty: ask
    std::string room = "lobby";
    Mode mode = Mode::full_screen;
};

// Either what to do, or the exit status of a program that has nothing more to do.
std::expected<Options, int> parse_options(const std::vector<std::string>& arguments);

}  // namespace chat::client
