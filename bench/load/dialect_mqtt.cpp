// SPDX-License-Identifier: MIT
// MQTT 3.1.1 with QoS 0: one topic is the room.
#include <cstdint>

#include "bench/load/dialect.h"

namespace chat::load {
namespace {

enum Packet : std::uint8_t { connack = 2, publish = 3, suback = 9 };

void put_length(std::string& out, std::size_t length) {
    do {
        const std::size_t rest = length / 128;
        out += static_cast<char>(length % 128 + (rest > 0 ? 128 : 0));
        length = rest;
    } while (length > 0);
}

void put_text(std::string& out, std::string_view text) {
    out += static_cast<char>(text.size() >> 8);
    out += static_cast<char>(text.size() & 0xff);
    out += text;
}

std::uint8_t byte_at(std::string_view in, std::size_t at) {
    return static_cast<std::uint8_t>(in[at]);
}

class Mqtt final : public Dialect {
  public:
    std::string greeting(const Who& who) const override {
        std::string connect;
        put_text(connect, "MQTT");
        connect += '\x04';                // 3.1.1
        connect += '\x02';                // clean session
        connect += std::string(2, '\0');  // no keep-alive
        put_text(connect, who.name());
        std::string subscribe("\0\1", 2);
        put_text(subscribe, who.room_name());
        subscribe += '\0';
        std::string out("\x10");
        put_length(out, connect.size());
        out += connect + "\x82";
        put_length(out, subscribe.size());
        return out + subscribe;
    }
    void say(const Who& who, std::string_view text, std::string& out) const override {
        out += '\x30';
        const std::string room = who.room_name();
        put_length(out, 2 + room.size() + text.size());
        put_text(out, room);
        out += text;
    }
    std::size_t read(const Who&, std::string_view in, Ears& ears) const override {
        std::size_t taken = 0;
        for (;;) {
            std::size_t length = 0;
            std::size_t at = taken + 1;
            for (int shift = 0;; shift += 7) {
                if (at >= in.size() || shift > 21) return taken;
                const std::uint8_t part = byte_at(in, at++);
                length |= static_cast<std::size_t>(part & 127) << shift;
                if (part < 128) break;
            }
            if (in.size() - at < length) return taken;
            take(byte_at(in, taken) >> 4, in.substr(at, length), ears);
            taken = at + length;
        }
    }

    static void take(int type, std::string_view body, Ears& ears) {
        if (type == publish && body.size() >= 2) {
            const std::size_t topic_bytes = std::size_t{byte_at(body, 0)} << 8 | byte_at(body, 1);
            if (topic_bytes + 2 <= body.size()) ears.message(body.substr(topic_bytes + 2));
        } else if (type == suback) {
            ears.joined();
        } else if (type == connack && (body.size() < 2 || body[1] != 0)) {
            ears.problem("the connection was refused");
        }
    }
};

}  // namespace

std::unique_ptr<Dialect> make_mqtt() {
    return std::make_unique<Mqtt>();
}

}  // namespace chat::load
