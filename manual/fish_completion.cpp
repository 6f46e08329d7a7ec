// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "manual/completion.h"

namespace chat::manual {
namespace {

// fish 4.0's own __fish_seen_subcommand_from takes part of a word for the word.
constexpr std::string_view seen_function = R"(function {}
    for word in (commandline -opc)[2..]
        contains -- $word $argv; and return 0
    end
    return 1
end
)";

std::string fish_word(std::string_view text) {
    std::string shown = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') shown += '\\';
        shown += c;
    }
    return shown + "'";
}

// The words behind `complete` that say what a value may be.
std::string values(const Value& value) {
    if (!value.choices.empty()) {
        return fmt::format(" -x -a {}",
                           fish_word(fmt::format("{}", fmt::join(value.choices, " "))));
    }
    switch (found_as(value.name)) {
        case Found::file:
            return " -r -F";
        case Found::folder:
            return " -x -a '(__fish_complete_directories)'";
        case Found::host:
            return " -x -a '(__fish_print_hostnames)'";
        case Found::nothing:
            break;
    }
    return " -x";
}

std::string lines(const Program& program, const Command& command, const std::string& condition) {
    std::string text;
    const std::string begin = fmt::format(
        "complete -c {}{}", program.command.name,
        condition.empty() ? std::string() : fmt::format(" -n {}", fish_word(condition)));
    for (const Option& option : command.options) {
        // An address to listen on is known to whoever types it.
        if (option.argument && command.commands.empty() &&
            found_as(option.value.name) != Found::nothing) {
            const bool host = found_as(option.value.name) == Found::host;
            text += fmt::format("{} {}\n", begin, host ? "-a '(__fish_print_hostnames)'" : "-F");
        }
        if (option.names.empty()) continue;
        text += begin;
        for (const auto& name : option.names) {
            const bool is_long = name.starts_with("--");
            text += fmt::format(" {} {}", is_long ? "-l" : "-s", name.substr(is_long ? 2 : 1));
        }
        text += fmt::format("{} -d {}\n", option.value.name.empty() ? "" : values(option.value),
                            fish_word(option.help));
    }
    return text;
}

}  // namespace

std::string fish_completion(const Program& program) {
    const Command& main = program.command;
    std::string text = fmt::format(
        "# fish completion for {0}. Written when the programs are built, from their own tables.\n"
        "complete -c {0} -f\n",
        main.name);
    std::string names;
    for (const Command& sub : main.commands)
        names += " " + sub.name;
    const std::string seen = "__" + identifier(main.name) + "_seen";
    if (!names.empty()) text += fmt::format(seen_function, seen);
    const std::string none = names.empty() ? "" : "not " + seen + names;
    text += lines(program, main, none);
    for (const Command& sub : main.commands) {
        text += fmt::format("complete -c {} -n {} -a {} -d {}\n", main.name, fish_word(none),
                            sub.name, fish_word(sub.help));
    }
    for (const Command& sub : main.commands) {
        const std::string condition = seen + " " + sub.name;
        text += lines(program, sub, condition);
        if (sub.name != program.typed_through) continue;
        for (const Typed& typed : program.typed) {
            text += fmt::format("complete -c {} -n {} -a {} -d {}\n", main.name,
                                fish_word(condition), word_of(typed), fish_word(typed.help));
        }
    }
    return text;
}

}  // namespace chat::manual
