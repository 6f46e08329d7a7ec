// SPDX-License-Identifier: MIT
// The command line and the configuration file of chat-server. A file (TOML) has the same names as
// the options; the command line wins.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "chat-server/core/server.h"
#include "chat-server/store/sqlite_log.h"

namespace chat::server {

struct Options {
    enum class Action {
        serve,
        announce,
        control,
        check,
        export_room,
        import_room,
        reindex,
        backup
    };
    Action action = Action::serve;

    std::string host = "0.0.0.0";
    std::uint16_t port = 8888;
    std::string data;
    bool memory = false;
    Durability durability = Durability::process;
    Retention retention;
    std::string password_file;  // empty: open to all
    std::string config_file;    // empty: none
    std::string log_level = "info";
    bool log_json = false;
    ServerConfig server;

    std::string text;  // to announce, or the control command
    std::string room;  // to export
    std::string file;  // to write or read; empty or "-": the standard stream
};

// Either what to do, or the exit status of a program that has nothing more to do (help printed,
// wrong call explained).
std::expected<Options, int> parse_options(const std::vector<std::string>& arguments);

// What a configuration file may set, by the option's name without its dashes.
std::vector<std::string_view> file_settings();

}  // namespace chat::server
