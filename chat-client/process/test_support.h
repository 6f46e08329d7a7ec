// SPDX-License-Identifier: MIT
// What the tests of the user's files share: a folder that vanishes, files as text, and numbers
// that only look random. For tests only.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <system_error>

#include "proto/session/random_source.h"
#include "tests/support/catch.h"

namespace chat::client::test {

class TempFolder {
  public:
    TempFolder() {
        std::string pattern =
            (std::filesystem::temp_directory_path() / "client-test-XXXXXX").string();
        REQUIRE(mkdtemp(pattern.data()) != nullptr);
        path_ = pattern;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }
    std::string operator/(std::string_view name) const { return path_ + "/" + std::string(name); }

    std::string text_of(std::string_view name) const {
        std::ifstream file(*this / name, std::ios::binary);
        REQUIRE(file);
        return {std::istreambuf_iterator<char>(file), {}};
    }
    void write(std::string_view name, std::string_view text) const {
        std::ofstream file(*this / name, std::ios::binary);
        file << text;
        file.close();
        REQUIRE(file);
    }

  private:
    std::string path_;
};

class CountingRandom final : public RandomSource {
  public:
    explicit CountingRandom(std::uint8_t first = 1) : next_(first) {}

    void fill(std::span<std::byte> bytes) override {
        for (auto& byte : bytes)
            byte = std::byte{next_++};
    }

  private:
    std::uint8_t next_;
};

}  // namespace chat::client::test
