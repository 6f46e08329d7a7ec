// SPDX-License-Identifier: MIT
#include "chat-client/core/json_input.h"

#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <string>

namespace chat::client {
namespace {

// Takes fields out of one object. After the first that is not as it must be the rest is empty,
// and fault() says why.
class Fields {
  public:
    explicit Fields(const nlohmann::json& object) : object_(object) {}

    // Empty if it is not there.
    std::string text(const char* name) {
        const auto field = object_.find(name);
        if (field == object_.end()) return {};
        if (field->is_string()) return field->get<std::string>();
        fail(fmt::format("\"{}\" must be a string", name));
        return {};
    }
    std::string wanted_text(const char* name) {
        if (!object_.contains(name)) fail(fmt::format("\"{}\" is missing", name));
        return text(name);
    }
    // The same, and it is not the empty string.
    std::string wanted_name(const char* name) {
        auto found = wanted_text(name);
        if (found.empty()) fail(fmt::format("\"{}\" is empty", name));
        return found;
    }
    template <class Number>
    Number number(const char* name, Number otherwise, Number least, Number most) {
        const auto field = object_.find(name);
        if (field == object_.end()) return otherwise;
        if (field->is_number_unsigned()) {
            const auto value = field->get<std::uint64_t>();
            if (value >= least && value <= most) return static_cast<Number>(value);
        }
        fail(fmt::format("\"{}\" must be a whole number from {} to {}", name, least, most));
        return otherwise;
    }
    bool has(const char* name) const { return object_.contains(name); }
    void fail(std::string why) {
        if (fault_.empty()) fault_ = std::move(why);
    }
    const std::string& fault() const { return fault_; }

  private:
    const nlohmann::json& object_;
    std::string fault_;
};

UserInput quit(Fields&) {
    return Quit{};
}
UserInput message(Fields& fields) {
    Say say{fields.wanted_text("text"), fields.text("id"), fields.text("room")};
    if (!fields.has("to")) return say;
    if (fields.has("room")) fields.fail("a message has a \"room\" or a \"to\", not both");
    say.room = "@" + fields.wanted_name("to");
    return say;
}
UserInput join(Fields& fields) {
    return JoinRoom{fields.wanted_name("room")};
}
UserInput part(Fields& fields) {
    return PartRoom{fields.wanted_name("room")};
}
UserInput history(Fields& fields) {
    return WantHistory{
        fields.text("room"),
        fields.number<std::uint64_t>("before", 0, 0, UINT64_MAX),
        fields.number<std::uint32_t>("limit", 50, 1, 256),
    };
}
UserInput rooms(Fields&) {
    return ListRooms{};
}
UserInput members(Fields& fields) {
    return ListMembers{fields.text("room")};
}
UserInput topic(Fields& fields) {
    return SetTopic{fields.wanted_text("text"), fields.text("room")};
}
UserInput search(Fields& fields) {
    return SearchFor{fields.wanted_name("words"), fields.text("room")};
}

struct Type {
    std::string_view name;
    UserInput (*parse)(Fields&);
};
constexpr std::array types = std::to_array<Type>({
    {"message", message},
    {"join", join},
    {"part", part},
    {"history", history},
    {"rooms", rooms},
    {"members", members},
    {"topic", topic},
    {"search", search},
    {"quit", quit},
});

Refused bad(std::string text) {
    return {{ErrorCode::bad_input, std::move(text)}};
}

}  // namespace

UserInput parse_json_line(std::string_view line) {
    const auto json = nlohmann::json::parse(line, nullptr, false);
    if (!json.is_object()) return bad("a line of input must be one JSON object");
    const auto type = json.find("type");
    if (type == json.end() || !type->is_string()) return bad("the object has no \"type\"");
    const auto& name = type->get_ref<const std::string&>();
    for (const auto& known : types) {
        if (name != known.name) continue;
        Fields fields(json);
        auto input = known.parse(fields);
        if (fields.fault().empty()) return input;
        return bad(fmt::format("in an input of type \"{}\", {}", name, fields.fault()));
    }
    return bad(fmt::format("there is no input of type \"{}\"", name));
}

}  // namespace chat::client
