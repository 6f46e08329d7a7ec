// SPDX-License-Identifier: MIT
// Published test vectors, byte for byte in both roles: those of flynn/noise as Debian packages
// them, and, in the folder that CHAT_VECTORS names, those of cacophony and snow in JSON. Every
// vector with SHA256 is checked, and there must be as many as the files are known to hold.
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proto/session/noise.h"
#include "proto/session/test_support.h"
#include "tests/support/catch.h"

namespace chat {
namespace {

using namespace session_test;
using Bytes = std::vector<std::byte>;

constexpr std::string_view suite = "_25519_ChaChaPoly_SHA256";

struct Vector {
    std::string pattern;
    Bytes prologue;
    std::optional<KeyPair> init_static, init_ephemeral, resp_static, resp_ephemeral;
    std::optional<Key32> psk;
    std::optional<Key32> handshake_hash;
    // Whether the sides go on taking turns after the handshake, or the initiator starts again.
    bool turns_go_on = false;
    struct Message {
        Bytes payload, ciphertext;
    };
    std::vector<Message> messages;
};

// The patterns of Noise section 7, without their psk modifiers.
std::optional<Pattern> base_pattern(std::string_view name) {
    using enum Token;
    static constexpr Pattern patterns[] = {
        {"N", false, true, 1, {{{e, es}}}},
        {"K", true, true, 1, {{{e, es, ss}}}},
        {"X", false, true, 1, {{{e, es, s, ss}}}},
        {"NN", false, false, 2, {{{e}, {e, ee}}}},
        {"KN", true, false, 2, {{{e}, {e, ee, se}}}},
        {"NK", false, true, 2, {{{e, es}, {e, ee}}}},
        {"KK", true, true, 2, {{{e, es, ss}, {e, ee, se}}}},
        {"NX", false, false, 2, {{{e}, {e, ee, s, es}}}},
        {"KX", true, false, 2, {{{e}, {e, ee, se, s, es}}}},
        {"XN", false, false, 3, {{{e}, {e, ee}, {s, se}}}},
        {"IN", false, false, 2, {{{e, s}, {e, ee, se}}}},
        {"XK", false, true, 3, {{{e, es}, {e, ee}, {s, se}}}},
        {"IK", false, true, 2, {{{e, es, s, ss}, {e, ee, se}}}},
        {"XX", false, false, 3, {{{e}, {e, ee, s, es}, {s, se}}}},
        {"IX", false, false, 2, {{{e, s}, {e, ee, se, s, es}}}},
    };
    for (const Pattern& pattern : patterns) {
        if (pattern.name == name) return pattern;
    }
    return std::nullopt;
}

// "XXpsk3": psk0 stands before the tokens of message 1, psk3 after those of message 3.
std::optional<Pattern> pattern_named(std::string_view name) {
    const std::size_t modifier = name.find("psk");
    auto pattern = base_pattern(name.substr(0, modifier));
    if (!pattern || modifier == std::string_view::npos) return pattern;
    pattern->name = name;
    const auto place = static_cast<std::size_t>(name.back() - '0');
    if (place == 0) {
        auto& tokens = pattern->messages[0];
        std::shift_right(tokens.begin(), tokens.end(), 1);
        tokens[0] = Token::psk;
    } else {
        auto& tokens = pattern->messages[place - 1];
        *std::ranges::find(tokens, Token::none) = Token::psk;
    }
    return pattern;
}

void check(const Vector& vector) {
    const auto pattern = pattern_named(vector.pattern);
    REQUIRE(pattern);
    REQUIRE(vector.messages.size() > pattern->message_count);
    const auto known = [](bool is_known, const std::optional<KeyPair>& keys) {
        return is_known ? &keys->public_key : nullptr;
    };
    const auto own = [](const std::optional<KeyPair>& keys) { return keys ? &*keys : nullptr; };
    HandshakeState sides[2] = {
        HandshakeState(*pattern, Role::initiator, vector.prologue, own(vector.init_static),
                       known(pattern->responder_static_known, vector.resp_static)),
        HandshakeState(*pattern, Role::responder, vector.prologue, own(vector.resp_static),
                       known(pattern->initiator_static_known, vector.init_static)),
    };
    sides[0].set_ephemeral(vector.init_ephemeral->copy());
    if (vector.resp_ephemeral) sides[1].set_ephemeral(vector.resp_ephemeral->copy());

    for (std::size_t i = 0; i < pattern->message_count; ++i) {
        INFO("message " << i);
        const auto& [payload, ciphertext] = vector.messages[i];
        // As late as the interface allows.
        if (std::ranges::find(pattern->messages[i], Token::psk) != pattern->messages[i].end()) {
            REQUIRE(vector.psk);
            for (HandshakeState& side : sides)
                side.set_psk(*vector.psk);
        }
        Bytes written(sides[i % 2].message_bytes(payload.size()));
        REQUIRE(sides[i % 2].write_message(payload, written) == written.size());
        REQUIRE(to_hex(written) == to_hex(ciphertext));
        Bytes read(payload.size());
        REQUIRE(sides[(i + 1) % 2].read_message(ciphertext, read) == payload.size());
        REQUIRE(to_hex(read) == to_hex(payload));
    }
    REQUIRE(sides[0].finished());
    REQUIRE(sides[0].handshake_hash() == sides[1].handshake_hash());
    if (vector.handshake_hash) REQUIRE(sides[0].handshake_hash() == *vector.handshake_hash);

    const SplitKeys of_initiator = sides[0].split(), of_responder = sides[1].split();
    CipherState to_seal[2] = {CipherState(of_initiator.k1.bytes()),
                              CipherState(of_responder.k2.bytes())};
    CipherState to_open[2] = {CipherState(of_responder.k1.bytes()),
                              CipherState(of_initiator.k2.bytes())};
    const std::size_t first = vector.turns_go_on ? 0 : pattern->message_count;
    for (std::size_t i = pattern->message_count; i < vector.messages.size(); ++i) {
        INFO("transport message " << i);
        const std::size_t sender = (i - first) % 2;
        const auto& [payload, ciphertext] = vector.messages[i];
        Bytes sealed(payload.size() + noise_tag_bytes);
        to_seal[sender].encrypt({}, payload, sealed);
        REQUIRE(to_hex(sealed) == to_hex(ciphertext));
        Bytes opened(payload.size());
        REQUIRE(to_open[sender].decrypt({}, ciphertext, opened));
        REQUIRE(to_hex(opened) == to_hex(payload));
    }
}

// The pattern of a protocol name of our suite, else nothing.
std::string pattern_of(std::string_view protocol) {
    constexpr std::string_view start = "Noise_";
    if (!protocol.starts_with(start) || !protocol.ends_with(suite)) return {};
    protocol.remove_prefix(start.size());
    protocol.remove_suffix(suite.size());
    return std::string(protocol);
}

KeyPair pair_from(std::string_view secret) {
    return KeyPair::from_secret(SecretKey(key_from_hex(secret)));
}

// Counts of checked vectors by pattern.
using Checked = std::map<std::string, int>;

int total(const Checked& checked) {
    int sum = 0;
    for (const auto& [pattern, count] : checked)
        sum += count;
    return sum;
}

// Blocks of "name=value" lines, an empty line after each.
Checked check_flynn(const std::string& path) {
    std::ifstream file(path);
    REQUIRE(file);
    Checked checked;
    std::map<std::string, std::string> fields;
    const auto finish_block = [&] {
        Vector vector;
        vector.pattern = pattern_of(fields["handshake"]);
        if (!vector.pattern.empty()) {
            INFO(fields["handshake"] << " of " << path);
            const auto key_pair = [&](const char* name) -> std::optional<KeyPair> {
                if (!fields.contains(name)) return std::nullopt;
                return pair_from(fields[name]);
            };
            vector.prologue = from_hex(fields["prologue"]);
            vector.init_static = key_pair("init_static");
            vector.resp_static = key_pair("resp_static");
            vector.init_ephemeral = key_pair("gen_init_ephemeral");
            vector.resp_ephemeral = key_pair("gen_resp_ephemeral");
            if (fields.contains("preshared_key")) {
                vector.psk = key_from_hex(fields["preshared_key"]);
            }
            for (int i = 0;; ++i) {
                const std::string message = "msg_" + std::to_string(i);
                if (!fields.contains(message + "_ciphertext")) break;
                vector.messages.push_back({from_hex(fields[message + "_payload"]),
                                           from_hex(fields[message + "_ciphertext"])});
            }
            check(vector);
            ++checked[vector.pattern];
        }
        fields.clear();
    };
    for (std::string line; std::getline(file, line);) {
        if (line.empty()) {
            finish_block();
        } else if (const std::size_t equals = line.find('='); equals != std::string::npos) {
            fields[line.substr(0, equals)] = line.substr(equals + 1);
        }
    }
    finish_block();
    return checked;
}

Checked check_json(const std::string& path) {
    std::ifstream file(path);
    REQUIRE(file);
    const auto document = nlohmann::json::parse(file, nullptr, false);
    REQUIRE_FALSE(document.is_discarded());
    Checked checked;
    for (const auto& entry : document.at("vectors")) {
        const auto text = [&](const char* name) { return entry.value(name, std::string()); };
        Vector vector;
        vector.pattern = pattern_of(text("protocol_name"));
        if (vector.pattern.empty()) continue;
        INFO(text("protocol_name") << " of " << path);
        const auto key_pair = [&](const char* name) -> std::optional<KeyPair> {
            if (!entry.contains(name)) return std::nullopt;
            return pair_from(text(name));
        };
        REQUIRE(text("init_prologue") == text("resp_prologue"));
        vector.turns_go_on = true;
        vector.prologue = from_hex(text("init_prologue"));
        vector.init_static = key_pair("init_static");
        vector.resp_static = key_pair("resp_static");
        vector.init_ephemeral = key_pair("init_ephemeral");
        vector.resp_ephemeral = key_pair("resp_ephemeral");
        if (entry.contains("init_psks") && !entry["init_psks"].empty()) {
            REQUIRE(entry["init_psks"].size() == 1);
            vector.psk = key_from_hex(entry["init_psks"][0].get<std::string>());
        }
        if (entry.contains("handshake_hash")) {
            vector.handshake_hash = key_from_hex(text("handshake_hash"));
        }
        for (const auto& message : entry.at("messages")) {
            vector.messages.push_back({from_hex(message.at("payload").get<std::string>()),
                                       from_hex(message.at("ciphertext").get<std::string>())});
        }
        check(vector);
        ++checked[vector.pattern];
    }
    return checked;
}

}  // namespace

TEST_CASE("the product's pattern is the one the vectors are for") {
    const auto pattern = pattern_named("XXpsk3");
    REQUIRE(pattern);
    CHECK(pattern->name == pattern_xxpsk3.name);
    CHECK(pattern->messages == pattern_xxpsk3.messages);
    CHECK(pattern->message_count == pattern_xxpsk3.message_count);
    CHECK(pattern->initiator_static_known == pattern_xxpsk3.initiator_static_known);
    CHECK(pattern->responder_static_known == pattern_xxpsk3.responder_static_known);
}

TEST_CASE("the vectors of flynn/noise") {
    const Checked checked = check_flynn(CHAT_FLYNN_VECTORS);
    // 60 patterns, each with and without prologue and payloads.
    CHECK(checked.size() >= 60);
    CHECK(total(checked) >= 240);
    CHECK(checked.contains("XXpsk3"));
}

TEST_CASE("the vectors of cacophony and snow") {
    const char* const folder = std::getenv("CHAT_VECTORS");
    if (folder == nullptr) return;
    const Checked cacophony =
        check_json(std::string(folder) + "/cacophony-25519-ChaChaPoly-subset.json");
    CHECK(total(cacophony) >= 10);
    CHECK(cacophony.contains("XXpsk3"));
    const Checked snow = check_json(std::string(folder) + "/snow-25519-ChaChaPoly-subset.json");
    CHECK(total(snow) >= 4);
}

}  // namespace chat
