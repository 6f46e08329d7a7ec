// SPDX-License-Identifier: MIT
#include "chat-client/process/command_line.h"

#include <cstdlib>

namespace chat::client {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

// Empty: there is none.
std::string default_data_folder() {
    // A relative path there is to be ignored (XDG Base Directory Specification).
    if (const auto share = environment("XDG_DATA_HOME"); share.starts_with('/')) {
        return share + "/chat-client";
    }
    if (const auto home = environment("HOME"); !home.empty()) {
        return home + "/.local/share/chat-client";
    }
    return {};
}

}  // namespace

CommandLine::CommandLine() : app("A group chat over UDP: the client.", "chat-client") {
    app.set_version_flag("--version", "chat-client " CHAT_VERSION);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);

    app.add_option("host", host, "the server; HOST:PORT and [v6]:PORT work too")
        ->type_name("HOST")
        ->capture_default_str();
    app.add_option("port", port, "its UDP port")
        ->type_name("PORT")
        ->default_str(std::to_string(options.port));
    app.add_option("-n,--name", options.name, "your name there; asked for if not given")
        ->type_name("NAME");
    app.add_option("-r,--room", options.room, "the room to be in first; it is made if need be")
        ->type_name("ROOM")
        ->capture_default_str();
    auto* plain_flag = app.add_flag("--plain", plain,
                                    "no full screen: a line in is a message, a line out an event");
    app.add_flag("--json", json, "the same with JSON Lines, for programs")->excludes(plain_flag);
    app.add_flag("--classic", classic,
                 "speak the plain-text protocol, unprotected, to an original server");
    options.data = default_data_folder();
    app.add_option("--data", options.data, "folder for your key and those of servers you trust")
        ->type_name("DIR")
        ->capture_default_str();
    app.add_option("--accept-key", accept_key, "trust exactly this server key")
        ->type_name("FINGERPRINT");
    app.add_flag("--accept-new-key", options.accept_new_key,
                 "trust a server seen for the first time without asking");
    app.add_option("--password-file", options.password_file,
                   "the server's password is this file's first line")
        ->type_name("FILE");
}

}  // namespace chat::client
