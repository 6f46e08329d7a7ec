// SPDX-License-Identifier: MIT
// A manual page in roff's man macros: prose written by hand, in which a line like @options@ stands
// where a table of the program goes. Each kind of table that the program has must be asked for, so
// that none is forgotten.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "manual/program.h"

namespace chat::manual {

// Keys of the full screen and what they do.
using KeyTable = std::vector<std::pair<std::string, std::string>>;

// From the Markdown table with the head "| key | does |".
std::optional<KeyTable> read_key_table(std::string_view markdown);

// Or what is wrong with the prose.
std::expected<std::string, std::string> write_page(std::string_view prose, const Program& program,
                                                   const KeyTable& keys);

}  // namespace chat::manual
