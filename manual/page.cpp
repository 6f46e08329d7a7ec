// SPDX-License-Identifier: MIT
#include "manual/page.h"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <functional>
#include <map>
#include <sstream>

#include "proto/wire/text.h"

namespace chat::manual {
namespace {

// Text as roff shows it; every hyphen as the character that can be typed.
std::string literal(std::string_view text) {
    static const std::map<char, std::string_view> glyphs{
        {'\\', "\\(rs"}, {'-', "\\-"},   {'~', "\\(ti"},
        {'^', "\\(ha"},  {'`', "\\(ga"}, {'\'', "\\(aq"},
    };
    std::string shown;
    for (const char c : text) {
        const auto glyph = glyphs.find(c);
        shown += glyph == glyphs.end() ? std::string(1, c) : std::string(glyph->second);
    }
    return shown;
}

// The same for sentences, where a hyphen is one unless the word is an option.
std::string prose(std::string_view text) {
    std::string shown;
    std::istringstream in{std::string(text)};
    for (std::string word; in >> word;) {
        if (!shown.empty()) shown += ' ';
        if (word.starts_with('-')) {
            shown += literal(word);
            continue;
        }
        for (const char c : word)
            shown += c == '-' ? "-" : c == '\'' ? "'" : literal({&c, 1});
    }
    const bool request = shown.starts_with('.') || shown.starts_with('\'');
    return fmt::format("{}{}", request ? "\\&" : "", shown);
}

// A sentence from the words of a table, which begin small and have no full stop.
std::string sentence(std::string text) {
    if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
        text[0] = static_cast<char>(text[0] - 'a' + 'A');
    }
    if (!text.ends_with('.')) text += '.';
    return prose(text);
}

std::string bold(std::string_view text) {
    return fmt::format("\\fB{}\\fR", literal(text));
}
std::string italic(std::string_view text) {
    return fmt::format("\\fI{}\\fR", literal(text));
}

// NAME is to be replaced, process|power are words to choose from.
std::string value_name(const Value& value) {
    if (value.name.find('|') == std::string::npos) return italic(value.name);
    std::string shown = bold(value.name);
    for (auto bar = shown.find('|'); bar != std::string::npos; bar = shown.find('|', bar + 5))
        shown.replace(bar, 1, "\\fR|\\fB");
    return shown;
}

std::string place(const Value& value) {
    return value_name(value) + (value.repeated ? "..." : "");
}

std::string head(const Option& option) {
    std::string line;
    if (option.argument) line = place(option.value);
    for (const auto& name : option.names) {
        if (!line.empty()) line += ", ";
        line += bold(name);
    }
    if (!option.names.empty() && !option.value.name.empty()) {
        line += fmt::format(" {}", value_name(option.value));
    }
    return line;
}

std::string item(const Option& option) {
    const Value& value = option.value;
    std::string text = fmt::format(".TP\n{}\n{}\n", head(option), sentence(option.help));
    if (!value.choices.empty() && value.name.find('|') == std::string::npos) {
        text += fmt::format("It is one of {}.\n", fmt::join(value.choices, ", "));
    }
    if (!value.least.empty()) text += fmt::format("From {} to {}.\n", value.least, value.most);
    if (!value.standard.empty()) text += fmt::format("Default: {}.\n", literal(value.standard));
    for (const auto& other : option.not_with)
        text += fmt::format("Not together with {}.\n", bold(other));
    return text;
}

std::vector<Option> arguments_of(const Command& command) {
    std::vector<Option> arguments;
    std::ranges::copy_if(command.options, std::back_inserter(arguments), &Option::argument);
    return arguments;
}

// "[HOST [PORT]]": what is optional needs what stands before it.
std::string places(const Command& command) {
    std::string line, closing;
    for (const Option& argument : arguments_of(command)) {
        const bool optional = !argument.value.required;
        line += fmt::format(" {}{}", optional ? "[" : "", place(argument.value));
        if (optional) closing += ']';
    }
    return line + closing;
}

std::string options_in_short(const Command& command) {
    std::string line;
    for (const Option& option : command.options) {
        if (option.argument || option.names.back() == "--help") continue;
        line += fmt::format(" [{}{}{}]", bold(option.names.back()),
                            option.value.name.empty() ? "" : " ", value_name(option.value));
    }
    return line;
}

std::string synopsis(const Program& program) {
    const Command& main = program.command;
    std::string text =
        fmt::format("{} [{}]...{}\n", bold(main.name), italic("OPTION"), places(main));
    for (const Command& sub : main.commands) {
        text += fmt::format(".br\n{} {}{}{}\n", bold(main.name), bold(sub.name),
                            options_in_short(sub), places(sub));
    }
    return text;
}

std::string options(const Program& program) {
    std::string text;
    for (const bool argument : {true, false}) {
        for (const Option& option : program.command.options) {
            if (option.argument == argument) text += item(option);
        }
    }
    return text;
}

std::string subcommands(const Program& program) {
    std::string text;
    for (const Command& sub : program.command.commands) {
        text += fmt::format(".TP\n{}{}\n{}\n", bold(sub.name), places(sub), sentence(sub.help));
        for (const Option& argument : arguments_of(sub)) {
            // One argument that says no more than its name.
            if (argument.value.repeated) continue;
            text += fmt::format("{}: {}\n", value_name(argument.value), prose(argument.help + "."));
        }
    }
    return text;
}

std::string typed(const Program& program) {
    std::string text;
    for (const Typed& command : program.typed) {
        const auto blank = command.usage.find(' ');
        const std::string rest = blank == std::string::npos
                                     ? ""
                                     : fmt::format(" {}", italic(command.usage.substr(blank + 1)));
        text += fmt::format(".TP\n{}{}\n{}\n", bold(command.usage.substr(0, blank)), rest,
                            sentence(command.help));
    }
    return text;
}

std::string settings(const Program& program) {
    std::string text;
    for (const auto& name : program.file_settings)
        text += fmt::format("{}{}", text.empty() ? "" : ",\n", bold(name));
    return text + ".\n";
}

std::string key_items(const KeyTable& keys) {
    std::string text;
    for (const auto& [key, meaning] : keys)
        text += fmt::format(".TP\n{}\n{}\n", bold(key), sentence(meaning));
    return text;
}

}  // namespace

std::optional<KeyTable> read_key_table(std::string_view markdown) {
    KeyTable keys;
    bool inside = false;
    std::istringstream in{std::string(markdown)};
    for (std::string line; std::getline(in, line);) {
        if (line == "| key | does |") {
            inside = true;
        } else if (inside && line.starts_with("| ")) {
            const std::string_view row(line);
            const auto bar = row.find(" | ");
            if (bar == std::string_view::npos) return std::nullopt;
            keys.emplace_back(trim(row.substr(2, bar - 2)),
                              trim(row.substr(bar + 3, row.rfind('|') - bar - 3)));
        } else if (inside && !line.starts_with('|')) {
            break;
        }
    }
    if (keys.empty()) return std::nullopt;
    return keys;
}

std::expected<std::string, std::string> write_page(std::string_view page_prose,
                                                   const Program& program, const KeyTable& keys) {
    // What the program has not, its page need not ask for.
    std::map<std::string, std::function<std::string()>> tables{
        {"@options@", [&] { return options(program); }},
        {"@synopsis@", [&] { return synopsis(program); }},
        {"@typed@", [&] { return typed(program); }},
    };
    if (!program.command.commands.empty()) {
        tables["@subcommands@"] = [&] { return subcommands(program); };
    }
    if (!program.file_settings.empty()) tables["@settings@"] = [&] { return settings(program); };
    if (page_prose.find("@keys@") != std::string_view::npos) {
        tables["@keys@"] = [&] { return key_items(keys); };
    }
    std::string page;
    std::istringstream in{std::string(page_prose)};
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with('@')) {
            constexpr std::string_view mark = "@version@";
            const auto at = line.find(mark);
            if (at != std::string::npos) line.replace(at, mark.size(), program.version);
            page += line + '\n';
            continue;
        }
        const auto table = tables.find(line);
        if (table == tables.end()) {
            return std::unexpected(fmt::format("there is no table {}, or it stands twice", line));
        }
        page += table->second();
        tables.erase(table);
    }
    if (!tables.empty()) {
        return std::unexpected(fmt::format("{} is missing", tables.begin()->first));
    }
    return page;
}

}  // namespace chat::manual
