// SPDX-License-Identifier: MIT
#include "proto/session/symmetric_state.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <utility>

#include "proto/session/invariant.h"
#include "proto/session/primitives.h"

namespace chat {
namespace {

using Bytes = std::span<const std::byte>;

static_assert(noise_tag_bytes == aead_tag_bytes);

// HKDF of section 4.3 with as many outputs as are asked for. The chaining key may be one of them.
void hkdf(const Key32& chaining_key, Bytes input, std::initializer_list<SecretKey*> outputs) {
    const SecretKey temporary = hmac_sha256(chaining_key, {input});
    Bytes previous;
    unsigned number = 1;
    for (SecretKey* const output : outputs) {
        const std::byte last{static_cast<unsigned char>(number++)};
        *output = hmac_sha256(temporary.bytes(), {previous, Bytes(&last, 1)});
        previous = output->bytes();
    }
}

// The last number is not used (section 5.1).
constexpr std::uint64_t number_end = std::numeric_limits<std::uint64_t>::max();

void pass_through(Bytes in, std::span<std::byte> out) {
    require(out.size() == in.size());
    if (!in.empty()) std::memmove(out.data(), in.data(), in.size());
}

}  // namespace

void CipherState::encrypt(Bytes ad, Bytes plaintext, std::span<std::byte> out) {
    if (!has_key_) {
        pass_through(plaintext, out);
        return;
    }
    require(next_ != number_end);
    aead_seal(key_.bytes(), next_, ad, plaintext, out);
    ++next_;
}

bool CipherState::decrypt(Bytes ad, Bytes ciphertext, std::span<std::byte> out) {
    if (!has_key_) {
        pass_through(ciphertext, out);
        return true;
    }
    require(next_ != number_end);
    if (!aead_open(key_.bytes(), next_, ad, ciphertext, out)) return false;
    ++next_;
    return true;
}

CipherState CipherState::copy() const {
    CipherState other;
    other.key_ = key_.copy();
    other.next_ = next_;
    other.has_key_ = has_key_;
    return other;
}

SymmetricState::SymmetricState(std::string_view protocol_name) {
    const Bytes name = bytes_of(protocol_name);
    if (name.size() <= hash_.size()) {
        std::ranges::copy(name, hash_.begin());
    } else {
        hash_ = sha256({name});
    }
    chaining_key_ = SecretKey(hash_);
}

void SymmetricState::mix_key(const Key32& input) {
    SecretKey key;
    hkdf(chaining_key_.bytes(), input, {&chaining_key_, &key});
    cipher_ = CipherState(key.bytes());
}

void SymmetricState::mix_hash(Bytes data) {
    hash_ = sha256({hash_, data});
}

void SymmetricState::mix_key_and_hash(const Key32& input) {
    SecretKey hashed, key;
    hkdf(chaining_key_.bytes(), input, {&chaining_key_, &hashed, &key});
    mix_hash(hashed.bytes());
    cipher_ = CipherState(key.bytes());
}

std::size_t SymmetricState::encrypt_and_hash(Bytes plaintext, std::span<std::byte> out) {
    const auto field = out.first(plaintext.size() + tag_bytes());
    cipher_.encrypt(hash_, plaintext, field);
    mix_hash(field);
    return field.size();
}

bool SymmetricState::decrypt_and_hash(Bytes ciphertext, std::span<std::byte> out) {
    if (!cipher_.decrypt(hash_, ciphertext, out)) return false;
    mix_hash(ciphertext);
    return true;
}

SymmetricState SymmetricState::copy() const {
    SymmetricState other;
    other.chaining_key_ = chaining_key_.copy();
    other.hash_ = hash_;
    other.cipher_ = cipher_.copy();
    return other;
}

SplitKeys SymmetricState::split() {
    SplitKeys keys;
    hkdf(chaining_key_.bytes(), {}, {&keys.k1, &keys.k2});
    chaining_key_ = {};
    cipher_ = {};
    return keys;
}

}  // namespace chat
