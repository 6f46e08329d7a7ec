// SPDX-License-Identifier: MIT
// A script of operations through whole secure sessions: who says what and when, what becomes of
// the network, of the processes and of the server, and what somebody hostile plays back or makes
// up. The simulated world keeps the account, so the oracle is its promise; in the end the weather
// is good and everything arrives.
#include <array>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz.h"
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
        switch (code % 20) {
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
                if (world_.people().size() < names.size()) {
                    world_.enters(names[world_.people().size()]);
                }
                return;
            case 16:
                return script_.byte() % 4 == 0
                           ? world_.commands("kick " + person.name())
                           : world_.announces("announcement " + std::to_string(++texts_));
            case 17:
            case 18:
                return play_back(person);
            default:
                return make_up(person);
        }
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

    static bool is_in(const SecurePerson& person) {
        return person.is_running() && !person.session()->wants_name();
    }
    template <class Condition>
    bool passes_until_all(Condition condition) {
        const auto all = [&] {
            return std::ranges::all_of(world_.people(), [&](const auto& person) {
                return !is_in(*person) || condition(*person);
            });
        };
        return world_.passes_until(all, seconds(500));
    }

    bool somebody_reads_an_old_log() const {
        return std::ranges::any_of(world_.people(), [this](const auto& person) {
            return is_in(*person) && person->reading().log() != world_.ledger().log();
        });
    }

    void require_kept() {
        const auto& broken = world_.broken();
        require(!broken, broken.value_or(""));
    }

    void end_well() {
        world_.network().set_conditions({});
        if (!world_.server_runs()) world_.server_starts(false);
        for (const auto& person : world_.people()) {
            world_.network().set_blackout(person->address(), false);
            person->reads(true);
        }
        // Somebody may be stopped for four minutes still.
        bool well = passes_until_all([](const SecurePerson& person) {
            return person.session()->online() && person.session()->waiting() == 0;
        });
        // Who comes last into a new log has seen nothing of it yet, and is to see something.
        for (int i = 0; well; ++i) {
            world_.announces("the end, " + std::to_string(i));
            well = passes_until_all([this](const SecurePerson& person) {
                return person.reading().next() == world_.ledger().head();
            });
            if (well || i == 2 || !somebody_reads_an_old_log()) break;
            well = true;
        }
        require_kept();
        require(well, "in good weather everything arrives: " + who_lacks_what());
        for (const auto& person : world_.people()) {
            require(!is_in(*person) || person->reading().unanswered() == 0,
                    "whatever was said has an answer");
        }
    }

    std::string who_lacks_what() const {
        std::string text = "head " + std::to_string(world_.ledger().head());
        for (const auto& person : world_.people()) {
            if (!is_in(*person)) continue;
            text += ", " + person->name() +
                    (person->session()->online() ? " at " : " offline at ") +
                    std::to_string(person->reading().next()) + " waiting " +
                    std::to_string(person->session()->waiting());
        }
        return text;
    }

    Script script_;
    SecureWorld world_;
    Endpoint victim_;
    simulation::Dice dice_{1};
    Duration passed_{};
    int texts_ = 0;
};

}  // namespace
}  // namespace chat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    chat::fuzz::Play(chat::fuzz::Script(data, size)).run();
    return 0;
}
