// SPDX-License-Identifier: MIT
#include "chat-server/store/people_table.h"

#include <algorithm>

#include "proto/wire/name.h"

namespace chat::server {
namespace {

NewPerson person_of(const Rows& rows) {
    NewPerson person{static_cast<PersonId>(rows.number(0)), std::string(rows.text(1)), {}};
    const auto key = rows.blob(2);
    if (key.size() == person.key.bytes.size()) std::ranges::copy(key, person.key.bytes.begin());
    return person;
}

Result<std::optional<NewPerson>> first_person(Rows rows) {
    const auto row = rows.next();
    if (!row) return std::unexpected(row.error());
    if (!*row) return std::nullopt;
    return person_of(rows);
}

}  // namespace

Result<PeopleTable> PeopleTable::prepare(Database& database) {
    PeopleTable table;
    const auto done = database.prepare(
        {{table.insert_, "INSERT INTO people(id, name, folded, key) VALUES(?1, ?2, ?3, ?4)"},
         {table.all_, "SELECT id, name, key FROM people ORDER BY id"},
         {table.by_name_, "SELECT id, name, key FROM people WHERE folded = ?1"},
         {table.by_id_, "SELECT id, name, key FROM people WHERE id = ?1"},
         {table.last_id_, "SELECT max(id) FROM people"}});
    if (!done) return std::unexpected(done.error());
    return table;
}

Result<void> PeopleTable::insert(const NewPerson& person) {
    return insert_.run(person.id, person.name, name_key(person.name), std::span(person.key.bytes));
}

Result<std::vector<NewPerson>> PeopleTable::all() {
    std::vector<NewPerson> people;
    auto rows = all_.start();
    for (;;) {
        const auto row = rows.next();
        if (!row) return std::unexpected(row.error());
        if (!*row) return people;
        people.push_back(person_of(rows));
    }
}

Result<std::optional<NewPerson>> PeopleTable::find(std::string_view name) {
    return first_person(by_name_.start(name_key(name)));
}

Result<std::optional<NewPerson>> PeopleTable::find(PersonId id) {
    return first_person(by_id_.start(id));
}

Result<PersonId> PeopleTable::next_id() {
    auto rows = last_id_.start();
    const auto row = rows.next();
    if (!row) return std::unexpected(row.error());
    return static_cast<PersonId>(rows.number(0)) + 1;
}

}  // namespace chat::server
