// SPDX-License-Identifier: MIT
// UTF-8 as it comes from strangers: what is valid, where it may be cut, and what is taken out of
// it before it enters a log. Display (columns, graphemes, making the invisible visible) is not
// here but in chat-client/terminal/text.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chat {

// One step through UTF-8: a code point, or nothing where the bytes are not UTF-8 (RFC 3629: also
// overlong forms, surrogates and what lies above U+10FFFF). `bytes` is how far to go on; at least
// 1 for text that is not empty.
struct DecodedCharacter {
    std::optional<char32_t> code_point;
    std::size_t bytes = 0;
};
DecodedCharacter decode_character(std::string_view text);

bool is_valid_utf8(std::string_view text);

// The longest prefix of `text` of at most `bytes_max` bytes that does not cut a character.
// Empty only if the first character alone is longer than that.
std::string_view prefix_within(std::string_view text, std::size_t bytes_max);

// Control (C0, DEL, C1), and what would reorder or break somebody else's line: bidirectional
// embeddings, overrides, isolates and marks (UAX #9), the line and paragraph separators, the
// byte-order mark and interlinear annotations. Joiners and tags stay: emoji are made of them.
bool is_control(char32_t code_point);

// Text as a log may hold it: valid UTF-8 (what is not becomes U+FFFD), each line break or tab a
// space, other controls taken out. One line always.
std::string clean_line(std::string_view raw);

// The same with its line feeds kept, as the secure protocol carries it: CR LF and CR become a line
// feed, a tab a space; line feeds at the end are taken off.
std::string clean_text(std::string_view raw);

// Whether clean_line or clean_text would leave it as it is.
bool is_clean_line(std::string_view text);
bool is_clean_text(std::string_view text);

// Without what stands around it of these characters.
std::string_view trim(std::string_view text, std::string_view blanks = " ");

}  // namespace chat
