// SPDX-License-Identifier: MIT
#include "chat-server/store/search_index.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace chat::server {
namespace {

// Words of fewer characters have FTS5's prefix index.
constexpr std::size_t listed_characters_min = 4;
// In one question. Of more words that begin alike (numbers, addresses) each is rare, and FTS5 may
// merge their places.
constexpr std::size_t alternatives_max = 512;
constexpr int merged_pages = 32;
// 512 KiB, and what words of more than 15 bytes need.
constexpr std::size_t known_words_max = 16'384;

// Behind every word that begins with it, in the order of UTF-8.
std::string end_of(std::string_view prefix) {
    return std::string(prefix) + "\U0010FFFF";
}

std::string_view last_word(std::string_view words) {
    return words.substr(words.rfind(' ') + 1);  // npos + 1 is 0
}

}  // namespace

Result<SearchIndex> SearchIndex::prepare(Database& database) {
    SearchIndex index;
    index.known_words_.resize(known_words_max);
    const auto done = database.prepare(
        {{index.insert_, "INSERT INTO search(rowid, words) VALUES(?1, ?2)"},
         {index.erase_, "INSERT INTO search(search, rowid, words) VALUES('delete', ?1, ?2)"},
         {index.merge_, "INSERT INTO search(search, rank) VALUES('merge', ?1)"},
         {index.add_word_, "INSERT OR IGNORE INTO words(word) VALUES(?1)"},
         {index.words_between_,
          "SELECT word FROM words WHERE word BETWEEN ?1 AND ?2 ORDER BY word LIMIT ?3"},
         {index.find_,
          "SELECT rowid FROM search WHERE search MATCH ?1 AND rowid BETWEEN ?2 AND ?3 "
          "ORDER BY rowid DESC LIMIT ?4"}});
    if (!done) return std::unexpected(done.error());
    return index;
}

Result<void> SearchIndex::insert(RoomId room, Seq seq, const Entry& entry) {
    if (!is_searched(entry.kind)) return {};
    const std::string words = search_text(entry.text);
    for (std::string_view rest = words; !rest.empty();) {
        const std::string_view word = rest.substr(0, rest.find(' '));
        if (characters_in(word) >= listed_characters_min && known_word_like(word) != word &&
            !new_words_.contains(word))
            new_words_.emplace(word);
        rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    }
    return insert_.run(entry_id(room, seq), words);
}

Result<void> SearchIndex::erase(RoomId room, Seq seq, const Entry& entry) {
    if (!is_searched(entry.kind)) return {};
    return erase_.run(entry_id(room, seq), search_text(entry.text));
}

Result<void> SearchIndex::end_slice() {
    for (const std::string& word : new_words_) {
        if (const auto done = add_word_.run(word); !done) return done;
    }
    return merge_.run(merged_pages);
}

void SearchIndex::committed() {
    for (const std::string& word : new_words_)
        known_word_like(word) = word;
    new_words_.clear();
}

std::string& SearchIndex::known_word_like(std::string_view word) {
    return known_words_[std::hash<std::string_view>()(word) % known_words_.size()];
}

Result<std::string> SearchIndex::expression(const SearchPhrase& phrase,
                                            std::size_t& alternatives_left) {
    // No quotation mark is a word or part of one, so none can end the quoting.
    const std::string quoted = '"' + phrase.words + '"';
    if (!phrase.prefix) return quoted;
    const std::string_view prefix = last_word(phrase.words);
    if (characters_in(prefix) < listed_characters_min) return quoted + " *";
    const std::string before = phrase.words.substr(0, phrase.words.size() - prefix.size());
    std::string alternatives;
    std::size_t left = alternatives_left;
    auto rows = words_between_.start(prefix, end_of(prefix), left + 1);
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) break;
        if (left-- == 0) return quoted + " *";
        if (!alternatives.empty()) alternatives += " OR ";
        alternatives += '"' + before + std::string(rows.text(0)) + '"';
    }
    if (alternatives.empty()) return alternatives;
    alternatives_left = left;
    return '(' + alternatives + ')';
}

Result<std::string> SearchIndex::expression(const std::vector<SearchPhrase>& phrases) {
    std::string all;
    std::size_t alternatives_left = alternatives_max;
    for (const SearchPhrase& phrase : phrases) {
        const auto one = expression(phrase, alternatives_left);
        if (!one || one->empty()) return one;
        if (!all.empty()) all += " AND ";
        all += *one;
    }
    return all;
}

Result<std::vector<Seq>> SearchIndex::find(const std::string& expression, RoomId room, Seq before,
                                           std::size_t hits_max) {
    std::vector<Seq> found;
    const bool all = before == 0 || before > seq_end;
    const EntryId last = all ? last_entry_id(room) : entry_id(room, before - 1);
    auto rows = find_.start(expression, entry_id(room, 1), last, hits_max);
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return found;
        found.push_back(seq_of(rows.signed_number(0)));
    }
}

}  // namespace chat::server
