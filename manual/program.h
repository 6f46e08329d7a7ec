// SPDX-License-Identifier: MIT
// What a program can be told, read from the tables that it works with itself: the options from
// CLI11, the typed commands from what /help answers. Pages and completions are written from this;
// nothing here is for one of them. Texts are as in the tables, without any quoting.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace chat::manual {

// What an option or an argument takes.
struct Value {
    std::string name;                  // "FILE", "process|power"; empty: nothing
    std::vector<std::string> choices;  // empty: not only certain words
    std::string least, most;           // of a number; empty: not bounded, or no number
    std::string standard;              // if it is not given; empty: none, or nothing to speak of
    bool required = false;
    bool repeated = false;
};

struct Option {
    std::vector<std::string> names;  // with their dashes, short ones first; none: an argument only
    bool argument = false;           // can be given by its place
    Value value;
    std::vector<std::string> not_with;  // names of options that it excludes
    std::string help;
};

// A program or a subcommand.
struct Command {
    std::string name;
    std::string help;
    std::vector<Option> options;  // in the order of --help
    std::vector<Command> commands;
};

// A command that is typed into the running program.
struct Typed {
    std::string usage;  // "/kick NAME"
    std::string help;
};

struct Program {
    Command command;
    std::vector<Typed> typed;
    std::string typed_through;  // the subcommand that takes the typed commands; empty: none
    std::vector<std::string> file_settings;
    std::string version;
};

Command read_command(const CLI::App& app);

// The lines that begin with a slash; usage and help stand two blanks or more apart. Otherwise the
// line that is not so.
std::expected<std::vector<Typed>, std::string> read_help(std::string_view text);

// "/kick NAME": "kick".
std::string word_of(const Typed& typed);

}  // namespace chat::manual
