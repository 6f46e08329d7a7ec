// SPDX-License-Identifier: MIT
// The command line of chat-client.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/process/protocol.h"

namespace chat::client {

struct Options {
    enum class Mode : std::uint8_t { full_screen, plain, json };

    std::string host = "127.0.0.1";
    std::uint16_t port = 8888;
    std::string name;  // empty: ask
    std::string room = "lobby";
    Mode mode = Mode::full_screen;
    Protocol protocol = Protocol::secure;

    // These mean nothing to the plain-text protocol.
    std::string data;
    std::string accept_key;  // a fingerprint; empty: none
    bool accept_new_key = false;
    std::string password_file;  // empty: none
};

// Either what to do, or the exit status of a program that has nothing more to do.
std::expected<Options, int> parse_options(const std::vector<std::string>& arguments);

// How people write it, and how it is remembered: "host:port", "[v6]:port".
std::string server_address(std::string_view host, std::uint16_t port);

}  // namespace chat::client
