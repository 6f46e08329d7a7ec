// SPDX-License-Identifier: MIT
// What arrives before anything is decrypted: every layout, goes round; and datagrams made by hand,
// or genuine and altered, thrown at a server and at clients in every step of the handshake, from
// where they belong and from elsewhere. Nobody who has no key changes anything by it: no message
// of his is in the log, strangers get no more than they send, and in the end everybody is in.
#include <set>
#include <string>
#include <vector>

#include "proto/session/responder.h"
#include "proto/wire/datagram.h"
#include "tests/fuzz/fuzz.h"
#include "tests/simulation/secure_world.h"

namespace chat::fuzz {
namespace {

using Bytes = std::vector<std::byte>;
using simulation::Datagram;
using simulation::SecurePerson;
using simulation::SecureWorld;

// `encoded` is `bytes`, but that what must be zero is.
void require_same(std::span<const std::byte> encoded, std::span<const std::byte> bytes) {
    require(encoded.size() == bytes.size(), "a layout has one length");
    for (std::size_t i = 0; i < bytes.size(); ++i)
        require(encoded[i] == bytes[i] || encoded[i] == std::byte{}, "a layout goes round");
}

template <class Decode>
void check_layout(std::span<const std::byte> bytes, Decode decode) {
    const auto decoded = decode(bytes);
    if (!decoded) return;
    const auto encoded = encode(*decoded);
    require_same(encoded, bytes);
    const auto again = decode(encoded);
    require(again && encode(*again) == encoded, "an encoding is canonical");
}

void check_layouts(std::span<const std::byte> bytes) {
    using namespace datagram;
    check_layout(bytes, decode_init);
    check_layout(bytes, decode_retry);
    check_layout(bytes, decode_resp);
    check_layout(bytes, decode_fini);
    check_layout(bytes, decode_reset);
    check_layout(bytes, decode_refuse);
    check_layout(bytes, decode_resp_payload);
    check_layout(bytes, decode_fini_payload);
    const auto type = type_of(bytes);
    require(!type || is_secure(bytes), "what has a type begins with it");
    require(!type || bytes.size() <= bytes_max, "what has a type is a datagram");
    if (bytes.size() == 24) require_same(encode(decode_cookie(bytes.first<24>())), bytes);
}

// One handshake in every step, each of which hears the same datagram.
class Handshakes {
  public:
    Handshakes()
        : client_(KeyPair::generate(random_)),
          server_(KeyPair::generate(random_)),
          responder_({}, server_, random_, memory_, [](std::uint32_t) { return false; }) {}

    void hear(Script script) {
        for (int steps = 0; steps <= 3; ++steps)
            hear_after(steps, script);
    }

  private:
    class Outbox final : public TransmitSink {
      public:
        bool send(const Path&, std::span<const std::byte> datagram) override {
            last.assign(datagram.begin(), datagram.end());
            return true;
        }
        Bytes last;
    };

    // The server's answer to what the client sends now.
    Bytes exchange(Initiator& initiator) {
        Outbox outbox;
        initiator.poll_transmit(now_, outbox);
        const auto answer = responder_.on_init(now_, client_at_, outbox.last);
        return {answer.begin(), answer.end()};
    }

    void hear_after(int steps, Script script) {
        Initiator initiator(now_, client_, random_, memory_);
        Bytes genuine = exchange(initiator);
        if (steps > 0) {
            require(initiator.on_datagram(now_, genuine), "RETRY is understood");
            genuine = exchange(initiator);
        }
        if (steps > 1) require(initiator.on_datagram(now_, genuine), "RESP is understood");
        if (steps > 2) initiator.trust(now_, Key32{}, {});

        const bool alters = script.byte() % 2 == 0;
        Bytes heard;
        if (alters) {
            heard = genuine;
            const std::size_t at = script.u16() % heard.size();
            heard[at] ^= static_cast<std::byte>(script.byte());
        } else {
            heard.assign(script.rest().begin(), script.rest().end());
        }
        // The rest of RESP's header is zero or a number for the server, who will not know it.
        const auto noise = [](std::span<const std::byte> bytes) { return bytes.subspan(16); };
        const bool altered =
            heard.size() != genuine.size() || !std::ranges::equal(noise(heard), noise(genuine));
        const auto before = initiator.step();
        const bool changed = initiator.on_datagram(now_, heard);
        const auto step = initiator.step();
        require(changed == (step != before), "who says that a step has changed is right");
        require(step != Initiator::Step::refused, "nobody else refuses");
        require(!altered || step != Initiator::Step::deciding || steps >= 2,
                "an altered RESP opens nothing");
        if (steps >= 2) require(initiator.server_key() == server_.public_key, "the key stays");
        Outbox outbox;
        initiator.poll_transmit(now_, outbox);
        require(outbox.last.size() <= datagram::bytes_max, "a datagram has bounds");
    }

    Now now_{{seconds(1000).us}, {}};
    simulation::SeededRandom random_{3};
    std::pmr::memory_resource& memory_ = *std::pmr::new_delete_resource();
    KeyPair client_;
    KeyPair server_;
    Endpoint client_at_{IpAddress::v4(192, 0, 2, 9), 4000};
    Responder responder_;
};

class Play {
  public:
    explicit Play(Script script) : script_(script), world_(1) {
        world_.network().observe(
            [this](Instant, const Datagram& datagram, simulation::Network::Fate) {
                if (seen_.size() < seen_max) seen_.push_back(datagram);
            });
        for (int i = 0; i < 3; ++i)
            strangers_.push_back(world_.new_victim());
        SecurePerson& quiet = world_.enters("quiet");
        world_.enters("online");
        world_.passes(seconds(1));
        // What he says now is known to the stranger, and to nobody else.
        world_.network().set_blackout(quiet.address(), true);
        says(quiet, "known to a stranger");
        simulation::Conditions far;
        far.delay = milliseconds(50);
        world_.network().set_conditions(far);
        // In a quarter of a second each of them is one step further than the next.
        for (const char* name : {"finishing", "proving", "asking"}) {
            world_.enters(name);
            world_.passes(milliseconds(95));
        }
    }

    void run() {
        for (int i = 0; i < operations_max && !script_.empty(); ++i) {
            operation(script_.byte());
            require_kept();
        }
        end_well();
    }

  private:
    static constexpr int operations_max = 48;
    static constexpr std::size_t seen_max = 100;

    void operation(std::uint8_t code) {
        switch (code % 8) {
            case 0:
                return reaches_server(raw());
            case 1:
            case 2:
                return reaches_server(altered());
            case 3:
                return reaches_client(raw());
            case 4:
            case 5:
                return reaches_client(altered());
            case 6:
                return world_.passes(milliseconds(script_.byte()));
            default:
                return world_.passes(milliseconds(100) * script_.byte());
        }
    }

    // A few bytes given, the rest zero, as long as one of its kind is.
    Bytes raw() {
        using namespace datagram;
        static constexpr std::size_t lengths[] = {init_bytes,     retry_bytes, resp_bytes,
                                                  fini_bytes,     reset_bytes, refuse_bytes,
                                                  data_bytes_min, bytes_max};
        const std::size_t kind = script_.byte();
        Bytes bytes(kind < 128 ? lengths[kind % std::size(lengths)] : script_.u16() % 1501);
        const auto given = script_.bytes(std::min<std::size_t>(script_.byte(), bytes.size()));
        std::ranges::copy(given, bytes.begin());
        return bytes;
    }

    Bytes altered() {
        Bytes bytes = seen_[script_.byte() % seen_.size()].bytes;
        for (int i = script_.byte() % 4; i > 0 && !bytes.empty(); --i) {
            const std::size_t at = script_.u16() % bytes.size();
            bytes[at] ^= static_cast<std::byte>(script_.byte());
        }
        if (script_.byte() % 8 == 7) bytes.resize(script_.u16() % 1501);
        return bytes;
    }

    SecurePerson& person() { return *world_.people()[script_.byte() % world_.people().size()]; }

    void reaches_server(Bytes bytes) {
        const std::size_t who = script_.byte() % (strangers_.size() * 2);
        const Endpoint from = who < strangers_.size() ? strangers_[who] : person().address();
        static_cast<simulation::Host&>(world_).on_datagram(
            {from, SecureWorld::server_address(), std::move(bytes)});
        world_.passes({});
    }

    void reaches_client(Bytes bytes) {
        SecurePerson& to = person();
        to.on_datagram({SecureWorld::server_address(), to.address(), std::move(bytes)});
        world_.passes({});
    }

    void says(SecurePerson& speaker, std::string text) {
        if (speaker.says(text)) said_.insert(std::move(text));
    }

    void require_kept() {
        const auto& broken = world_.broken();
        require(!broken, broken.value_or(""));
        const auto& secure = world_.server().secure();
        require(secure.half_open() <= world_.people().size(), "a stranger holds no handshake");
        require(secure.members() <= world_.people().size(), "a stranger is no member");
        for (const auto& who : world_.people()) {
            require(who->is_running(), "a stranger ends nobody's session");
        }
    }

    void end_well() {
        world_.network().set_conditions({});
        for (const auto& who : world_.people())
            world_.network().set_blackout(who->address(), false);
        const auto all_is_well = [this] {
            return std::ranges::all_of(world_.people(), [this](const auto& who) {
                return who->session()->online() && who->session()->waiting() == 0 &&
                       who->reading().next() == world_.ledger().head();
            });
        };
        const bool well = world_.passes_until(all_is_well, seconds(120));
        require_kept();
        require(well, "in the end everybody is in and has everything");
        std::size_t messages = 0;
        for (server::Seq seq = 1; seq < world_.ledger().head(); ++seq) {
            const auto* entry = world_.ledger().entry(0, seq);
            if (entry->kind != server::EntryKind::message) continue;
            ++messages;
            require(said_.contains(entry->text), "only what was said is in the log");
        }
        require(messages == said_.size(), "all that was said is in the log");
    }

    Script script_;
    SecureWorld world_;
    std::vector<Datagram> seen_;
    std::vector<Endpoint> strangers_;
    std::set<std::string> said_;
};

}  // namespace
}  // namespace chat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace chat::fuzz;
    check_layouts(std::as_bytes(std::span(data, size)));
    Script script(data, size);
    if (script.byte() % 4 == 0) {
        Handshakes().hear(script);
    } else {
        Play(script).run();
    }
    return 0;
}
