// SPDX-License-Identifier: MIT
// With the servers of raw_server.h: J to be sent everything, M and a text to say something. What
// comes is one or more entries of the same size in a datagram.
#include "bench/load/dialect.h"
#include "bench/load/raw_server.h"

namespace chat::load {
namespace {

class Raw final : public Dialect {
  public:
    bool is_stream() const override { return false; }

    std::string greeting(const Who&) const override { return "J"; }
    void say(const Who&, std::string_view text, std::string& out) const override {
        out += 'M';
        out += text;
        out.resize(raw_entry_bytes, '.');
    }
    std::size_t read(const Who&, std::string_view in, Ears& ears) const override {
        if (in == "j") {
            ears.joined();
            return in.size();
        }
        for (auto rest = in; rest.size() >= raw_entry_bytes; rest.remove_prefix(raw_entry_bytes))
            ears.message(rest.substr(1, raw_entry_bytes - 1));
        return in.size();
    }
};

}  // namespace

std::unique_ptr<Dialect> make_raw() {
    return std::make_unique<Raw>();
}

}  // namespace chat::load
