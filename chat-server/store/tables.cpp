// SPDX-License-Identifier: MIT
#include "chat-server/store/tables.h"

#include <utility>

namespace chat::server {

Result<ReadTables> ReadTables::prepare(Database& database) {
    auto people = PeopleTable::prepare(database);
    if (!people) return std::unexpected(people.error());
    auto rooms = RoomsTable::prepare(database);
    if (!rooms) return std::unexpected(rooms.error());
    auto entries = EntriesTable::prepare(database);
    if (!entries) return std::unexpected(entries.error());
    auto epochs = EpochCache::prepare(database);
    if (!epochs) return std::unexpected(epochs.error());
    return ReadTables{std::move(*people), std::move(*rooms), std::move(*entries),
                      std::move(*epochs)};
}

Result<Tables> Tables::prepare(Database& database) {
    auto others = ReadTables::prepare(database);
    if (!others) return std::unexpected(others.error());
    auto search = SearchIndex::prepare(database);
    if (!search) return std::unexpected(search.error());
    return Tables{std::move(*others), std::move(*search)};
}

}  // namespace chat::server
