// SPDX-License-Identifier: MIT
// What the shells offer on Tab: subcommands, options, the choices of an option, files, folders and
// hosts by what the tables call a value. Each function returns one file for that shell.
#pragma once

#include <string>
#include <string_view>

#include "manual/program.h"

namespace chat::manual {

std::string bash_completion(const Program& program);
std::string zsh_completion(const Program& program);
std::string fish_completion(const Program& program);

// What a shell can find by itself, by the name that a table gives a value.
enum class Found { nothing, file, folder, host };
Found found_as(std::string_view value_name);

// The name of a program as it may stand in a function's: "chat_client".
std::string identifier(std::string name);

}  // namespace chat::manual
