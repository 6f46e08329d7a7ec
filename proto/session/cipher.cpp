// SPDX-License-Identifier: MIT
#include "proto/session/cipher.h"

#include "proto/session/nonce_check.h"
#include "proto/session/primitives.h"
#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

namespace chat {
namespace {

static_assert(datagram::tag_bytes == aead_tag_bytes);

constexpr auto type_byte = static_cast<std::uint8_t>(datagram::Type::data);

bool is_data_size(std::size_t bytes) {
    return bytes >= datagram::data_bytes_min && bytes <= datagram::bytes_max &&
           (bytes - data_overhead_bytes) % datagram::padding_bytes == 0;
}

}  // namespace

std::optional<DataHeader> read_data_header(std::span<const std::byte> data) {
    if (!is_data_size(data.size())) return std::nullopt;
    Reader reader(data);
    const std::uint8_t type = reader.u8();
    const std::uint8_t lane = reader.u8();
    DataHeader header;
    header.ts = reader.u16();
    header.receiver_sid = reader.u32();
    header.counter = reader.u64();
    if (type != type_byte || lane != 0 || header.counter >= data_counter_end) return std::nullopt;
    return header;
}

Sealer::Sealer(const Key32& key, std::uint32_t receiver_sid)
    : key_(key), key_id_(nonce_check_key_id(key)), receiver_sid_(receiver_sid) {}

std::optional<std::uint64_t> Sealer::seal(std::uint16_t ts, std::span<std::byte> data) {
    require(present_.holds());
    require(is_data_size(data.size()));
    if (next_counter_ >= data_counter_end) return std::nullopt;
    const std::uint64_t counter = next_counter_++;
    check_nonce(key_id_, counter);

    Writer writer(data.first(datagram::data_header_bytes));
    writer.u8(type_byte);
    writer.u8(0);
    writer.u16(ts);
    writer.u32(receiver_sid_);
    writer.u64(counter);
    const auto sealed = data.subspan(datagram::data_header_bytes);
    aead_seal(key_.bytes(), counter, writer.written(),
              sealed.first(sealed.size() - datagram::tag_bytes), sealed);
    return counter;
}

bool OpenerKey::decrypt(const DataHeader& header, std::span<std::byte> data) {
    // Anybody can seal for a zero key.
    require(present_.holds());
    const auto sealed = data.subspan(datagram::data_header_bytes);
    if (aead_open(key_.bytes(), header.counter, data.first(datagram::data_header_bytes), sealed,
                  sealed.first(sealed.size() - datagram::tag_bytes))) {
        return true;
    }
    ++forged_;
    return false;
}

}  // namespace chat
