// SPDX-License-Identifier: MIT
#include "chat-server/core/people.h"

#include <cassert>

#include "chat-server/core/limits.h"
#include "proto/wire/name.h"

namespace chat::server {

std::optional<PersonId> People::find(const std::string& key_of_name) const {
    const auto found = by_name_.find(key_of_name);
    if (found == by_name_.end()) return std::nullopt;
    return found->second;
}

std::expected<void, ClaimError> People::may_claim(const std::string& key_of_name,
                                                  const PublicKey& key) const {
    if (const auto who = find(key_of_name)) {
        if ((*this)[*who].key != key) return std::unexpected(ClaimError::owned_by_another);
        return {};
    }
    const auto count = counts_.find(key);
    if (count != counts_.end() && count->second >= names_per_key_max) {
        return std::unexpected(ClaimError::too_many_names);
    }
    if (people_.size() >= names_max) return std::unexpected(ClaimError::registry_full);
    return {};
}

std::expected<PersonId, ClaimError> People::claim(std::string_view name, const PublicKey& key) {
    const std::string key_of_name = name_key(name);
    if (const auto allowed = may_claim(key_of_name, key); !allowed) {
        return std::unexpected(allowed.error());
    }
    if (const auto known = find(key_of_name)) return *known;
    const auto id = static_cast<PersonId>(people_.size() + 1);
    add({id, std::string(name), key}, key_of_name);
    fresh_.push_back({id, std::string(name), key});
    return id;
}

void People::restore(const NewPerson& person) {
    add(person, name_key(person.name));
}

void People::add(const NewPerson& person, const std::string& key_of_name) {
    assert(person.id == people_.size() + 1);
    people_.push_back({person.name, key_of_name, person.key});
    by_name_.emplace(key_of_name, person.id);
    ++counts_[person.key];
}

}  // namespace chat::server
