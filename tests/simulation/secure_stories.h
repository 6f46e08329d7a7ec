// SPDX-License-Identifier: MIT
// What the stories of the secure world have in common.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "tests/simulation/secure_world.h"
#include "tests/support/catch.h"

namespace chat::simulation {

inline bool everybody_has_all(const SecureWorld& world) {
    return std::ranges::all_of(world.people(), [](const auto& person) {
        return !person->is_running() ||
               (person->session()->online() && person->session()->waiting() == 0 &&
                !person->reading().lacks());
    });
}

inline void all_get_all(SecureWorld& world, Duration limit = seconds(60)) {
    const bool well = world.passes_until([&] { return everybody_has_all(world); }, limit);
    std::string lacking = world.broken().value_or("");
    for (const auto& person : world.people())
        lacking += " " + person->name() + ": " + person->reading().lacks().value_or("nothing");
    INFO(lacking);
    REQUIRE(well);
}

inline void all_come_in(SecureWorld& world, int people) {
    for (int i = 0; i < people; ++i)
        world.enters("person" + std::to_string(i));
    const bool well = world.passes_until(
        [&] {
            return std::ranges::all_of(world.people(),
                                       [](const auto& p) { return p->session()->online(); });
        },
        seconds(60));
    INFO(world.broken().value_or("whole"));
    REQUIRE(well);
}

inline Conditions bad_network(unsigned loss_permille) {
    Conditions weather;
    weather.loss_permille = loss_permille;
    weather.delay = milliseconds(50);
    weather.jitter = milliseconds(5);
    return weather;
}

inline bool has(const std::vector<client::ErrorCode>& errors, client::ErrorCode code) {
    return std::ranges::find(errors, code) != errors.end();
}

inline const SecureLedger::Room* room_of(const SecureWorld& world, const SecurePerson& person,
                                         std::string_view called) {
    return world.ledger().room(world.ledger().log(), called, person.name());
}

// Where the words stand, as a search brings it out.
inline std::vector<server::Seq> places_found(SecureWorld& world, SecurePerson& person,
                                             const std::string& room, const std::string& words) {
    person.searches(room, words);
    const auto is_found = [&] {
        return person.reading().found() && person.reading().found()->words == words;
    };
    std::vector<server::Seq> places;
    const bool found = world.passes_until(is_found, seconds(30));
    INFO(world.broken().value_or("whole"));
    REQUIRE(found);
    for (const auto& hit : person.reading().found()->hits)
        places.push_back(hit.seq);
    return places;
}

// How often somebody comes or goes, by the entries of a room.
inline std::size_t visits(const SecureWorld& world, server::RoomId room = lobby_id) {
    const auto& entries = world.ledger().all_rooms().at(room).entries;
    return static_cast<std::size_t>(std::ranges::count_if(entries, [](const server::Entry& entry) {
        return entry.kind == server::EntryKind::join || entry.kind == server::EntryKind::leave;
    }));
}

}  // namespace chat::simulation
