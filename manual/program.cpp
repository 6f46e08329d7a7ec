// SPDX-License-Identifier: MIT
#include "manual/program.h"

#include <CLI/CLI.hpp>
#include <sstream>

namespace chat::manual {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> parts;
    std::istringstream in(text);
    for (std::string part; std::getline(in, part, separator);)
        parts.push_back(part);
    return parts;
}

// What CLI11 says of its check: "{text,json}" or "INT in [0 - 65535]".
void read_check(const std::string& check, Value& value) {
    if (check.starts_with('{') && check.ends_with('}')) {
        value.choices = split(check.substr(1, check.size() - 2), ',');
        return;
    }
    const auto begin = check.find(" in [");
    const auto middle = check.find(" - ", begin);
    if (begin == std::string::npos || middle == std::string::npos) return;
    value.least = check.substr(begin + 5, middle - begin - 5);
    value.most = check.substr(middle + 3, check.size() - middle - 4);
}

Value read_value(const CLI::Option& option) {
    Value value;
    if (option.get_expected_max() == 0) return value;
    // "NAME" or "NAME:check".
    const std::string type = option.get_type_name();
    const auto colon = type.find(':');
    value.name = type.substr(0, colon);
    if (colon != std::string::npos) read_check(type.substr(colon + 1), value);
    value.standard = option.get_default_str();
    value.required = option.get_required();
    value.repeated = option.get_expected_max() > 1;
    return value;
}

std::vector<std::string> names_of(const CLI::Option& option) {
    std::vector<std::string> names;
    for (const auto& name : option.get_snames())
        names.push_back("-" + name);
    for (const auto& name : option.get_lnames())
        names.push_back("--" + name);
    return names;
}

}  // namespace

Command read_command(const CLI::App& app) {
    Command command{app.get_name(), app.get_description(), {}, {}};
    for (const CLI::Option* option : app.get_options(nullptr)) {
        Option read{names_of(*option),
                    option->get_positional(),
                    read_value(*option),
                    {},
                    option->get_description()};
        for (const CLI::Option* other : option->get_excludes())
            read.not_with.push_back(names_of(*other).back());
        command.options.push_back(std::move(read));
    }
    for (const CLI::App* sub : app.get_subcommands(nullptr))
        command.commands.push_back(read_command(*sub));
    return command;
}

std::expected<std::vector<Typed>, std::string> read_help(std::string_view text) {
    std::vector<Typed> commands;
    for (const std::string& line : split(std::string(text), '\n')) {
        if (!line.starts_with('/')) continue;
        const auto gap = line.find("  ");
        const auto help = line.find_first_not_of(' ', gap);
        if (gap == std::string::npos || help == std::string::npos) return std::unexpected(line);
        commands.push_back({line.substr(0, gap), line.substr(help)});
    }
    return commands;
}

std::string word_of(const Typed& typed) {
    return typed.usage.substr(1, typed.usage.find(' ') - 1);
}

}  // namespace chat::manual
