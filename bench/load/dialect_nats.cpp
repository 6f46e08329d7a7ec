// SPDX-License-Identifier: MIT
// The client protocol of NATS: one subject is the room.
#include <charconv>

#include "bench/load/dialect.h"

namespace chat::load {
namespace {

class Nats final : public Dialect {
  public:
    std::string greeting(const Who& who) const override {
        return "CONNECT {\"verbose\":false,\"pedantic\":false,\"echo\":true}\r\nSUB " +
               who.room_name() + " 1\r\nPING\r\n";
    }
    void say(const Who& who, std::string_view text, std::string& out) const override {
        out += "PUB " + who.room_name() + " " + std::to_string(text.size()) + "\r\n";
        out += text;
        out += "\r\n";
    }
    std::size_t read(const Who&, std::string_view in, Ears& ears) const override {
        std::size_t taken = 0;
        for (;;) {
            const auto end = in.find("\r\n", taken);
            if (end == in.npos) return taken;
            const std::string_view line = in.substr(taken, end - taken);
            std::size_t next = end + 2;
            if (line.starts_with("MSG ")) {
                std::size_t bytes = 0;
                const auto size = line.substr(line.rfind(' ') + 1);
                std::from_chars(size.data(), size.data() + size.size(), bytes);
                if (in.size() < next + bytes + 2) return taken;
                ears.message(in.substr(next, bytes));
                next += bytes + 2;
            } else if (line == "PING") {
                ears.answer("PONG\r\n");
            } else if (line == "PONG") {
                ears.joined();
            } else if (line.starts_with("-ERR")) {
                ears.problem(line);
            }
            taken = next;
        }
    }
};

}  // namespace

std::unique_ptr<Dialect> make_nats() {
    return std::make_unique<Nats>();
}

}  // namespace chat::load
