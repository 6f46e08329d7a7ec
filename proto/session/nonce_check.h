// SPDX-License-Identifier: MIT
// Catches our worst bug, a nonce used twice under one key, before the second datagram leaves: debug
// builds check every seal against a record of {key id -> highest counter} and abort; with NDEBUG
// nothing is kept or checked. The record is bounded: a key may be forgotten for another, which can
// miss a repeat and never raises a false alarm. One record per thread, since a process here is one
// thread. Key ids are hashes, of no use to find the key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "proto/session/keys.h"

namespace chat {

class NonceRecord {
  public:
    // False when the key has sealed this counter or a later one.
    [[nodiscard]] bool admit(std::uint64_t key_id, std::uint64_t counter);
    void clear() { entries_ = {}; }

    static constexpr std::size_t capacity = 4096;

  private:
    struct Entry {
        std::uint64_t key_id = 0;
        std::uint64_t next_counter = 0;  // 0: the entry is free
    };

    std::array<Entry, capacity> entries_{};
};

// Always 0 with NDEBUG.
std::uint64_t nonce_check_key_id(const Key32& key);

void check_nonce(std::uint64_t key_id, std::uint64_t counter);

// A simulated world that starts again from the same seed makes the same keys again.
void forget_nonces();

}  // namespace chat
