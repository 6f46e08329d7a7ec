// SPDX-License-Identifier: MIT
#include "chat-client/process/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <optional>
#include <sysexits.h>

#include "proto/wire/name.h"

namespace chat::client {
namespace {

constexpr int wrong_call = 2;
constexpr std::size_t fingerprint_characters = 20;  // proto/session/keys.h

int refuse_call(std::string_view sentence, int status) {
    fmt::print(stderr, "chat-client: {}\n", sentence);
    return status;
}

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

// In lower case; nothing if it is no fingerprint.
std::optional<std::string> parse_fingerprint(std::string text) {
    for (char& c : text) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    const auto is_base32 = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7'); };
    if (text.size() != fingerprint_characters || !std::ranges::all_of(text, is_base32)) {
        return std::nullopt;
    }
    return text;
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
    app.add_option("-r,--room", options.room, "the room to be in first; it is made if need be")
        ->type_name("ROOM")
        ->capture_default_str();
    bool plain = false, json = false, classic = false;
    auto* plain_flag = app.add_flag("--plain", plain,
                                    "no full screen: a line in is a message, a line out an event");
    app.add_flag("--json", json, "the same with JSON Lines, for programs")->excludes(plain_flag);
    app.add_flag("--classic", classic,
                 "speak the plain-text protocol, unprotected, to an original server");
    options.data = default_data_folder();
    app.add_option("--data", options.data, "folder for your key and those of servers you trust")
        ->type_name("DIR")
        ->capture_default_str();
    std::string accept_key;
    const auto* accept_key_option =
        app.add_option("--accept-key", accept_key, "trust exactly this server key")
            ->type_name("FINGERPRINT");
    app.add_flag("--accept-new-key", options.accept_new_key,
                 "trust a server seen for the first time without asking");
    app.add_option("--password-file", options.password_file,
                   "the server's password is this file's first line")
        ->type_name("FILE");

    try {
        app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return std::unexpected(app.exit(e));
        return std::unexpected(
            refuse_call(fmt::format("{}. Run with --help for the options.", e.what()), wrong_call));
    }

    if (name->count() > 0) {
        if (const auto checked = check_name(options.name); !checked) {
            return std::unexpected(refuse_call(
                checked.error() == NameError::too_long
                    ? "the name is too long; it may have 32 bytes."
                    : "the name can't be used; take letters and figures, without spaces.",
                wrong_call));
        }
    }
    std::string port_in_host;
    if (!split_host(host_text, options.host, port_in_host)) {
        return std::unexpected(refuse_call(
            fmt::format("'{}' is not an address. Write HOST, HOST:PORT or [v6]:PORT.", host_text),
            wrong_call));
    }
    if (port_text.empty()) port_text = port_in_host;
    if (!port_text.empty() || host_text.ends_with(':')) {
        const auto port = parse_port(port_text);
        if (!port) {
            return std::unexpected(refuse_call(
                fmt::format("'{}' is not a port. A port is a number from 1 to 65535.", port_text),
                wrong_call));
        }
        options.port = *port;
    }
    // A key or a password that nobody checks would be a false promise.
    if (classic && accept_key_option->count() > 0) {
        return std::unexpected(refuse_call(
            "the plain-text protocol has no keys, so the server cannot prove the key that "
            "--accept-key asks for. Leave out --classic, or --accept-key.",
            EX_NOPERM));
    }
    if (classic && !options.password_file.empty()) {
        return std::unexpected(
            refuse_call("the plain-text protocol has no passwords. Leave out --classic, or "
                        "--password-file.",
                        EX_NOPERM));
    }
    if (classic && options.room != "lobby") {
        return std::unexpected(refuse_call(
            "the plain-text protocol has one room. Leave out --classic, or --room.", wrong_call));
    }
    // "@bob" is the conversation with bob.
    if (options.room.starts_with('@') || !check_name(options.room)) {
        return std::unexpected(
            refuse_call("that is no name for a room; take letters and figures, at most 32 bytes, "
                        "without spaces.",
                        wrong_call));
    }
    if (accept_key_option->count() > 0) {
        const auto fingerprint = parse_fingerprint(accept_key);
        if (!fingerprint) {
            return std::unexpected(refuse_call(
                fmt::format("'{}' is not the fingerprint of a key. It is the word behind "
                            "\"key\" in the server's first line: 20 characters, a to z "
                            "and 2 to 7.",
                            accept_key),
                wrong_call));
        }
        options.accept_key = *fingerprint;
    }
    if (classic) options.protocol = Protocol::classic;
    if (!classic && options.data.empty()) {
        return std::unexpected(refuse_call(
            "there is no folder for your key. Name one with --data, or set HOME.", wrong_call));
    }
    if (plain) options.mode = Options::Mode::plain;
    if (json) options.mode = Options::Mode::json;
    return options;
}

std::string server_address(std::string_view host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string_view::npos;
    return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace chat::client
