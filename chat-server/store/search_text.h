// SPDX-License-Identifier: MIT
// How texts and questions are cut into words for searching; both logs, on disk and in memory, find
// by the same rules. Pure.
//
// A text becomes its words in a form that is the same however they were written (NFKC, case
// folded, without accents and invisible characters), separated by single blanks. Scripts written
// without blanks between words (Chinese, Japanese, Thai, ...; Korean too, whose endings stick to
// the words) have each character as a word of its own, and so has each symbol and emoji. That is
// why two characters of Chinese are found, which an index of three-character pieces cannot do,
// and why no dictionary is needed, which would find a word or not depending on its neighbours: a
// run of such characters in a question is a phrase, and matches exactly where these characters
// stand side by side.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "chat-server/core/entry.h"

namespace chat::server {

// Whether texts of this kind can be found.
bool is_searched(EntryKind kind);

// Changes with whatever changes search_text's results, the version of Unicode included. What was
// indexed under another one is indexed again.
std::string search_text_version();

std::string search_text(std::string_view text);

// What is longer is cut, in texts and questions alike: nobody remembers more of a word.
inline constexpr std::size_t search_word_bytes_max = 64;

// Words side by side.
struct SearchPhrase {
    std::string words;    // as search_text makes them
    bool prefix = false;  // the last one may go on
};

// All phrases must be there. The question's words match the beginnings of words; those of one or
// two letters only the whole word, because every text has a word that begins with "to". Empty if
// there is no word in it, only punctuation.
std::vector<SearchPhrase> search_phrases(std::string_view question);

// Of one word of search_text.
std::size_t characters_in(std::string_view word);
// Whether it is one character that is a word of its own.
bool is_single_character_word(std::string_view word);

// Whether all are there in `folded`, a result of search_text.
bool matches(std::string_view folded, const std::vector<SearchPhrase>& phrases);

}  // namespace chat::server
