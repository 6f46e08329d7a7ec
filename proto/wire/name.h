// SPDX-License-Identifier: MIT
// Names of people: which may be used, and which are the same to a reader's eye. Two names are
// the same when their keys are equal: NFKC with case folding (UAX #15, Unicode 5.18), and letters
// of other alphabets that look Latin taken for Latin (the idea of UTS #39, section 4, with a short
// table of the letters that matter).
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace chat {

// The administrator's name, which nobody on the network can have.
inline constexpr std::string_view administrator_name = "管理员";

enum class NameError {
    empty,
    too_long,  // more than name_bytes_max bytes
    not_utf8,
    forbidden_character,  // space, control, invisible, private use, or a combining mark in front
};

std::expected<void, NameError> check_name(std::string_view name);

// What names are compared by. `name` must have passed check_name.
std::string name_key(std::string_view name);

// True for the administrator's and the program's own names, for what imitates them (Adm1n,
// with letters of another alphabet), for whatever contains 管理员 or begins with the mark ~ of who
// proved nothing, and for the two words that would make the classic sentences ambiguous. Nobody
// gets such a name any more; whoever has one keeps it.
bool is_reserved_name(std::string_view name);

}  // namespace chat
