// SPDX-License-Identifier: MIT
// A fuzz target as an ordinary test: replay CHANGES RANDOM CORPUS... plays each file of the folders
// (or a single file, as libFuzzer leaves it behind), each file so many times changed, and so many
// seeded random inputs.
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

#include "tests/fuzz/fuzz.h"
#include "tests/simulation/dice.h"

namespace {

using chat::simulation::Dice;
using Input = std::vector<std::uint8_t>;

constexpr std::size_t random_bytes_max = 2048;

Input read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return Input(std::istreambuf_iterator<char>(file), {});
}

void change(Input& input, Dice& dice) {
    for (std::size_t i = dice.below(8) + 1; i > 0; --i) {
        const std::size_t at = dice.below(input.size() + 1);
        const auto place = input.begin() + static_cast<std::ptrdiff_t>(at);
        const auto byte = static_cast<std::uint8_t>(dice.below(256));
        if (at == input.size() || dice.chance(300)) {
            input.insert(place, byte);
        } else if (dice.chance(300)) {
            input.erase(place);
        } else {
            *place = byte;
        }
    }
}

// What is being played, for whoever wants to play it again after an abort.
std::span<const std::uint8_t> current;

void print_current(int) {
    std::fputs("input:", stderr);
    for (const std::uint8_t byte : current)
        std::fprintf(stderr, " %02x", byte);
    std::fputs("\n", stderr);
}

void play(const Input& input) {
    current = input;
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 4) {
        std::fputs("replay CHANGES RANDOM CORPUS...\n", stderr);
        return 64;
    }
    const int changes_per_file = std::atoi(argv[1]);
    const int random_inputs = std::atoi(argv[2]);
    std::vector<std::filesystem::path> files;
    for (const std::filesystem::path path :
         std::span(argv, static_cast<std::size_t>(argc)).subspan(3)) {
        if (!std::filesystem::is_directory(path)) {
            files.push_back(path);
            continue;
        }
        for (const auto& file : std::filesystem::directory_iterator(path))
            files.push_back(file.path());
    }
    std::ranges::sort(files);  // so that every machine plays the same

    std::signal(SIGABRT, print_current);
    Dice dice(2026);
    for (const auto& file : files) {
        const Input seed = read_file(file);
        play(seed);
        for (int i = 0; i < changes_per_file; ++i) {
            Input changed = seed;
            change(changed, dice);
            play(changed);
        }
    }
    for (int i = 0; i < random_inputs; ++i) {
        Input input(dice.below(random_bytes_max));
        for (auto& byte : input)
            byte = static_cast<std::uint8_t>(dice.below(256));
        play(input);
    }
    std::printf("%zu files and %d random inputs\n", files.size(), random_inputs);
    return files.empty() ? 1 : 0;
}
