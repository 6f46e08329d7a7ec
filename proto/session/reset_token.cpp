// SPDX-License-Identifier: MIT
#include "proto/session/reset_token.h"

#include <array>
#include <sodium.h>

#include "proto/session/primitives.h"
#include "proto/wire/writer.h"

namespace chat {

frame::ResetToken reset_token(const Key32& reset_key, std::uint64_t start_count,
                              std::uint32_t sid) {
    std::array<std::byte, 12> input;
    Writer writer(input);
    writer.u64(start_count);
    writer.u32(sid);
    frame::ResetToken token;
    crypto_generichash_blake2b(raw(token), token.size(), raw(input), input.size(), raw(reset_key),
                               reset_key.size());
    return token;
}

std::optional<std::uint64_t> earlier_start(std::uint64_t start_count, std::uint32_t sid) {
    const std::uint64_t ago = (start_count - sid) & 0xff;
    if (ago == 0 || ago > reset_starts_max || ago >= start_count) return std::nullopt;
    return start_count - ago;
}

bool same_token(const frame::ResetToken& a, const frame::ResetToken& b) {
    return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace chat
