// SPDX-License-Identifier: MIT
// RFC 2812, as much of it as one channel needs. Who speaks does not hear himself.
#include <algorithm>

#include "bench/load/dialect.h"

namespace chat::load {
namespace {

class Irc final : public Dialect {
  public:
    bool echoes() const override { return false; }
    bool announces() const override { return true; }

    std::string greeting(const Who& who) const override {
        return "NICK " + who.name() + "\r\nUSER load 0 * :load\r\n";
    }
    void say(const Who& who, std::string_view text, std::string& out) const override {
        out += "PRIVMSG " + channel(who) + " :";
        out += text;
        out += "\r\n";
    }
    std::size_t read(const Who& who, std::string_view in, Ears& ears) const override {
        std::size_t taken = 0;
        for (;;) {
            const auto end = in.find('\n', taken);
            if (end == in.npos) return taken;
            std::string_view line = in.substr(taken, end - taken);
            if (line.ends_with('\r')) line.remove_suffix(1);
            take(who, line, ears);
            taken = end + 1;
        }
    }

  private:
    static std::string channel(const Who& who) { return "#" + who.room_name(); }

    static void take(const Who& who, std::string_view line, Ears& ears) {
        std::string_view from;
        if (line.starts_with(':')) {
            const auto space = std::min(line.find(' '), line.size() - 1);
            from = line.substr(1, space - 1);
            line.remove_prefix(space + 1);
        }
        const auto last = line.find(" :");
        const auto text = last == line.npos ? std::string_view() : line.substr(last + 2);
        if (line.starts_with("PRIVMSG ")) {
            ears.message(text);
        } else if (line.starts_with("JOIN ")) {
            if (!from.starts_with(who.name() + "!")) ears.told(1);
        } else if (line.starts_with("PING ")) {
            ears.answer("PONG " + std::string(line.substr(5)) + "\r\n");
        } else if (line.starts_with("001 ")) {
            ears.answer("JOIN " + channel(who) + "\r\n");
        } else if (line.starts_with("353 ")) {
            const auto words = std::ranges::count(text, ' ') + (text.ends_with(' ') ? 0 : 1);
            ears.told(static_cast<std::size_t>(words));
        } else if (line.starts_with("366 ")) {
            ears.joined();
        } else if (line.starts_with("ERROR") || line.starts_with("43") || line.starts_with("47") ||
                   line.starts_with("404")) {
            ears.problem(line);
        }
    }
};

}  // namespace

std::unique_ptr<Dialect> make_irc() {
    return std::make_unique<Irc>();
}

}  // namespace chat::load
