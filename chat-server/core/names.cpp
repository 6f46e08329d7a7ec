// SPDX-License-Identifier: MIT
#include "chat-server/core/names.h"

#include "chat-server/core/limits.h"
#include "proto/wire/name.h"

namespace chat::server {

std::optional<PublicKey> NameRegistry::owner(const std::string& key_of_name) const {
    const auto found = owners_.find(key_of_name);
    if (found == owners_.end()) return std::nullopt;
    return found->second;
}

NameRegistry::Claim NameRegistry::may_claim(const std::string& key_of_name,
                                            const PublicKey& key) const {
    if (const auto who = owner(key_of_name)) {
        return *who == key ? Claim::granted : Claim::owned_by_another;
    }
    const auto count = counts_.find(key);
    if (count != counts_.end() && count->second >= names_per_key_max) {
        return Claim::too_many_names;
    }
    if (owners_.size() >= names_max) return Claim::registry_full;
    return Claim::granted;
}

NameRegistry::Claim NameRegistry::claim(std::string_view name, const PublicKey& key) {
    std::string key_of_name = name_key(name);
    const Claim answer = may_claim(key_of_name, key);
    if (answer == Claim::granted && owners_.emplace(std::move(key_of_name), key).second) {
        ++counts_[key];
        fresh_.push_back({std::string(name), key});
    }
    return answer;
}

void NameRegistry::restore(std::string_view name, const PublicKey& key) {
    if (owners_.emplace(name_key(name), key).second) ++counts_[key];
}

}  // namespace chat::server
