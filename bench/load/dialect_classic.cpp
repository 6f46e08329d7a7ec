// SPDX-License-Identifier: MIT
// The plain-text protocol of docs/CLASSIC.md. Nothing repairs what gets lost.
#include "bench/load/dialect.h"

namespace chat::load {
namespace {

class Classic final : public Dialect {
  public:
    bool is_stream() const override { return false; }
    bool echoes() const override { return false; }

    std::string greeting(const Who& who) const override { return "L " + who.name(); }
    void say(const Who& who, std::string_view text, std::string& out) const override {
        out += "C " + who.name() + " ";
        out += text;
    }
    std::size_t read(const Who&, std::string_view in, Ears& ears) const override {
        constexpr std::string_view says = " 说: ";
        if (in == "OK") {
            ears.joined();
        } else if (const auto at = in.find(says); in.starts_with('\n') && at != in.npos) {
            ears.message(in.substr(at + says.size()));
        } else if (!in.starts_with("\n")) {
            ears.problem(in);
        }
        return in.size();
    }
};

}  // namespace

std::unique_ptr<Dialect> make_classic() {
    return std::make_unique<Classic>();
}

}  // namespace chat::load
