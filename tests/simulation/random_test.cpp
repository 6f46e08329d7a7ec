// SPDX-License-Identifier: MIT
// Hundreds of small lives of a chat, each from one seed. What must hold is checked by the world
// after every event; here is only what happens. CHAT_SEED=n plays one seed alone.
#include <array>
#include <cstdlib>
#include <string>

#include "proto/wire/classic.h"
#include "tests/simulation/world.h"
#include "tests/support/catch.h"

namespace chat::simulation {
namespace {

constexpr std::uint64_t seeds = 3000;
constexpr int acts_per_life = 150;

class Life {
  public:
    explicit Life(std::uint64_t seed)
        : dice_(seed ^ 0x5eed), world_(seed, settings()), strangers_(4) {
        for (auto& stranger : strangers_)
            stranger = &world_.stranger_comes();
        change_weather();
    }

    // The first broken promise.
    std::optional<std::string> live() {
        for (int i = 0; i < acts_per_life && !world_.broken(); ++i) {
            act();
            world_.passes(pause());
        }
        if (!world_.server_runs()) world_.server_starts();
        world_.network().set_conditions({});
        world_.passes(seconds(60));
        // With the last of it delivered, the server has nothing left to do.
        if (!world_.broken() && !world_.server().core().idle()) return "the server comes to rest";
        return world_.broken();
    }
    std::uint64_t entries() { return world_.server().ledger().entries().size(); }

  private:
    ServerSettings settings() {
        ServerSettings settings;
        if (dice_.chance(200)) settings.silence_max = seconds(60);
        if (dice_.chance(500)) settings.log_entries_max = 200 + dice_.below(1200);
        return settings;
    }

    // From several acts at one instant to a minute in which nobody types.
    Duration pause() {
        constexpr std::array longest{Duration{}, milliseconds(3), milliseconds(60), seconds(1),
                                     seconds(4)};
        if (dice_.chance(15)) return dice_.up_to(seconds(60));
        return dice_.up_to(longest[dice_.below(longest.size())]);
    }

    std::string name() {
        static constexpr std::array<const char*, 12> names{
            "Alice",  "Bob",  "小明",  "Zoë", "bob",    "Αlice",
            "管理员", "欢迎", "admin", "d",   "a name", "averyveryverylongnameindeed12345"};
        return names[dice_.below(names.size())];
    }

    std::string text() {
        std::string text = "m" + std::to_string(++texts_);
        if (dice_.chance(50)) text += "\x1b[31m 说: \n\xff\xe7";
        if (dice_.chance(20)) {
            for (std::size_t i = dice_.below(3000); i > 0; --i)
                text += "汉";
        }
        return text;
    }

    std::string request() {
        switch (dice_.below(8)) {
            case 0:
            case 1:
                return classic::encode_log_in(name());
            case 2:
            case 3:
                return classic::encode_quit(name());
            case 4: {
                std::string noise(dice_.below(40), ' ');
                for (char& c : noise)
                    c = static_cast<char>(dice_.below(256));
                return noise;
            }
            default:
                return classic::encode_say(name(), text());
        }
    }

    Person* somebody() {
        const auto& people = world_.people();
        if (people.empty()) return nullptr;
        Person* person = people[dice_.below(people.size())].get();
        return person->is_there() ? person : nullptr;
    }

    void change_weather() {
        Conditions conditions;
        if (dice_.chance(700)) {
            conditions.loss_permille = static_cast<unsigned>(dice_.below(301));
            conditions.duplication_permille = static_cast<unsigned>(dice_.below(100));
            conditions.flip_permille = static_cast<unsigned>(dice_.below(24));
            conditions.truncate_permille = static_cast<unsigned>(dice_.below(6));
            conditions.delay = dice_.up_to(milliseconds(80));
            conditions.jitter = dice_.up_to(milliseconds(150));
        }
        world_.network().set_conditions(conditions);
    }

    void enter() {
        if (world_.people().size() >= 12) return;
        Person& person = world_.enters(name());
        for (std::size_t i = dice_.below(3); i > 0; --i)
            person.will_also_try(name());
    }

    // More than anybody's pace, so that members fall behind and are told to leave meanwhile.
    void flood() {
        Stranger& stranger = *strangers_[dice_.below(strangers_.size())];
        const std::string speaker = name();
        stranger.sends(classic::encode_log_in(speaker));
        for (std::size_t i = dice_.below(500); i > 0; --i)
            stranger.sends(classic::encode_say(speaker, text()));
    }

    void act() {
        const std::size_t die = dice_.below(100);
        Person* person = somebody();
        if (die < 10) {
            enter();
        } else if (die < 45) {
            if (person != nullptr) person->says(text());
        } else if (die < 70) {
            strangers_[dice_.below(strangers_.size())]->sends(request());
        } else if (die < 74) {
            if (person == nullptr) return;
            dice_.chance(500) ? person->quits() : person->quits_at_once();
        } else if (die < 77) {
            if (person != nullptr) person->is_killed();
        } else if (die < 80) {
            if (person != nullptr) person->moves_to(world_.new_address());
        } else if (die < 83) {
            if (person != nullptr) {
                world_.network().set_blackout(person->address(), dice_.chance(500));
            }
        } else if (die < 86) {
            change_weather();
        } else if (die < 88) {
            world_.server_runs() ? world_.server_crashes() : world_.server_starts();
        } else if (!world_.server_runs()) {
            if (dice_.chance(500)) world_.server_starts();
        } else if (die < 91) {
            world_.announces(text());
        } else if (die < 94) {
            world_.commands("kick " + name());
        } else if (die < 96) {
            world_.server().block_sending(world_.now().at + dice_.up_to(milliseconds(500)));
        } else if (die < 97) {
            flood();
        } else {
            world_.commands(dice_.chance(500) ? "who" : "stats");
        }
    }

    Dice dice_;
    World world_;
    std::vector<Stranger*> strangers_;
    int texts_ = 0;
};

}  // namespace

TEST_CASE("whatever happens, what is promised is kept") {
    std::uint64_t first = 1;
    std::uint64_t last = seeds;
    if (const char* chosen = std::getenv("CHAT_SEED")) {
        first = last = std::strtoull(chosen, nullptr, 10);
    }
    std::uint64_t entries = 0;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        Life life(seed);
        const auto broken = life.live();
        INFO("replay with CHAT_SEED=" << seed << ": " << broken.value_or(""));
        REQUIRE_FALSE(broken);
        entries += life.entries();
    }
    // A world in which nothing happens proves nothing.
    CHECK(entries >= (last - first) * 10);
}

}  // namespace chat::simulation
