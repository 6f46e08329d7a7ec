// SPDX-License-Identifier: MIT
// A script of operations through whole secure sessions: who says what, when and in which room,
// what becomes of the network, of the processes, of the server and of its disk, and what somebody
// hostile plays back or makes up. The simulated world keeps the account, so the oracle is its
// promise; in the end the weather is good and everything arrives.
#include <array>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/simulation/secure_rest.h"
#include "tests/simulation/secure_world.h"

namespace chat::fuzz {
namespace {

using Bytes = std::vector<std::byte>;
using simulation::Conditions;
using simulation::SecurePerson;
using simulation::SecureSettings;
using simulation::SecureWorld;

constexpr int operations_max = 60;
constexpr Duration time_max = seconds(900);
// The last one is too like the first, who owns it.
constexpr std::array<const char*, 4> names{"Alice", "Bob", "小明", "alice"};
constexpr std::array<const char*, 8> rooms{"lobby", "garden", "花园", "GARDEN",
                                           "@bob",  "@小明",  "a b",  "@nobody"};
constexpr std::array<const char*, 4> searched{"text", "1", "text 2", "more"};
constexpr std::size_t programs_max = 6;

SecureSettings settings_of(std::uint8_t byte) {
    SecureSettings settings;
    if (byte % 2 == 1) settings.log_entries_max = 8 + byte / 2;
    return settings;
}

class Play {
  public:
    explicit Play(Script script)
        : script_(script),
          world_{script_.byte(), settings_of(script_.byte())},  // braces keep the order
          victim_(world_.new_victim()) {
        world_.enters(names[0]);
        world_.enters(names[1]);
    }

    void run() {
        for (int i = 0; i < operations_max && !script_.empty(); ++i) {
            operation(script_.byte());
            passes(pause());
        }
        end_well();
    }

  private:
    void operation(std::uint8_t code) {
        SecurePerson& person = *world_.people()[code / 32 % world_.people().size()];
        switch (code % 32) {
            case 0:
            case 1:
                return says(person, 1 + script_.byte() % 40);
            case 2:
                return says_long(person);
            case 3:
                return person.moves_to(world_.new_address());
            case 4:
                return person.receiver_dies();
            case 5:
                return person.program_dies();
            case 6:
                if (!person.is_running()) person.starts_again();
                return;
            case 7:
                return person.is_stopped_until(world_.now().at + seconds(script_.byte()));
            case 8:
                return world_.network().set_blackout(person.address(), script_.byte() % 2 == 0);
            case 9:
            case 10:
                return change_weather();
            case 11:
                if (world_.server_runs()) world_.server_crashes();
                return;
            case 12:
                return start_server(script_.byte() % 4 == 0);
            case 13:
                return person.reads(script_.byte() % 2 == 0);
            case 14:
                return person.quits();
            case 15:
                if (names_used_ < names.size() && world_.people().size() < programs_max) {
                    world_.enters(names[names_used_++]);
                }
                return;
            case 16:
                return script_.byte() % 4 == 0
                           ? world_.commands("kick " + person.name())
                           : world_.announces("announcement " + std::to_string(++texts_));
            case 17:
            case 18:
                return play_back(person);
            case 19:
                return make_up(person);
            case 20:
                return person.joins(room());
            case 21:
                return person.parts(room());
            case 22:
                return says_in(person, room());
            case 23:
                person.sets_topic(room(), "topic " + std::to_string(++texts_));
                return;
            case 24: {
                const std::string where = room();
                return person.scrolls_up(where, 1U + script_.byte());
            }
            case 25: {
                const std::string where = script_.byte() % 2 == 0 ? "" : room();
                return person.searches(where, searched[script_.byte() % searched.size()]);
            }
            case 26:
                return person.lists_rooms();
            case 27:
                return person.lists_members(room());
            case 28:
                return change_disk(script_.byte());
            case 29:
                return world_.disk_takes(milliseconds(4) * script_.byte());
            case 30:
                if (world_.people().size() < programs_max) world_.enters_also(person);
                return;
            default:
                if (!world_.server_runs()) return;
                world_.server_crashes();
                return world_.server_starts(false);
        }
    }

    std::string room() { return rooms[script_.byte() % rooms.size()]; }

    void says_in(SecurePerson& person, const std::string& where) {
        for (int i = 1 + script_.byte() % 20; i > 0; --i)
            person.says_in(where, "text " + std::to_string(++texts_));
    }

    void change_disk(std::uint8_t how) {
        simulation::SimulatedDisk& disk = world_.disk();
        disk.set_commits_fail(how % 2 == 1);
        disk.set_reads_fail(how / 2 % 2 == 1);
        disk.set_index_stands(how / 4 % 2 == 1);
        disk.fail_commits(how / 8 % 4);
    }

    Duration pause() {
        const std::uint8_t byte = script_.byte();
        if (byte < 64) return milliseconds(byte / 8);
        if (byte < 192) return milliseconds(10) * (byte - 64);
        return seconds(byte - 190);
    }
    void passes(Duration time) {
        if (passed_ + time > time_max) return;
        passed_ = passed_ + time;
        world_.passes(time);
        require_kept();
    }

    void says(SecurePerson& person, int times) {
        for (int i = 0; i < times; ++i)
            person.says("text " + std::to_string(++texts_));
    }
    void says_long(SecurePerson& person) {
        std::string text = "text " + std::to_string(++texts_) + "\nand more ";
        text.append(script_.byte() * std::size_t{32}, 'x');
        person.says(text);
    }

    void change_weather() {
        Conditions weather;
        weather.loss_permille = script_.byte() * 2U;
        weather.duplication_permille = script_.byte();
        weather.flip_permille = script_.byte() / 2U;
        const std::uint8_t rare = script_.byte();
        weather.truncate_permille = rare % 8 * 5U;
        weather.extend_permille = rare / 8 % 8 * 5U;
        weather.burst_permille = rare / 64 * 10U;
        weather.delay = milliseconds(script_.byte());
        weather.jitter = milliseconds(script_.byte() / 2);
        weather.reorder_permille = script_.byte();
        weather.reorder_by = milliseconds(200);
        world_.network().set_conditions(weather);
    }

    void start_server(bool log_is_lost) {
        if (world_.server_runs()) return;
        // What the old log's server sent has arrived or is gone by then.
        if (log_is_lost) world_.passes(seconds(3));
        world_.server_starts(log_is_lost);
    }

    // What passed earlier comes again: to where it went, or to the server from elsewhere.
    void play_back(SecurePerson& person) {
        const std::uint8_t how = script_.byte();
        const auto* datagram = world_.watch().recorded(dice_);
        if (datagram == nullptr || datagram->bytes.empty()) return;
        Bytes bytes = datagram->bytes;
        if (how % 4 == 0) {
            const std::size_t at = script_.u16() % bytes.size();
            bytes[at] ^= static_cast<std::byte>(script_.byte());
        }
        const Endpoint from = datagram->from;
        const Endpoint to = datagram->to;
        if (to != SecureWorld::server_address() || how / 4 % 4 < 2) {
            return world_.injects(from, to, bytes);
        }
        world_.injects(how / 4 % 4 == 2 ? victim_ : person.address(), to, bytes);
    }

    void make_up(SecurePerson& person) {
        const std::uint8_t how = script_.byte();
        const auto given = script_.bytes(script_.byte());
        Bytes bytes(given.begin(), given.end());
        // The numbers of a living session in front, if wanted.
        const auto* datagram = world_.watch().recorded(dice_);
        if (how % 2 == 0 && datagram != nullptr && datagram->bytes.size() >= 8) {
            bytes.insert(bytes.begin(), datagram->bytes.begin(), datagram->bytes.begin() + 8);
        }
        if (how / 2 % 2 == 0) {
            world_.injects(victim_, SecureWorld::server_address(), bytes);
        } else {
            world_.injects(SecureWorld::server_address(), person.address(), bytes);
        }
    }

    void require_kept() {
        const auto& broken = world_.broken();
        require(!broken, broken.value_or(""));
    }

    void end_well() {
        const auto wrong = simulation::comes_to_rest(world_);
        require(!wrong, wrong.value_or(""));
    }

    Script script_;
    SecureWorld world_;
    Endpoint victim_;
    simulation::Dice dice_{1};
    Duration passed_{};
    std::size_t names_used_ = 2;
    int texts_ = 0;
};

}  // namespace
}  // namespace chat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chat::fuzz::Play(chat::fuzz::Script(data, size)).run();
    return 0;
}
