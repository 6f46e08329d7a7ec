// SPDX-License-Identifier: MIT
// How one of the protocols without numbers is spoken: joining one room, saying something there, and
// finding in what comes what somebody said. One object serves all connections, so it keeps nothing
// about any of them. A dialect of datagrams is given one whole datagram at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace chat::load {

// What a dialect has found, in the order in which it came.
class Ears {
  public:
    virtual ~Ears() = default;
    virtual void joined() = 0;
    virtual void message(std::string_view text) = 0;
    // Of so many others he was told that they are there, himself included.
    virtual void told(std::size_t members) = 0;
    virtual void answer(std::string_view bytes) = 0;
    virtual void problem(std::string_view what) = 0;
};

struct Who {
    std::uint32_t member = 0;
    std::uint32_t room = 0;
    std::string name() const { return "load" + std::to_string(member); }
    std::string room_name() const { return "room" + std::to_string(room); }
};

class Dialect {
  public:
    virtual ~Dialect() = default;

    virtual bool is_stream() const { return true; }
    // Whether who says something hears it.
    virtual bool echoes() const { return true; }
    // Whether members are told of each other.
    virtual bool announces() const { return false; }

    virtual std::string greeting(const Who& who) const = 0;
    virtual void say(const Who& who, std::string_view text, std::string& out) const = 0;
    // Takes whole units off the front of `in`; returns how many bytes those were.
    virtual std::size_t read(const Who& who, std::string_view in, Ears& ears) const = 0;
};

// Nothing if there is none of that name: classic, irc, redis, nats, mqtt, raw-sendto, raw-gso.
std::unique_ptr<Dialect> make_dialect(const std::string& protocol);

std::unique_ptr<Dialect> make_classic();
std::unique_ptr<Dialect> make_irc();
std::unique_ptr<Dialect> make_redis();
std::unique_ptr<Dialect> make_nats();
std::unique_ptr<Dialect> make_mqtt();
std::unique_ptr<Dialect> make_raw();

}  // namespace chat::load
