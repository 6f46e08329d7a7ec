// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "manual/completion.h"

namespace chat::manual {
namespace {

// Inside single quotes.
std::string quoted(std::string_view text, std::string_view also_escaped = {}) {
    std::string shown;
    for (const char c : text) {
        if (c == '\'') {
            shown += "'\\''";
            continue;
        }
        if (also_escaped.find(c) != std::string_view::npos) shown += '\\';
        shown += c;
    }
    return shown;
}

// Inside a specification of _arguments.
std::string escaped(std::string_view text) {
    return quoted(text, "[]:\\");
}

std::string action(const Value& value) {
    if (!value.choices.empty()) return fmt::format("({})", fmt::join(value.choices, " "));
    switch (found_as(value.name)) {
        case Found::file:
            return "_files";
        case Found::folder:
            return "_files -/";
        case Found::host:
            return "_hosts";
        case Found::nothing:
            break;
    }
    return " ";
}

std::string specification(const Option& option) {
    const Value& value = option.value;
    std::vector<std::string> apart = option.names;
    apart.insert(apart.end(), option.not_with.begin(), option.not_with.end());
    std::string text;
    for (const auto& name : option.names) {
        const bool takes = !value.name.empty();
        const bool is_long = name.starts_with("--");
        text += fmt::format("        '({}){}{}[{}]{}' \\\n", fmt::join(apart, " "), name,
                            !takes    ? ""
                            : is_long ? "="
                                      : "+",
                            escaped(option.help),
                            takes ? fmt::format(":{}:{}", escaped(value.name), action(value)) : "");
    }
    return text;
}

std::string specifications(const Command& command) {
    std::string text;
    for (const Option& option : command.options)
        text += specification(option);
    return text;
}

std::string place_specifications(const Command& command) {
    std::string text;
    for (const Option& option : command.options) {
        if (!option.argument) continue;
        text += fmt::format("        '{}:{}:{}' \\\n",
                            option.value.repeated   ? "*"
                            : option.value.required ? ""
                                                    : ":",
                            escaped(option.value.name), action(option.value));
    }
    return text;
}

// "        'name:meaning'" for _describe.
std::string described(std::string_view name, std::string_view help) {
    return fmt::format("        '{}:{}'\n", name, quoted(help));
}

}  // namespace

std::string zsh_completion(const Program& program) {
    const Command& main = program.command;
    const std::string head = fmt::format(
        "#compdef {0}\n"
        "# zsh completion for {0}. Written when the programs are built, from their own tables.\n",
        main.name);
    if (main.commands.empty()) {
        return fmt::format(
            "{}\n_{}() {{\n    _arguments -s -S \\\n{}{}        && return\n}}\n\n_{} \"$@\"\n",
            head, main.name, specifications(main), place_specifications(main), main.name);
    }
    std::string commands, typed, cases;
    for (const Command& sub : main.commands)
        commands += described(sub.name, sub.help);
    for (const Typed& one : program.typed)
        typed += described(word_of(one), one.help);
    for (const Command& sub : main.commands) {
        const bool types = sub.name == program.typed_through;
        cases += fmt::format(
            "    {})\n        _arguments -s -S \\\n{}{}            && return\n        ;;\n",
            sub.name, specifications(sub),
            types ? "        '1:command:{_describe command typed}' \\\n"
                  : place_specifications(sub));
    }
    return fmt::format(R"({head}
_{name}() {{
    local curcontext="$curcontext" state line
    typeset -A opt_args
    local -a commands typed
    commands=(
{commands}    )
    typed=(
{typed}    )
    _arguments -C -s -S \
{options}        '1: :->first' \
        '*:: :->rest' && return
    case $state in
    first)
        _describe -t commands command commands
        return
        ;;
    esac
    case $line[1] in
{cases}    esac
}}

_{name} "$@"
)",
                       fmt::arg("head", head), fmt::arg("name", main.name),
                       fmt::arg("commands", commands), fmt::arg("typed", typed),
                       fmt::arg("options", specifications(main)), fmt::arg("cases", cases));
}

}  // namespace chat::manual
