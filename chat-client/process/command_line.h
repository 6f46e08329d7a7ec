// SPDX-License-Identifier: MIT
// The options of chat-client: the table that --help prints, that a call is parsed by and that the
// manual page and the completions are written from. Whether the values make sense together is
// options.h.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "chat-client/process/options.h"

namespace chat::client {

// With what it sets, as it was written. One is good for one parse, which throws what CLI11 throws.
struct CommandLine {
    CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    bool gives(const std::string& name) const { return app.get_option(name)->count() > 0; }

    Options options;  // the name, the room, the folder, the password's file, accept_new_key
    std::string host = options.host;
    std::string port;
    bool plain = false;
    bool json = false;
    bool classic = false;
    std::string accept_key;
    CLI::App app;
};

}  // namespace chat::client
