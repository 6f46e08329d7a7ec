// SPDX-License-Identifier: MIT
#include "tests/simulation/secure_rest.h"

#include <algorithm>

namespace chat::simulation {
namespace {

// Whoever waits for a name is not in, and has nothing to wait for.
bool is_in(const SecurePerson& person) {
    return person.is_running() && !person.session()->wants_name();
}

template <class IsWell>
bool everybody(const SecureWorld& world, IsWell is_well) {
    return std::ranges::all_of(
        world.people(), [&](const auto& person) { return !is_in(*person) || is_well(*person); });
}

std::string who_lacks_what(const SecureWorld& world) {
    std::string text;
    for (const auto& person : world.people()) {
        if (!is_in(*person)) continue;
        text += person->name() + (person->session()->online() ? " online" : " offline") +
                " waiting " + std::to_string(person->session()->waiting()) + " lacks " +
                person->reading().lacks().value_or("nothing") + "; ";
    }
    return text;
}

std::string who_is_wrong(const SecureWorld& world) {
    std::string text;
    for (const auto& person : world.people()) {
        const auto wrong = is_in(*person) ? person->reading().wrong_figures() : std::nullopt;
        if (wrong) text += person->name() + " " + *wrong + "; ";
    }
    return text;
}

}  // namespace

void calm_down(SecureWorld& world) {
    world.network().set_conditions({});
    if (!world.server_runs()) world.server_starts(false);
    world.disk().set_commits_fail(false);
    world.disk().set_reads_fail(false);
    world.disk().set_index_stands(false);
    world.disk().fail_commits(0);
    world.disk_takes({});
    for (const auto& person : world.people()) {
        world.network().set_blackout(person->address(), false);
        person->reads(true);
        person->is_stopped_until(world.now().at);
    }
}

std::optional<std::string> comes_to_rest(SecureWorld& world) {
    calm_down(world);
    const auto come_true = [&world](Duration limit, auto is_well) {
        const auto all = [&] { return everybody(world, is_well); };
        return world.passes_until(all, limit) || world.broken();
    };
    // Whoever listens only learns of a restarted server with his next keepalive.
    world.passes(seconds(60));
    const bool accepted = come_true(seconds(240), [](const SecurePerson& person) {
        return person.session()->online() && person.session()->waiting() == 0;
    });
    if (!accepted) return "in good weather everything is accepted: " + who_lacks_what(world);
    const bool seen = come_true(
        seconds(60), [](const SecurePerson& person) { return !person.reading().lacks(); });
    if (!seen) return "in good weather everything arrives: " + who_lacks_what(world);
    const bool right = come_true(
        seconds(60), [](const SecurePerson& person) { return !person.reading().wrong_figures(); });
    if (!right) return "in good weather the figures are right: " + who_is_wrong(world);
    if (world.broken()) return world.broken();
    for (const auto& person : world.people()) {
        if (is_in(*person) && person->reading().unanswered() > 0) {
            return "whatever was said has an answer: " + person->name();
        }
    }
    return std::nullopt;
}

}  // namespace chat::simulation
