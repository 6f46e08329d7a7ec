// SPDX-License-Identifier: MIT
// The full-text index (SQLite's FTS5) over what search_text makes of the entries. Its rows have the
// entries' ids, so a room is a range of them, and the newest come first without sorting. It holds
// no texts. Each change stands in one transaction with the position up to which a room is indexed
// (rooms.indexed): after any crash nothing is indexed twice, and nothing left out.
// Transactions are the caller's.
#pragma once

#include <cstddef>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "chat-server/core/entry.h"
#include "chat-server/store/entry_id.h"
#include "chat-server/store/search_text.h"
#include "chat-server/store/sqlite.h"

namespace chat::server {

class SearchIndex {
  public:
    static Result<SearchIndex> prepare(Database& database);

    // Kinds that are not searched are passed over. Words are known to questions after end_slice().
    Result<void> insert(RoomId room, Seq seq, const Entry& entry);
    // Exactly what was inserted: an index without texts cannot look it up.
    Result<void> erase(RoomId room, Seq seq, const Entry& entry);

    // At the end of a transaction with insert()s. Each leaves a piece of index of its own, and a
    // question looks into every piece; this puts a few together, and so keeps pace. (SQLite would
    // do it by itself, but then some slices take ten times as long as others.)
    Result<void> end_slice();
    // The transaction was committed, or it was not.
    void committed();
    void taken_back() { new_words_.clear(); }

    // The question in FTS5's language, everything quoted. Empty: nothing can match.
    Result<std::string> expression(const std::vector<SearchPhrase>& phrases);
    // In one room below `before` (0: everywhere), the newest first.
    Result<std::vector<Seq>> find(const std::string& expression, RoomId room, Seq before,
                                  std::size_t hits_max);

  private:
    Result<std::string> expression(const SearchPhrase& phrase, std::size_t& alternatives_left);

    std::string& known_word_like(std::string_view word);

    std::set<std::string, std::less<>> new_words_;
    // Some of those in the table, since most of what people say has been said before. Each has one
    // place where it can be, and gives way to the next one there.
    std::vector<std::string> known_words_;
    Statement insert_;
    Statement erase_;
    Statement merge_;
    Statement add_word_;
    Statement words_between_;
    Statement find_;
};

}  // namespace chat::server
