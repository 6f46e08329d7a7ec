// SPDX-License-Identifier: MIT
// The user map: who is here, by name and by address. A dense array with two indexes; places of
// those who left are used again. It knows nothing of rooms or protocols.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "chat-server/core/entry.h"
#include "proto/link/token_bucket.h"
#include "proto/session/keys.h"
#include "proto/wire/endpoint.h"
#include "proto/wire/time.h"

namespace chat::server {

using MemberIndex = std::uint32_t;
using CursorIndex = std::uint32_t;

enum class MemberState : std::uint8_t {
    joining,  // the join is not in the log yet; not told OK
    here,
    leaving,   // the leave is on its way into the log; the name stays taken until he was told
    vanished,  // the same, but nothing more is sent to him
};

enum class LeaveReason : std::uint8_t { quit, kicked, unreachable, silent, other_name };

struct Member {
    MemberId id = 0;  // 0: a free place
    MemberState state = MemberState::joining;
    LeaveReason reason = LeaveReason::quit;  // once leaving or vanished
    bool listed = false;                     // classic: the log has his join and not his leave
    PersonId person = 0;                     // 0: he came by the classic protocol
    std::uint32_t programs = 0;              // of his that are here; kept by the secure service
    Path path;                               // of the one that came last
    std::string name;
    std::string key;  // name_key(name)
    std::optional<CursorIndex> cursor;
    Instant joined_at;
    Instant last_heard;
    unsigned unreachable_count = 0;  // in a row
    TokenBucket say;
    TokenBucket warning;
};

class Roster {
  public:
    explicit Roster(std::uint64_t hash_seed) : by_endpoint_(16, EndpointHash{hash_seed}) {}

    std::size_t size() const { return members_.size() - free_.size(); }
    Member& operator[](MemberIndex index) { return members_[index]; }
    const Member& operator[](MemberIndex index) const { return members_[index]; }

    std::optional<MemberIndex> find(const Endpoint& peer) const;
    std::optional<MemberIndex> find_key(const std::string& key) const;
    // His newest visit.
    std::optional<MemberIndex> find_person(PersonId person) const;

    // The key may not be in the map, nor the address without a person: only classic members are
    // found by address. References to members become invalid.
    MemberIndex add(const Path& path, std::string_view name, std::string key, PersonId person = 0);
    // From now on this address is a stranger's; the name stays taken.
    void forget_endpoint(MemberIndex index);
    // The name is free, though its holder is still here; by his name or person he is not found.
    void forget_name(MemberIndex index);
    void remove(MemberIndex index);

    // Calls visit(index) for everybody whose name's key comes after this one, in the byte order of
    // the keys, until visit returns false; visit may not add or remove.
    template <class Visit>
    void for_each_after(const std::string& key, Visit visit) const {
        for (auto i = by_key_.upper_bound(key); i != by_key_.end(); ++i) {
            if (!visit(i->second)) return;
        }
    }
    // Calls visit(index) for everybody, in no particular order; visit may not add or remove.
    template <class Visit>
    void for_each(Visit visit) const {
        for (MemberIndex i = 0; i < members_.size(); ++i) {
            if (members_[i].id != 0) visit(i);
        }
    }

  private:
    std::vector<Member> members_;
    std::vector<MemberIndex> free_;
    std::unordered_map<Endpoint, MemberIndex, EndpointHash> by_endpoint_;
    std::unordered_map<PersonId, MemberIndex> by_person_;
    std::map<std::string, MemberIndex> by_key_;  // ordered, to be read out page by page
    MemberId last_id_ = 0;
};

}  // namespace chat::server
