// SPDX-License-Identifier: MIT
#include "chat-client/process/options.h"

#include <CLI/CLI.hpp>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <sysexits.h>

#include "proto/wire/name.h"

namespace chat::client {
namespace {

constexpr int wrong_call = 2;

int refuse(std::string_view sentence, int status) {
    fmt::print(stderr, "chat-client: {}\n", sentence);
    return status;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (value < 1 || value > 65535) return std::nullopt;
    return static_cast<std::uint16_t>(value);
}

// "host", "host:port", "v6", "[v6]", "[v6]:port" into host and port; false if it is none of these.
bool split_host(std::string text, std::string& host, std::string& port) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string::npos) return false;
        host = text.substr(1, end - 1);
        const std::string rest = text.substr(end + 1);
        if (rest.empty()) return !host.empty();
        port = rest.substr(1);
        return rest.starts_with(':') && !host.empty();
    }
    const auto colon = text.find(':');
    if (colon != std::string::npos && text.find(':', colon + 1) == std::string::npos) {
        host = text.substr(0, colon);
        port = text.substr(colon + 1);
        return !host.empty();
    }
    host = std::move(text);
    return !host.empty();
}

}  // namespace

std::expected<Options, int> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    CLI::App app("A group chat over UDP: the client.", "chat-client");
    app.set_version_flag("--version", "chat-client " CHAT_VERSION);
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);

    std::string host_text = options.host;
    std::string port_text;
    app.add_option("host", host_text, "the server; HOST:PORT and [v6]:PORT work too")
        ->type_name("HOST")
        ->capture_default_str();
    app.add_option("port", port_text, "its UDP port (default 8888)")->type_name("PORT");
    const auto* name =
        app.add_option("-n,--name", options.name, "your name there; asked for if not given")
            ->type_name("NAME");
    app.add_option("-r,--room", options.room, "the room to be in")
        ->type_name("ROOM")
        ->capture_default_str();
    bool plain = false, json = false, classic = false, accept_new_key = false;
    auto* plain_flag = app.add_flag("--plain", plain,
                                    "no full screen: a line in is a message, a line out an event");
    app.add_flag("--json", json, "the same with JSON Lines, for programs")->excludes(plain_flag);
    app.add_flag("--classic", classic,
                 "insist on the plain-text protocol, the only one this version speaks");
    std::string data, accept_key, password_file;
    app.add_option("--data", data, "folder for what the client remembers (nothing with --classic)")
        ->type_name("DIR");
    app.add_option("--accept-key", accept_key, "trust exactly this server key")
        ->type_name("FINGERPRINT");
    app.add_flag("--accept-new-key", accept_new_key,
                 "trust a server seen for the first time without asking");
    app.add_option("--password-file", password_file, "the server's password")->type_name("FILE");

    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return std::unexpected(app.exit(e));
        return std::unexpected(
            refuse(fmt::format("{}. Run with --help for the options.", e.what()), wrong_call));
    }

    if (name->count() > 0) {
        if (const auto checked = check_name(options.name); !checked) {
            return std::unexpected(
                refuse(checked.error() == NameError::too_long
                           ? "the name is too long; it may have 32 bytes."
                           : "the name can't be used; take letters and figures, without spaces.",
                       wrong_call));
        }
    }
    std::string port_in_host;
    if (!split_host(host_text, options.host, port_in_host)) {
        return std::unexpected(refuse(
            fmt::format("'{}' is not an address. Write HOST, HOST:PORT or [v6]:PORT.", host_text),
            wrong_call));
    }
    if (port_text.empty()) port_text = port_in_host;
    if (!port_text.empty() || host_text.ends_with(':')) {
        const auto port = parse_port(port_text);
        if (!port) {
            return std::unexpected(refuse(
                fmt::format("'{}' is not a port. A port is a number from 1 to 65535.", port_text),
                wrong_call));
        }
        options.port = *port;
    }
    // A key or a password that nobody checks would be a false promise.
    if (!accept_key.empty()) {
        return std::unexpected(
            refuse("the plain-text protocol has no keys, so the server cannot prove the key that "
                   "--accept-key asks for. Leave the option out to join without that proof.",
                   EX_NOPERM));
    }
    if (!password_file.empty()) {
        return std::unexpected(refuse(
            "the plain-text protocol has no passwords. Leave out --password-file.", EX_NOPERM));
    }
    if (options.room != "lobby") {
        return std::unexpected(
            refuse("the plain-text protocol has one room, lobby. Leave out --room.", wrong_call));
    }
    if (plain) options.mode = Options::Mode::plain;
    if (json) options.mode = Options::Mode::json;
    return options;
}

}  // namespace chat::client
