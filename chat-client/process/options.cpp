// SPDX-License-Identifier: MIT
#include "chat-client/process/options.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <optional>
#include <sysexits.h>

#include "chat-client/process/command_line.h"
#include "proto/wire/name.h"

namespace chat::client {
namespace {

constexpr int wrong_call = 2;
constexpr std::size_t fingerprint_characters = 20;  // proto/session/keys.h

int refuse_call(std::string_view sentence, int status) {
    fmt::print(stderr, "chat-client: {}\n", sentence);
    return status;
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
    CommandLine line;
    try {
        line.app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return std::unexpected(line.app.exit(e));
        return std::unexpected(
            refuse_call(fmt::format("{}. Run with --help for the options.", e.what()), wrong_call));
    }
    Options options = line.options;

    if (line.gives("--name")) {
        if (const auto checked = check_name(options.name); !checked) {
            return std::unexpected(refuse_call(
                checked.error() == NameError::too_long
                    ? "the name is too long; it may have 32 bytes."
                    : "the name can't be used; take letters and figures, without spaces.",
                wrong_call));
        }
    }
    std::string port_in_host;
    if (!split_host(line.host, options.host, port_in_host)) {
        return std::unexpected(refuse_call(
            fmt::format("'{}' is not an address. Write HOST, HOST:PORT or [v6]:PORT.", line.host),
            wrong_call));
    }
    const std::string& port_text = line.port.empty() ? port_in_host : line.port;
    if (!port_text.empty() || line.host.ends_with(':')) {
        const auto port = parse_port(port_text);
        if (!port) {
            return std::unexpected(refuse_call(
                fmt::format("'{}' is not a port. A port is a number from 1 to 65535.", port_text),
                wrong_call));
        }
        options.port = *port;
    }
    // A key or a password that nobody checks would be a false promise.
    if (line.classic && line.gives("--accept-key")) {
        return std::unexpected(refuse_call(
            "the plain-text protocol has no keys, so the server cannot prove the key that "
            "--accept-key asks for. Leave out --classic, or --accept-key.",
            EX_NOPERM));
    }
    if (line.classic && !options.password_file.empty()) {
        return std::unexpected(
            refuse_call("the plain-text protocol has no passwords. Leave out --classic, or "
                        "--password-file.",
                        EX_NOPERM));
    }
    if (line.classic && options.room != "lobby") {
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
    if (line.gives("--accept-key")) {
        const auto fingerprint = parse_fingerprint(line.accept_key);
        if (!fingerprint) {
            return std::unexpected(refuse_call(
                fmt::format("'{}' is not the fingerprint of a key. It is the word behind "
                            "\"key\" in the server's first line: 20 characters, a to z "
                            "and 2 to 7.",
                            line.accept_key),
                wrong_call));
        }
        options.accept_key = *fingerprint;
    }
    if (line.classic) options.protocol = Protocol::classic;
    if (!line.classic && options.data.empty()) {
        return std::unexpected(refuse_call(
            "there is no folder for your key. Name one with --data, or set HOME.", wrong_call));
    }
    if (line.plain) options.mode = Options::Mode::plain;
    if (line.json) options.mode = Options::Mode::json;
    return options;
}

std::string server_address(std::string_view host, std::uint16_t port) {
    const bool v6 = host.find(':') != std::string_view::npos;
    return v6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace chat::client
