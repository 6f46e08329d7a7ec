// SPDX-License-Identifier: MIT
// One function with nothing but bash in it, so that it works without the package bash-completion
// too. bash splits --option=value at the equals sign; the function puts that together again.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "manual/completion.h"

namespace chat::manual {
namespace {

// What fills in a value; empty: nothing does.
std::string finder(const Value& value) {
    if (!value.choices.empty()) return fmt::format("-W '{}'", fmt::join(value.choices, " "));
    switch (found_as(value.name)) {
        case Found::file:
            return "-f";
        case Found::folder:
            return "-d";
        case Found::host:
            return "-A hostname";
        case Found::nothing:
            break;
    }
    return {};
}

std::string call(const std::string& compgen_words) {
    const bool files = compgen_words == "-f" || compgen_words == "-d";
    return fmt::format("{}mapfile -t COMPREPLY < <(compgen {} -- \"$word\")",
                       files ? "compopt -o filenames 2>/dev/null; " : "", compgen_words);
}

// What `case` compares with for each name of an option: "'ctl --data'".
std::string patterns(std::string_view sub, const Option& option) {
    std::string text;
    for (const auto& name : option.names) {
        text +=
            fmt::format("{}'{}{}{}'", text.empty() ? "" : " | ", sub, sub.empty() ? "" : " ", name);
    }
    return text;
}

std::string value_options(const Command& command, std::string_view sub) {
    std::string text;
    for (const Option& option : command.options) {
        if (option.value.name.empty() || option.names.empty()) continue;
        text += fmt::format("{}{}", text.empty() ? "" : " | ", patterns(sub, option));
    }
    return text;
}

std::string value_cases(const Command& command, std::string_view sub) {
    std::string text;
    for (const Option& option : command.options) {
        const std::string found = finder(option.value);
        if (found.empty() || option.names.empty()) continue;
        text += fmt::format("        {}) {} ;;\n", patterns(sub, option), call(found));
    }
    return text;
}

std::string option_case(const Command& command, std::string_view sub) {
    std::vector<std::string> names;
    for (const Option& option : command.options)
        names.insert(names.end(), option.names.begin(), option.names.end());
    return fmt::format("        '{}') mapfile -t COMPREPLY < <(compgen -W '{}' -- \"$word\") ;;\n",
                       sub, fmt::join(names, " "));
}

// What stands at each place that is no option.
std::string place_cases(const Program& program, const Command& command, std::string_view sub) {
    std::string text;
    if (!sub.empty() && sub == program.typed_through) {
        std::vector<std::string> words;
        for (const Typed& typed : program.typed)
            words.push_back(word_of(typed));
        return fmt::format("    '{} 1') {} ;;\n", sub,
                           call(fmt::format("-W '{}'", fmt::join(words, " "))));
    }
    std::size_t place = 0;
    for (const Option& option : command.options) {
        if (!option.argument) continue;
        ++place;
        std::string found = finder(option.value);
        if (place == 1 && !command.commands.empty()) {
            std::vector<std::string> words;
            for (const Command& one : command.commands)
                words.push_back(one.name);
            // An address to listen on is known to whoever types it.
            found = fmt::format("-W '{}'", fmt::join(words, " "));
        }
        if (found.empty()) continue;
        text +=
            fmt::format("    '{}{}{}') {} ;;\n", sub, sub.empty() ? "" : " ", place, call(found));
    }
    return text;
}

}  // namespace

std::string bash_completion(const Program& program) {
    const Command& main = program.command;
    const std::string function = "_" + identifier(main.name);

    std::string with_value = value_options(main, "");
    std::string values = value_cases(main, "");
    std::string options = option_case(main, "");
    std::string places = place_cases(program, main, "");
    std::vector<std::string> subs;
    for (const Command& sub : main.commands) {
        subs.push_back("'" + sub.name + "'");
        if (const auto more = value_options(sub, sub.name); !more.empty()) {
            with_value += " | " + more;
        }
        values += value_cases(sub, sub.name);
        options += option_case(sub, sub.name);
        places += place_cases(program, sub, sub.name);
    }
    std::string take_command;
    if (!subs.empty()) {
        take_command = fmt::format(R"(        if [[ -z $sub && $place -eq 1 ]]; then
            case $before in
            {})
                sub="$before "
                place=1
                continue
                ;;
            esac
        fi
)",
                                   fmt::join(subs, " | "));
    }
    return fmt::format(
        R"(# bash completion for {name}. Written when the programs are built, from their own tables.
{function}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} sub='' option='' before='' place=1 i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        before=${{COMP_WORDS[i]}}
        if [[ -n $option ]]; then
            [[ $before == '=' ]] || option=''
            continue
        fi
        case $sub$before in
        {with_value})
            option=$before
            continue
            ;;
        esac
        [[ $before == -* ]] && continue
{take_command}        place=$((place + 1))
    done
    if [[ -n $option ]]; then
        [[ $word == '=' ]] && word=''
        case $sub$option in
{values}        esac
        return
    fi
    if [[ $word == -* ]]; then
        case ${{sub% }} in
{options}        esac
        return
    fi
    case $sub$place in
{places}    esac
}}
complete -F {function} {name}
)",
        fmt::arg("name", main.name), fmt::arg("function", function),
        fmt::arg("with_value", with_value), fmt::arg("take_command", take_command),
        fmt::arg("values", values), fmt::arg("options", options), fmt::arg("places", places));
}

}  // namespace chat::manual
