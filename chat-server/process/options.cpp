// SPDX-License-Identifier: MIT
#include "chat-server/process/options.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <optional>
#include <sysexits.h>
#include <toml++/toml.h>

#include "chat-server/process/command_line.h"

namespace chat::server {
namespace {

constexpr int wrong_call = 2;

// What a configuration file may set, and as what.
enum class Kind { text, integer, boolean };
struct Setting {
    std::string_view name;
    Kind kind;
    std::string_view wanted;
};
constexpr std::array settings = std::to_array<Setting>({
    {"classic", Kind::text, "a text"},
    {"classic-silence-limit", Kind::integer, "a number"},
    {"data", Kind::text, "a text"},
    {"durability", Kind::text, "a text"},
    {"host", Kind::text, "a text"},
    {"log-format", Kind::text, "a text"},
    {"log-level", Kind::text, "a text"},
    {"member-limit", Kind::integer, "a number"},
    {"memory", Kind::boolean, "true or false"},
    {"message-rate", Kind::integer, "a number"},
    {"password-file", Kind::text, "a text"},
    {"port", Kind::integer, "a number"},
    {"retain-days", Kind::integer, "a number"},
    {"retain-mb", Kind::integer, "a number"},
});

std::optional<std::string> value_text(const toml::node& node, Kind kind) {
    switch (kind) {
        case Kind::text:
            if (node.is_string()) return *node.value<std::string>();
            break;
        case Kind::integer:
            if (node.is_integer()) return std::to_string(*node.value<std::int64_t>());
            break;
        case Kind::boolean:
            if (node.is_boolean()) return *node.value<bool>() ? "true" : "false";
            break;
    }
    return std::nullopt;
}

// The file's settings as arguments, but for those that `first` gives itself; or what is wrong
// with the file.
std::expected<std::vector<std::string>, std::string> read_settings(const std::string& path,
                                                                   const CommandLine& first) {
    std::vector<std::string> arguments;
    toml::table table;
    try {
        table = toml::parse_file(path);
    } catch (const toml::parse_error& e) {
        return std::unexpected(fmt::format("line {}: {}", e.source().begin.line, e.description()));
    }
    for (const auto& [key, node] : table) {
        const std::string name(key.str());
        const auto known = std::ranges::find(settings, name, &Setting::name);
        if (known == settings.end()) return std::unexpected(fmt::format("unknown key '{}'", name));
        const auto value = value_text(node, known->kind);
        if (!value) return std::unexpected(fmt::format("'{}' must be {}", name, known->wanted));
        std::string argument = fmt::format("--{}={}", name, *value);
        try {
            CommandLine().parse({argument});
        } catch (const CLI::ParseError& e) {
            return std::unexpected(std::string(e.what()));
        }
        if (!first.gives(name)) arguments.push_back(std::move(argument));
    }
    return arguments;
}

int refuse(std::string_view sentence, int status) {
    fmt::print(stderr, "chat-server: {}\n", sentence);
    return status;
}

}  // namespace

std::vector<std::string_view> file_settings() {
    std::vector<std::string_view> names;
    for (const Setting& setting : settings)
        names.push_back(setting.name);
    return names;
}

std::expected<Options, int> parse_options(const std::vector<std::string>& arguments) {
    CommandLine first;
    try {
        first.parse(arguments);
    } catch (const CLI::ParseError& e) {
        if (e.get_exit_code() == 0) return std::unexpected(first.explain(e));
        return std::unexpected(
            refuse(fmt::format("{}. Run with --help for the options.", e.what()), wrong_call));
    }
    if (first.config_file().empty()) {
        if (!first.check_config()) return first.options();
        return std::unexpected(
            refuse("--check-config tests the file that --config names.", wrong_call));
    }
    if (std::FILE* file = std::fopen(first.config_file().c_str(), "r")) {
        std::fclose(file);
    } else {
        return std::unexpected(refuse(fmt::format("{}: the configuration file can't be read: {}.",
                                                  first.config_file(), std::strerror(errno)),
                                      EX_NOINPUT));
    }
    auto all = read_settings(first.config_file(), first);
    if (!all) {
        return std::unexpected(
            refuse(fmt::format("{}: {}.", first.config_file(), all.error()), EX_CONFIG));
    }
    if (first.check_config()) {
        fmt::print("the configuration is good\n");
        return std::unexpected(0);
    }
    all->insert(all->end(), arguments.begin(), arguments.end());
    CommandLine both;
    both.parse(*all);  // each half was good
    return both.options();
}

}  // namespace chat::server
