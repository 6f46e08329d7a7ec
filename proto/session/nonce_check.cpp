// SPDX-License-Identifier: MIT
#include "proto/session/nonce_check.h"

#include <cstring>

#include "proto/session/invariant.h"
#include "proto/session/primitives.h"

namespace chat {

bool NonceRecord::admit(std::uint64_t key_id, std::uint64_t counter) {
    Entry& entry = entries_[key_id % capacity];
    if (entry.key_id == key_id && counter < entry.next_counter) return false;
    entry = {key_id, counter + 1};
    return true;
}

#ifdef NDEBUG

std::uint64_t nonce_check_key_id(const Key32&) {
    return 0;
}

void check_nonce(std::uint64_t, std::uint64_t) {}

void forget_nonces() {}

#else

namespace {

NonceRecord& record() {
    thread_local NonceRecord instance;
    return instance;
}

}  // namespace

std::uint64_t nonce_check_key_id(const Key32& key) {
    const Key32 hash = sha256({key});
    std::uint64_t id = 0;
    std::memcpy(&id, hash.data(), sizeof id);
    return id;
}

void check_nonce(std::uint64_t key_id, std::uint64_t counter) {
    require(record().admit(key_id, counter));
}

void forget_nonces() {
    record().clear();
}

#endif

}  // namespace chat
