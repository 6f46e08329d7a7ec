// SPDX-License-Identifier: MIT
#include "chat-client/core/secure_test_support.h"

using namespace chat;
using namespace chat::client;

namespace {

SecureSessionConfig with(Trust trust) {
    SecureSessionConfig config;
    config.trust = std::move(trust);
    return config;
}

PublicKey servers_key() {
    return SecureBench().server.identity.public_key;
}

}  // namespace

TEST_CASE("whose key is trusted, and that nothing of ours is sent before it is") {
    const PublicKey key = servers_key();
    const std::string print = fingerprint(key);
    PublicKey other = key;
    other.bytes[0] ^= std::byte{1};
    const std::string other_print = fingerprint(other);
    struct Row {
        Trust trust;
        std::string outcome;
        bool remembered;
    };
    const Row table[] = {
        {{key, "", false, false}, "online", false},
        {{key, print, false, false}, "online", false},
        {{other, "", false, false}, "error key_changed", false},
        {{other, "", true, true}, "error key_changed", false},
        {{other, print, true, true}, "error key_changed", false},
        {{key, other_print, true, true}, "error key_not_accepted", false},
        {{{}, other_print, true, true}, "error key_not_accepted", false},
        {{{}, print, false, false}, "online", true},
        {{{}, "", true, false}, "online", true},
        {{{}, "", false, false}, "error key_unknown", false},
        {{{}, "", false, true}, "trust?", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.outcome);
        SecureBench b(with(row.trust));
        b.log_in();
        const Lines events = b.events();
        CHECK(std::ranges::find(events, row.outcome) != events.end());
        CHECK((b.count(datagram::Type::fini) > 0) == (row.outcome == "online"));
        CHECK((b.trusted == key) == row.remembered);
        if (row.outcome.starts_with("error")) {
            CHECK(b.session.end() == End::refused);
            CHECK(events.back() == "offline");
            b.wait(seconds(60));
            CHECK(b.sent_count == 2);  // both INIT
        }
    }
}

TEST_CASE("what to do about a changed key is said") {
    SecureBench b(with({PublicKey{}, "", false, true}));
    b.log_in();
    for (const auto& event : b.session.take_events()) {
        const auto* error = std::get_if<Error>(&event);
        if (!error) continue;
        CHECK(error->text.find("If this is expected, remove its line from known_servers") !=
              std::string::npos);
        CHECK(error->text.find(fingerprint(b.server.identity.public_key)) != std::string::npos);
    }
}

TEST_CASE("a person is asked once, may take his time, and the answer counts") {
    for (const auto thinks : {seconds(0), seconds(7), seconds(9), seconds(300)}) {
        CAPTURE(thinks.us);
        SecureBench b(with({{}, "", false, true}));
        b.log_in();
        CHECK(b.events() == Lines{"connecting", "trust?"});
        b.forget();
        b.wait(thinks);
        CHECK(b.sent_count == 0);
        CHECK_FALSE(b.session.end());
        b.session.decide_trust(b.now, true);
        b.session.decide_trust(b.now, true);
        b.wait(milliseconds(1));
        CHECK(b.session.online());
        CHECK(b.trusted == b.server.identity.public_key);
        CHECK(b.server.requests.size() == 1);
        // Not asked again, whatever comes.
        b.forget();
        b.server.start();
        b.wait(seconds(60));
        CHECK(b.session.online());
        CHECK(b.events() ==
              Lines{"reconnecting: the server was started again", "online", "2 + bob"});
    }
    SecureBench b(with({{}, "", false, true}));
    b.log_in();
    b.forget();
    b.session.decide_trust(b.now, false);
    b.drive();
    CHECK(b.events() == Lines{"error key_declined", "offline"});
    CHECK(b.session.end() == End::refused);
    CHECK(b.sent_count == 0);
    CHECK_FALSE(b.trusted);

    SecureBench left(with({{}, "", false, true}));
    left.log_in();
    left.forget();
    left.quit();
    CHECK(left.events() == Lines{"offline"});
    CHECK(left.session.end() == End::left);
}

TEST_CASE("the password: given, wrong, wanted, and not wanted") {
    struct Row {
        std::string servers;
        std::optional<std::string> ours;
        std::string outcome;
    };
    const Row table[] = {
        {"sesame", "sesame", "online"},
        {"sesame", "barley", "error wrong_password"},
        {"sesame", std::nullopt, "error password_wanted"},
        {"", "sesame", "online"},
    };
    for (const auto& row : table) {
        CAPTURE(row.outcome);
        SecureSessionConfig config = SecureBench::accept_new();
        config.password = row.ours;
        SecureBench b(config);
        b.server.password = row.servers;
        b.server.start();
        b.log_in();
        const Lines events = b.events();
        CHECK(std::ranges::find(events, row.outcome) != events.end());
        CHECK(b.session.online() == (row.outcome == "online"));
        if (row.outcome != "online") CHECK(b.session.end() == End::refused);
        if (row.outcome == "error password_wanted") CHECK(b.count(datagram::Type::fini) == 0);
    }
}

TEST_CASE("a name is refused in six ways, and another one can be tried where that helps") {
    using enum frame::CloseCode;
    struct Row {
        frame::CloseCode code;
        std::string error;
        bool again;
    };
    const Row table[] = {
        {name_owned, "error name_owned", true},
        {name_taken, "error name_taken", true},
        {name_unusable, "error name_unusable", true},
        {too_many_names, "error too_many_names", true},
        {full, "error room_full", false},
        {replaced, "error replaced", false},
        {kicked, "error ended_by_server", false},
    };
    for (const auto& row : table) {
        CAPTURE(row.error);
        SecureBench b;
        b.server.refuses = row.code;
        b.log_in();
        CHECK(b.session.wants_name() == row.again);
        CHECK((b.session.end() == End::refused) == !row.again);
        CHECK(b.events() == (row.again ? Lines{"connecting", row.error}
                                       : Lines{"connecting", row.error, "offline"}));
        if (!row.again) continue;
        b.wait(seconds(60));
        CHECK(b.count(datagram::Type::fini) == 1);
        b.server.refuses.reset();
        b.log_in("rob");
        CHECK(b.session.online());
        CHECK(b.session.name() == "rob");
    }
    SecureBench b;
    b.log_in("two words");
    CHECK(b.events() == Lines{"error name_unusable"});
    CHECK(b.session.wants_name());
    CHECK(b.sent_count == 0);
}

TEST_CASE("a server never reached is given up, and one that never completes is told apart") {
    for (const bool gives_up : {true, false}) {
        SecureBench b;
        b.cut();
        b.session.set_gives_up(gives_up);
        b.log_in();
        b.wait(milliseconds(29'999));
        CHECK(b.session.never_reached());
        CHECK_FALSE(b.session.end());
        b.wait(milliseconds(1));
        CHECK(b.events() == Lines{"connecting", "error unreachable", "offline"});
        CHECK(b.session.end() == End::unreachable);
    }
    SecureBench b;
    b.to_client = [](Datagram& datagram) {
        return datagram::type_of(datagram) == datagram::Type::retry;
    };
    b.log_in();
    CHECK_FALSE(b.session.never_reached());
    b.wait(seconds(31));
    CHECK(b.events() == Lines{"connecting", "error handshake_altered", "offline"});
}
