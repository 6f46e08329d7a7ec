// SPDX-License-Identifier: MIT
// Thousands of small lives of a secure chat, each from one seed: several rooms, conversations,
// people at two machines; bad networks, crashes of either client process and of the server, disks
// that are slow or full, moves, sleeps, and somebody who plays back, forges and floods.
// What must hold is checked by the world after every event; here is only what happens, and that
// everything arrives once the weather is good again. CHAT_SEED=n plays one seed alone, CHAT_SEEDS=n
// the first n.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "proto/wire/datagram.h"
#include "tests/simulation/secure_rest.h"
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

    std::optional<std::string> end_well() {
        if (const auto wrong = comes_to_rest(world_)) return wrong;
        if (const auto wrong = ask_well()) return wrong;
        return world_.broken();
    }

    // All that the log has of a room, back to its start; and all places with a word.
    std::optional<std::string> ask_well() {
        SecurePerson& person = somebody();
        if (!person.is_running() || !person.takes_wishes()) return std::nullopt;
        const auto rooms = person.reading().rooms();
        if (rooms.empty()) return std::nullopt;
        const std::string room = rooms[dice_.below(rooms.size())];
        const auto ended = [&] { return person.reading().histories_open(room) == 0; };
        person.scrolls_up(room, 10'000);
        if (!world_.passes_until(ended, seconds(60)) && !world_.broken()) {
            return "history comes to its start: " + person.name() + " " + room;
        }
        if (world_.broken()) return world_.broken();
        if (!person.reading().history_end()->at_start) return "all of history ends at the start";
        if (!rooms_are_known(person, room)) return std::nullopt;

        const std::string words = word();
        person.searches(room, words);
        const auto is_found = [&] {
            return person.reading().found() && person.reading().found()->words == words;
        };
        if (!world_.passes_until(is_found, seconds(60)) && !world_.broken()) {
            return "a search is answered: " + person.name() + " " + words;
        }
        if (world_.broken()) return world_.broken();
        const auto& ledger = world_.ledger();
        const auto expected = ledger.find(*ledger.room(ledger.log(), room, person.name()), words);
        std::vector<server::Seq> found;
        for (const auto& hit : person.reading().found()->hits)
            found.push_back(hit.seq);
        const std::size_t shown = std::min(expected.size(), frame::found_max);
        if (!std::ranges::equal(found, std::span(expected).first(shown)) ||
            person.reading().found()->more != (expected.size() > shown)) {
            return "all that has the words is found, the newest first: " + room + " " + words +
                   " " + std::to_string(found.size()) + " of " + std::to_string(expected.size());
        }
        return std::nullopt;
    }
    bool rooms_are_known(const SecurePerson& person, const std::string& room) const {
        const auto& ledger = world_.ledger();
        return ledger.room(ledger.log(), room, person.name()) != nullptr;
    }

    Duration pause() {
        constexpr std::array longest{Duration{}, milliseconds(10), milliseconds(200), seconds(2),
                                     seconds(8)};
        if (dice_.chance(20)) return dice_.up_to(seconds(100));
        return dice_.up_to(longest[dice_.below(longest.size())]);
    }

    std::string text() {
        std::string text = word() + " text " + std::to_string(++texts_);
        if (dice_.chance(100)) text += "\nand a second line";
        if (dice_.chance(60)) {
            for (std::size_t i = dice_.below(2600); i > 0; --i)
                text += "汉";
        }
        return text;
    }

    std::string word() {
        static constexpr std::array words{"apple", "brook", "cloud", "dune"};
        return words[dice_.below(words.size())];
    }

    // Some come as a second program of somebody who is there.
    void enter() {
        static constexpr std::array<const char*, people_max> names{"Alice", "Bob", "小明", "Zoë",
                                                                   "dee"};
        if (world_.people().size() >= people_max) return;
        if (world_.people().size() >= 2 && dice_.chance(350)) {
            world_.enters_also(somebody());
        } else {
            world_.enters(names[world_.people().size()]);
        }
    }

    // Lobby mostly; or another that he is in, or would like to be in.
    std::string room_of(const SecurePerson& person) {
        if (dice_.chance(500)) return "lobby";
        const auto rooms = person.reading().rooms();
        if (rooms.empty() || dice_.chance(100)) return any_room();
        return rooms[dice_.below(rooms.size())];
    }
    std::string any_room() {
        static constexpr std::array rooms{"garden", "Attic", "花园", "garden",
                                          "LOBBY",  "@no",   "a b"};
        return dice_.chance(300) ? "@" + somebody().name() : rooms[dice_.below(rooms.size())];
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
        const std::size_t die = dice_.below(1000);
        if (die < 320) {
            person.says_in(room_of(person), text());
        } else if (die < 350) {
            const std::string room = room_of(person);
            for (std::size_t i = dice_.below(60); i > 0; --i)
                person.says_in(room, text());
        } else if (die < 450) {
            act_in_rooms(person);
        } else if (die < 550) {
            ask(person);
        } else if (die < 590) {
            person.moves_to(world_.new_address());
        } else if (die < 630) {
            person.receiver_dies();
        } else if (die < 660) {
            person.program_dies();
            if (dice_.chance(500)) person.starts_again();
        } else if (die < 700) {
            if (!person.is_running()) person.starts_again();
        } else if (die < 730) {
            person.is_stopped_until(world_.now().at + dice_.up_to(seconds(200)));
        } else if (die < 760) {
            world_.network().set_blackout(person.address(), dice_.chance(500));
        } else if (die < 810) {
            change_weather();
        } else if (die < 840) {
            if (world_.server_runs()) world_.server_crashes();
        } else if (die < 880) {
            start_server();
        } else if (die < 900) {
            person.reads(dice_.chance(500));
        } else if (die < 910) {
            person.quits();
        } else if (die < 920) {
            enter();
        } else if (die < 940) {
            announce();
        } else if (die < 970) {
            change_disk();
        } else if (die < 990) {
            play_back();
        } else {
            forge();
        }
    }

    void act_in_rooms(SecurePerson& person) {
        const std::size_t die = dice_.below(100);
        if (die < 40) {
            person.joins(any_room());
        } else if (die < 60) {
            const std::string other = "@" + somebody().name();
            if (other != "@" + person.name()) person.says_in(other, text());
        } else if (die < 80) {
            const std::string room = room_of(person);
            if (room != "lobby" || dice_.chance(100)) person.parts(room);
        } else {
            person.sets_topic(room_of(person), dice_.chance(200)
                                                   ? ""
                                                   : word() + " topic " + std::to_string(++texts_));
        }
    }

    void ask(SecurePerson& person) {
        const std::size_t die = dice_.below(100);
        if (die < 45) {
            person.scrolls_up(room_of(person), static_cast<std::uint32_t>(1 + dice_.below(300)));
        } else if (die < 70) {
            person.searches(dice_.chance(300) ? "" : room_of(person),
                            dice_.chance(200) ? word() + " " + word() : word());
        } else if (die < 85) {
            person.lists_members(room_of(person));
        } else {
            person.lists_rooms();
        }
    }

    void announce() {
        const std::string text = "announcement " + std::to_string(++texts_);
        if (dice_.chance(700)) {
            world_.announces(text);
        } else if (dice_.chance(700)) {
            world_.pins(text);
        } else {
            world_.commands("unpin");
        }
    }

    void change_disk() {
        SimulatedDisk& disk = world_.disk();
        const std::size_t die = dice_.below(100);
        if (die < 20) {
            disk.set_commits_fail(true);
        } else if (die < 30) {
            disk.fail_commits(static_cast<unsigned>(1 + dice_.below(3)));
        } else if (die < 40) {
            disk.set_reads_fail(true);
        } else if (die < 50) {
            disk.set_index_stands(true);
        } else if (die < 75) {
            disk.set_commits_fail(false);
            disk.set_reads_fail(false);
            disk.set_index_stands(false);
        } else {
            world_.disk_takes(dice_.chance(500) ? Duration{} : dice_.up_to(milliseconds(400)));
        }
    }

    void start_server() {
        if (world_.server_runs()) return;
        const bool log_is_lost = dice_.chance(120);
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
