// SPDX-License-Identifier: MIT
// Who owns which name, here or not: the first static key to use a name keeps it
// (docs/PROTOCOL.md, section 6). A name that is owned is a person, with a number that never means
// anybody else. Names are compared by name_key. What is new is offered to be stored, and what was
// stored is restored at the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chat-server/core/entry.h"
#include "chat-server/core/log.h"
#include "proto/session/keys.h"

namespace chat::server {

struct Person {
    std::string name;
    std::string name_key;
    PublicKey key;
};

enum class ClaimError : std::uint8_t { owned_by_another, too_many_names, registry_full };

class People {
  public:
    // Numbers are 1 to size().
    std::size_t size() const { return people_.size(); }
    const Person& operator[](PersonId id) const { return people_[id - 1]; }
    std::optional<PersonId> find(const std::string& name_key) const;

    // What claim() would say; nothing changes.
    std::expected<void, ClaimError> may_claim(const std::string& name_key,
                                              const PublicKey& key) const;
    // `name` must have passed check_name.
    std::expected<PersonId, ClaimError> claim(std::string_view name, const PublicKey& key);

    // Stored in an earlier run, in the order of their numbers and before anything is claimed.
    // Limits do not apply: what was once granted stays so.
    void restore(const NewPerson& person);
    // The new ones since the last call, to be stored no later than what they do.
    std::vector<NewPerson> take_new() { return std::exchange(fresh_, {}); }

  private:
    void add(const NewPerson& person, const std::string& name_key);

    std::vector<Person> people_;
    std::unordered_map<std::string, PersonId> by_name_;
    std::map<PublicKey, std::size_t> counts_;
    std::vector<NewPerson> fresh_;
};

}  // namespace chat::server
