// SPDX-License-Identifier: MIT
// Who owns which name: the first static key to use a name keeps it (docs/PROTOCOL.md, section 6).
// Names are compared by name_key. It is all in memory; what is new is offered to be stored, and
// what was stored is restored at the start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proto/session/keys.h"

namespace chat::server {

struct NameBinding {
    std::string name;  // as its owner wrote it first
    PublicKey key;
};

class NameRegistry {
  public:
    enum class Claim : std::uint8_t { granted, owned_by_another, too_many_names, registry_full };

    std::size_t size() const { return owners_.size(); }
    bool is_registered(const std::string& name_key) const { return owners_.contains(name_key); }
    std::optional<PublicKey> owner(const std::string& name_key) const;

    // What claim() would say; nothing changes.
    Claim may_claim(const std::string& name_key, const PublicKey& key) const;
    // `name` must have passed check_name.
    Claim claim(std::string_view name, const PublicKey& key);

    // A binding stored in an earlier run, before anything is claimed. Limits do not apply: what was
    // once granted stays so. The first of two different owners wins.
    void restore(std::string_view name, const PublicKey& key);
    // The new ones since the last call, to be stored no later than the entries taken with them.
    std::vector<NameBinding> take_bindings() { return std::exchange(fresh_, {}); }

  private:
    std::map<std::string, PublicKey> owners_;
    std::map<PublicKey, std::size_t> counts_;
    std::vector<NameBinding> fresh_;
};

}  // namespace chat::server
