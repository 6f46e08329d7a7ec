// SPDX-License-Identifier: MIT
#include "proto/wire/datagram.h"

#include <algorithm>
#include <cassert>

#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

namespace chat::datagram {

namespace {

void write_zeros(Writer& writer, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
        writer.u8(0);
}

void write_head(Writer& writer, Type type) {
    writer.u8(static_cast<std::uint8_t>(type));
    writer.u8(version);
}

void write_cookie(Writer& writer, const Cookie& cookie) {
    writer.u32(cookie.made_at_s);
    writer.u8(cookie.generation);
    writer.bytes(cookie.zero);
    writer.bytes(cookie.mac);
}

template <std::size_t N>
void read_bytes(Reader& reader, Bytes<N>& to) {
    std::ranges::copy(reader.bytes(N), to.begin());
}

// A length, then a field of fixed size with zeros behind the text.
void write_text(Writer& writer, const std::array<char, 32>& text, std::uint8_t bytes) {
    assert(bytes <= text.size());
    writer.u8(bytes);
    writer.text({text.data(), bytes});
    write_zeros(writer, text.size() - bytes);
}

// False: more than fits there, or something behind it.
bool read_text(Reader& reader, std::array<char, 32>& text, std::uint8_t& bytes) {
    bytes = reader.u8();
    std::ranges::copy(reader.text(text.size()), text.begin());
    if (bytes > text.size()) return false;
    return std::ranges::all_of(std::span(text).subspan(bytes), [](char c) { return c == 0; });
}

Cookie read_cookie(Reader& reader) {
    Cookie cookie;
    cookie.made_at_s = reader.u32();
    cookie.generation = reader.u8();
    read_bytes(reader, cookie.zero);
    read_bytes(reader, cookie.mac);
    return cookie;
}

// A reader behind type and version, or one that has failed.
Reader reader_of(Type type, std::span<const std::byte> datagram) {
    Reader reader(type_of(datagram) == type ? datagram : std::span<const std::byte>());
    reader.bytes(2);
    return reader;
}

bool fits(Type type, std::size_t bytes) {
    switch (type) {
        case Type::init:
            return bytes == init_bytes;
        case Type::retry:
            return bytes == retry_bytes;
        case Type::resp:
            return bytes == resp_bytes;
        case Type::fini:
            return bytes == fini_bytes;
        case Type::data:
            return bytes >= data_bytes_min && bytes <= bytes_max && bytes % padding_bytes == 0;
        case Type::reset:
            return bytes == reset_bytes;
        case Type::refuse:
            return bytes == refuse_bytes;
    }
    return false;
}

bool has_version(Type type) {
    return type != Type::data && type != Type::reset;
}

}  // namespace

bool is_secure(std::span<const std::byte> datagram) {
    return !datagram.empty() && datagram[0] >= std::byte{0xf8} && datagram[0] <= std::byte{0xfe};
}

std::optional<Type> type_of(std::span<const std::byte> datagram) {
    if (!is_secure(datagram)) return std::nullopt;
    const auto type = static_cast<Type>(datagram[0]);
    if (!fits(type, datagram.size())) return std::nullopt;
    if (has_version(type) && datagram[1] != std::byte{version}) return std::nullopt;
    return type;
}

std::uint32_t receiver_sid(std::span<const std::byte> data) {
    assert(type_of(data) == Type::data);
    Reader reader(data);
    reader.bytes(4);
    return reader.u32();
}

Bytes<init_bytes> encode(const Init& init) {
    Bytes<init_bytes> out{};
    Writer writer(out);
    write_head(writer, Type::init);
    writer.u16(0);
    writer.u32(init.client_sid);
    writer.u64(init.client_nonce);
    write_cookie(writer, init.cookie);
    writer.bytes(init.noise);
    write_zeros(writer, writer.remaining());
    return out;
}

Bytes<retry_bytes> encode(const Retry& retry) {
    Bytes<retry_bytes> out{};
    Writer writer(out);
    write_head(writer, Type::retry);
    writer.u16(retry.server_flags);
    writer.u32(retry.client_sid);
    writer.u64(retry.client_nonce);
    writer.bytes(retry.cookie);
    writer.u32(retry.versions);
    writer.u32(0);
    assert(writer.ok() && writer.remaining() == 0);
    return out;
}

Bytes<resp_bytes> encode(const Resp& resp) {
    Bytes<resp_bytes> out{};
    Writer writer(out);
    write_head(writer, Type::resp);
    writer.u16(0);
    writer.u32(resp.client_sid);
    writer.u32(resp.server_sid);
    writer.u32(0);
    writer.bytes(resp.noise);
    assert(writer.ok() && writer.remaining() == 0);
    return out;
}

Bytes<fini_bytes> encode(const Fini& fini) {
    Bytes<fini_bytes> out{};
    Writer writer(out);
    write_head(writer, Type::fini);
    writer.u16(0);
    writer.u32(fini.server_sid);
    writer.u64(fini.client_nonce);
    writer.bytes(fini.noise);
    writer.bytes(fini.mac);
    assert(writer.ok() && writer.remaining() == 0);
    return out;
}

Bytes<reset_bytes> encode(const Reset& reset) {
    Bytes<reset_bytes> out{};
    Writer writer(out);
    writer.u8(static_cast<std::uint8_t>(Type::reset));
    write_zeros(writer, 3);
    writer.u32(reset.receiver_sid);
    writer.bytes(reset.token);
    assert(writer.ok() && writer.remaining() == 0);
    return out;
}

Bytes<refuse_bytes> encode(const Refuse& refuse) {
    Bytes<refuse_bytes> out{};
    Writer writer(out);
    write_head(writer, Type::refuse);
    writer.u16(refuse.code);
    writer.u32(refuse.client_sid);
    writer.u64(refuse.client_nonce);
    writer.bytes(refuse.mac);
    assert(writer.ok() && writer.remaining() == 0);
    return out;
}

std::optional<Init> decode_init(std::span<const std::byte> datagram) {
    Reader reader = reader_of(Type::init, datagram);
    if (!reader.ok()) return std::nullopt;
    Init init;
    reader.u16();
    init.client_sid = reader.u32();
    init.client_nonce = reader.u64();
    init.cookie = read_cookie(reader);
    read_bytes(reader, init.noise);
    if (init.client_sid == 0) return std::nullopt;
    return init;
}

std::optional<Retry> decode_retry(std::span<const std::byte> datagram) {
    Reader reader = reader_of(Type::retry, datagram);
    if (!reader.ok()) return std::nullopt;
    Retry retry;
    retry.server_flags = reader.u16();
    retry.client_sid = reader.u32();
    retry.client_nonce = reader.u64();
    read_bytes(reader, retry.cookie);
    retry.versions = reader.u32();
    if (retry.client_sid == 0) return std::nullopt;
    return retry;
}

std::optional<Resp> decode_resp(std::span<const std::byte> datagram) {
    Reader reader = reader_of(Type::resp, datagram);
    if (!reader.ok()) return std::nullopt;
    Resp resp;
    reader.u16();
    resp.client_sid = reader.u32();
    resp.server_sid = reader.u32();
    reader.u32();
    read_bytes(reader, resp.noise);
    if (resp.client_sid == 0 || resp.server_sid == 0) return std::nullopt;
    return resp;
}

std::optional<Fini> decode_fini(std::span<const std::byte> datagram) {
    Reader reader = reader_of(Type::fini, datagram);
    if (!reader.ok()) return std::nullopt;
    Fini fini;
    reader.u16();
    fini.server_sid = reader.u32();
    fini.client_nonce = reader.u64();
    read_bytes(reader, fini.noise);
    read_bytes(reader, fini.mac);
    if (fini.server_sid == 0) return std::nullopt;
    return fini;
}

std::optional<Reset> decode_reset(std::span<const std::byte> datagram) {
    Reader reader = reader_of(Type::reset, datagram);
    if (!reader.ok()) return std::nullopt;
    Reset reset;
    reader.u16();
    reset.receiver_sid = reader.u32();
    read_bytes(reader, reset.token);
    if (reset.receiver_sid == 0) return std::nullopt;
    return reset;
}

std::optional<Refuse> decode_refuse(std::span<const std::byte> datagram) {
    Reader reader = reader_of(Type::refuse, datagram);
    if (!reader.ok()) return std::nullopt;
    Refuse refuse;
    refuse.code = reader.u16();
    refuse.client_sid = reader.u32();
    refuse.client_nonce = reader.u64();
    read_bytes(reader, refuse.mac);
    if (refuse.client_sid == 0) return std::nullopt;
    return refuse;
}

Bytes<24> encode(const Cookie& cookie) {
    Bytes<24> out{};
    Writer writer(out);
    write_cookie(writer, cookie);
    assert(writer.ok() && writer.remaining() == 0);
    return out;
}

Cookie decode_cookie(std::span<const std::byte, 24> bytes) {
    Reader reader(bytes);
    return read_cookie(reader);
}

Bytes<resp_payload_bytes> encode(const RespPayload& payload) {
    Bytes<resp_payload_bytes> out{};
    Writer writer(out);
    writer.u64(payload.log_epoch);
    writer.u16(payload.ack_delay_ms);
    writer.u16(payload.keepalive_s);
    writer.u16(payload.idle_s);
    writer.u32(payload.server_sid);
    write_zeros(writer, writer.remaining());
    return out;
}

Bytes<fini_payload_bytes> encode(const FiniPayload& payload) {
    Bytes<fini_payload_bytes> out{};
    Writer writer(out);
    writer.u64(payload.client_epoch);
    writer.u64(payload.acked_msg_id);
    writer.u32(payload.prev_server_sid);
    writer.u32(0);
    writer.u64(payload.log_epoch);
    writer.u64(payload.next_seq);
    write_text(writer, payload.name, payload.name_bytes);
    write_text(writer, payload.room, payload.room_bytes);
    write_zeros(writer, writer.remaining());
    return out;
}

std::optional<RespPayload> decode_resp_payload(std::span<const std::byte> bytes) {
    if (bytes.size() != resp_payload_bytes) return std::nullopt;
    Reader reader(bytes);
    RespPayload payload;
    payload.log_epoch = reader.u64();
    payload.ack_delay_ms = reader.u16();
    payload.keepalive_s = reader.u16();
    payload.idle_s = reader.u16();
    payload.server_sid = reader.u32();
    return payload;
}

std::optional<FiniPayload> decode_fini_payload(std::span<const std::byte> bytes) {
    if (bytes.size() != fini_payload_bytes) return std::nullopt;
    Reader reader(bytes);
    FiniPayload payload;
    payload.client_epoch = reader.u64();
    payload.acked_msg_id = reader.u64();
    payload.prev_server_sid = reader.u32();
    reader.u32();
    payload.log_epoch = reader.u64();
    payload.next_seq = reader.u64();
    const bool has_name = read_text(reader, payload.name, payload.name_bytes);
    const bool has_room = read_text(reader, payload.room, payload.room_bytes);
    if (!has_name || !has_room) return std::nullopt;
    return payload;
}

}  // namespace chat::datagram
