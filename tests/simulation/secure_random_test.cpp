// SPDX-License-Identifier: MIT
// Thousands of small lives of a secure chat, each from one seed: bad networks, crashes of either
// client process and of the server, moves, sleeps, and somebody who plays back, forges and floods.
// What must hold is checked by the world after every event; here is only what happens, and that
// everything arrives once the weather is good again. CHAT_SEED=n plays one seed alone, CHAT_SEEDS=n
// the first n.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>

#include "proto/wire/datagram.h"
#include "tests/simulation/secure_world.h"
#include "tests/support/catch.h"

namespace chat::simulation {
namespace {

constexpr std::uint64_t seeds = 2000;
constexpr int acts_per_life = 120;
constexpr std::size_t people_max = 5;

class Life {
  public:
    explicit Life(std::uint64_t seed) : dice_(seed ^ 0x5ec0de), world_(seed, settings()) {
        change_weather();
        for (int i = 0; i < 3; ++i)
            enter();
    }

    // The first broken promise.
    std::optional<std::string> live() {
        for (int i = 0; i < acts_per_life && !world_.broken(); ++i) {
            act();
            world_.passes(pause());
        }
        return world_.broken() ? world_.broken() : end_well();
    }
    std::uint64_t entries() const { return world_.ledger().entries(); }
    std::uint64_t shown() const {
        std::uint64_t sum = 0;
        for (const auto& person : world_.people())
            sum += person->shown_by_all_starts();
        return sum;
    }

  private:
    SecureSettings settings() {
        SecureSettings settings;
        if (dice_.chance(300)) settings.log_entries_max = 40 + dice_.below(200);
        return settings;
    }

    // Good weather: everybody gets everything, and all that was said has an answer.
    std::optional<std::string> end_well() {
        world_.network().set_conditions({});
        for (const auto& person : world_.people())
            world_.network().set_blackout(person->address(), false);
        if (!world_.server_runs()) world_.server_starts(false);
        for (const auto& person : world_.people()) {
            person->reads(true);
            person->is_stopped_until(world_.now().at);
        }
        const auto everybody = [this](auto is_well) {
            return std::ranges::all_of(world_.people(), [&](const auto& person) {
                return !person->is_running() || is_well(*person);
            });
        };
        const auto nothing_waits = [&] {
            return everybody([](const SecurePerson& person) {
                return person.session()->online() && person.session()->waiting() == 0;
            });
        };
        const auto all_is_seen = [&] {
            return everybody([this](const SecurePerson& person) {
                return person.reading().next() == world_.ledger().head();
            });
        };
        // Whoever listens only learns of a restarted server with his next keepalive.
        world_.passes(seconds(60));
        if (!world_.passes_until(nothing_waits, seconds(240)) && !world_.broken()) {
            return "in good weather everything is accepted: " + who_lacks_what();
        }
        // So that there is something to see in a log that began while nobody spoke.
        // Whoever came into it behind that needs one more.
        bool seen = false;
        for (int i = 0; i < 3 && !seen && !world_.broken(); ++i) {
            world_.announces("the end, " + std::to_string(i));
            world_.passes(seconds(1));
            seen = world_.passes_until(all_is_seen, seconds(60));
        }
        if (!seen && !world_.broken()) {
            return "in good weather everything arrives: " + who_lacks_what();
        }
        if (world_.broken()) return world_.broken();
        for (const auto& person : world_.people()) {
            if (person->is_running() && person->reading().unanswered() > 0) {
                return "whatever was said has an answer: " + person->name();
            }
        }
        return std::nullopt;
    }

    std::string who_lacks_what() const {
        std::string text = "head " + std::to_string(world_.ledger().head());
        for (const auto& person : world_.people()) {
            if (!person->is_running()) continue;
            text += ", " + person->name() +
                    (person->session()->online() ? " at " : " offline at ") +
                    std::to_string(person->reading().next()) + " waiting " +
                    std::to_string(person->session()->waiting());
        }
        return text;
    }

    Duration pause() {
        constexpr std::array longest{Duration{}, milliseconds(10), milliseconds(200), seconds(2),
                                     seconds(8)};
        if (dice_.chance(20)) return dice_.up_to(seconds(100));
        return dice_.up_to(longest[dice_.below(longest.size())]);
    }

    std::string text() {
        std::string text = "text " + std::to_string(++texts_);
        if (dice_.chance(100)) text += "\nand a second line";
        if (dice_.chance(60)) {
            for (std::size_t i = dice_.below(2600); i > 0; --i)
                text += "汉";
        }
        return text;
    }

    void enter() {
        static constexpr std::array<const char*, people_max> names{"Alice", "Bob", "小明", "Zoë",
                                                                   "dee"};
        if (world_.people().size() >= people_max) return;
        world_.enters(names[world_.people().size()]);
    }

    SecurePerson& somebody() { return *world_.people()[dice_.below(world_.people().size())]; }

    void change_weather() {
        Conditions weather;
        if (dice_.chance(850)) {
            weather.loss_permille =
                static_cast<unsigned>(dice_.below(dice_.chance(200) ? 501 : 301));
            weather.burst_permille = dice_.chance(200) ? static_cast<unsigned>(dice_.below(50)) : 0;
            weather.duplication_permille = static_cast<unsigned>(dice_.below(250));
            weather.flip_permille = static_cast<unsigned>(dice_.below(100));
            weather.truncate_permille = static_cast<unsigned>(dice_.below(30));
            weather.extend_permille = static_cast<unsigned>(dice_.below(30));
            weather.delay = dice_.up_to(milliseconds(150));
            weather.jitter = dice_.up_to(milliseconds(80));
            weather.reorder_permille = static_cast<unsigned>(dice_.below(250));
            weather.reorder_by = dice_.up_to(milliseconds(200));
        }
        world_.network().set_conditions(weather);
    }

    // What passed earlier comes again: to where it went, or to the server from elsewhere.
    void play_back() {
        for (std::size_t i = 1 + dice_.below(5); i > 0; --i) {
            const Datagram* datagram = world_.watch().recorded(dice_);
            if (datagram == nullptr) return;
            Endpoint from = datagram->from;
            if (datagram->to == SecureWorld::server_address()) {
                const auto die = dice_.below(3);
                if (die == 0) from = victim();
                if (die == 1) from = somebody().address();
            }
            auto bytes = datagram->bytes;
            if (dice_.chance(300)) bytes[dice_.below(bytes.size())] ^= std::byte{1};
            world_.injects(from, datagram->to, bytes);
        }
    }

    // A forged source on what a member has just sent is the same datagram from elsewhere.
    void forge() {
        std::vector<std::byte> bytes(dice_.below(1501));
        for (std::byte& byte : bytes)
            byte = static_cast<std::byte>(dice_.next());
        if (!bytes.empty() && dice_.chance(900)) {
            bytes[0] = static_cast<std::byte>(0xf8 + dice_.below(7));
        }
        if (bytes.size() > 8) {
            if (const Datagram* datagram = world_.watch().recorded(dice_);
                datagram != nullptr && datagram->bytes.size() > 8 && dice_.chance(700)) {
                std::copy_n(datagram->bytes.begin(), 8, bytes.begin());
            }
        }
        if (dice_.chance(500)) {
            world_.injects(victim(), SecureWorld::server_address(), bytes);
        } else {
            world_.injects(SecureWorld::server_address(), somebody().address(), bytes);
        }
    }

    Endpoint victim() {
        if (!victim_) victim_ = world_.new_victim();
        return *victim_;
    }

    void act() {
        SecurePerson& person = somebody();
        const std::size_t die = dice_.below(100);
        if (die < 45) {
            person.says(text());
        } else if (die < 50) {
            for (std::size_t i = dice_.below(60); i > 0; --i)
                person.says(text());
        } else if (die < 55) {
            person.moves_to(world_.new_address());
        } else if (die < 60) {
            person.receiver_dies();
        } else if (die < 63) {
            person.program_dies();
            if (dice_.chance(500)) person.starts_again();
        } else if (die < 67) {
            if (!person.is_running()) person.starts_again();
        } else if (die < 70) {
            person.is_stopped_until(world_.now().at + dice_.up_to(seconds(200)));
        } else if (die < 73) {
            world_.network().set_blackout(person.address(), dice_.chance(500));
        } else if (die < 79) {
            change_weather();
        } else if (die < 81) {
            if (world_.server_runs()) world_.server_crashes();
        } else if (die < 84) {
            start_server();
        } else if (die < 86) {
            person.reads(dice_.chance(500));
        } else if (die < 87) {
            person.quits();
        } else if (die < 88) {
            enter();
        } else if (die < 90) {
            world_.announces("announcement " + std::to_string(++texts_));
        } else if (die < 96) {
            play_back();
        } else {
            forge();
        }
    }

    void start_server() {
        if (world_.server_runs()) return;
        const bool log_is_lost = dice_.chance(200);
        // What the old log's server sent has arrived or is gone by then.
        if (log_is_lost) world_.passes(seconds(3));
        world_.server_starts(log_is_lost);
    }

    Dice dice_;
    SecureWorld world_;
    std::optional<Endpoint> victim_;
    int texts_ = 0;
};

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
    const char* value = std::getenv(name);
    return value == nullptr ? otherwise : std::strtoull(value, nullptr, 10);
}

}  // namespace

TEST_CASE("whatever happens, the secure protocol keeps its promise") {
    const std::uint64_t chosen = from_environment("CHAT_SEED", 0);
    const std::uint64_t first = chosen != 0 ? chosen : 1;
    const std::uint64_t last = chosen != 0 ? chosen : from_environment("CHAT_SEEDS", seeds);
    std::uint64_t entries = 0;
    std::uint64_t shown = 0;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        Life life(seed);
        const auto broken = life.live();
        INFO("replay with CHAT_SEED=" << seed << ": " << broken.value_or(""));
        REQUIRE_FALSE(broken);
        entries += life.entries();
        shown += life.shown();
    }
    // A world in which nothing happens proves nothing.
    CHECK(entries >= (last - first) * 20);
    CHECK(shown >= (last - first) * 40);
}

}  // namespace chat::simulation
