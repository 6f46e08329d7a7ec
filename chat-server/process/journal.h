// SPDX-License-Identifier: MIT
// The server's log for its operator, on standard error: one line an event, for people or as
// JSON. What members say is never in it.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace chat::server::journal {

using Field = std::pair<std::string_view, std::string_view>;

// `level` is one of trace, debug, info, warn, error, off. Call once, before the first line.
void open(const std::string& level, bool json);
void set_level(const std::string& level);
// Who writes from here on: "network" or "admin".
void set_process(std::string_view name);

void debug(std::string_view what, std::initializer_list<Field> fields = {});
void info(std::string_view what, std::initializer_list<Field> fields = {});
void warn(std::string_view what, std::initializer_list<Field> fields = {});
void error(std::string_view what, std::initializer_list<Field> fields = {});

}  // namespace chat::server::journal
