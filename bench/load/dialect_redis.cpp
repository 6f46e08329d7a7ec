// SPDX-License-Identifier: MIT
// Redis pub/sub in RESP3 (Redis 6 and later), where one connection may subscribe and publish.
#include <charconv>
#include <optional>

#include "bench/load/dialect.h"

namespace chat::load {
namespace {

// Walks over one value; the first three strings in it are kept.
class Value {
  public:
    explicit Value(std::string_view in) : in_(in) {}

    // Where it ends; nothing if not all of it is there.
    std::optional<std::size_t> walk(std::size_t at) {
        const auto line_end = in_.find("\r\n", at);
        if (at >= in_.size() || line_end == in_.npos) return std::nullopt;
        const char type = in_[at];
        long count = 0;
        std::from_chars(in_.data() + at + 1, in_.data() + line_end, count);
        std::size_t next = line_end + 2;
        if (type == '$' || type == '=') {
            if (count < 0) return next;
            const auto bytes = static_cast<std::size_t>(count);
            if (in_.size() < next + bytes + 2) return std::nullopt;
            if (strings_ < 3) string[strings_++] = in_.substr(next, bytes);
            return next + bytes + 2;
        }
        if (type == '%') count *= 2;
        if (type != '*' && type != '>' && type != '~' && type != '%') return next;
        for (long i = 0; i < count; ++i) {
            const auto end = walk(next);
            if (!end) return std::nullopt;
            next = *end;
        }
        return next;
    }

    std::string_view string[3];

  private:
    std::string_view in_;
    int strings_ = 0;
};

class Redis final : public Dialect {
  public:
    std::string greeting(const Who& who) const override {
        return "HELLO 3\r\nSUBSCRIBE " + who.room_name() + "\r\n";
    }
    void say(const Who& who, std::string_view text, std::string& out) const override {
        const std::string room = who.room_name();
        out += "*3\r\n$7\r\nPUBLISH\r\n$" + std::to_string(room.size()) + "\r\n" + room + "\r\n$" +
               std::to_string(text.size()) + "\r\n";
        out += text;
        out += "\r\n";
    }
    std::size_t read(const Who&, std::string_view in, Ears& ears) const override {
        std::size_t taken = 0;
        while (taken < in.size()) {
            Value value(in);
            const auto end = value.walk(taken);
            if (!end) break;
            if (in[taken] == '>') {
                if (value.string[0] == "message") ears.message(value.string[2]);
                if (value.string[0] == "subscribe") ears.joined();
            } else if (in[taken] == '-') {
                ears.problem(in.substr(taken, *end - taken));
            }
            taken = *end;
        }
        return taken;
    }
};

}  // namespace

std::unique_ptr<Dialect> make_redis() {
    return std::make_unique<Redis>();
}

}  // namespace chat::load
