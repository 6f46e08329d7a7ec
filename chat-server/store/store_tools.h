// SPDX-License-Identifier: MIT
// What the command line does with a data folder's database, outside the server: take a room out as
// text and put it in again, look for damage, copy. Each returns a sentence when it cannot. Only
// import_room writes to the database: its caller holds the data folder, so no server runs on it.
// The others work while one does, and do not hold up its write-ahead log for longer than a copy
// or a check takes. The text is described in entry_json.h.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

namespace chat::server {

// One line, without its line feed. False: writing failed, and that is the end.
using LineSink = std::function<bool(std::string_view line)>;
// The next line without its line feed; false: there is none.
using LineSource = std::function<bool(std::string& line)>;
// A sentence for the operator.
using Report = std::function<void(std::string_view sentence)>;

// Numbers of entries that could not be read, `to` included.
using LossReport = std::function<void(std::uint64_t from, std::uint64_t to)>;
struct ExportReport {
    std::uint64_t entries = 0;  // written
    std::uint64_t lost = 0;     // could not be read; told
};
// `room` is the name of a room, or two people's names with a comma between them: what they have
// said to each other. Of a damaged file everything that can still be read.
std::expected<ExportReport, std::string> export_room(const std::string& database,
                                                     const std::string& room, const LineSink& write,
                                                     const LossReport& lost);

// Stores what export_room wrote, all or nothing, under the same numbers: in a room that is not
// there or empty, or one that ends where the lines go on. Lines that are stored already are passed
// over. Where the lines say that some could not be read an announcement stands in for each: a log
// has no holes. Makes the database (with `new_log_epoch`), the room and its people where missing.
// Returns the number of entries stored.
std::expected<std::uint64_t, std::string> import_room(const std::string& database,
                                                      std::uint64_t new_log_epoch,
                                                      const LineSource& read);

struct CheckReport {
    std::uint64_t entries = 0;
    std::uint64_t rooms = 0;
    std::uint64_t findings = 0;  // each was told; 0: all is well
    // All of them are about the search index, which can be made anew.
    bool only_index = false;
};
// `progress` hears what is being looked at, `finding` what is wrong and what it means.
std::expected<CheckReport, std::string> check_database(const std::string& database,
                                                       const Report& progress,
                                                       const Report& finding);

// Makes the database anew but for its search index, which the next server fills: all else as it
// was, in a new file in the place of the old one, which is kept as `database`.damaged. Its caller
// holds the data folder.
std::expected<void, std::string> reindex_database(const std::string& database);

// A copy as of one moment, in the file `target`, mode 0600, which must not be there yet; it is
// there whole or not at all. The copy may be put in the place of the database.
std::expected<void, std::string> backup_database(const std::string& database,
                                                 const std::string& target);

}  // namespace chat::server
