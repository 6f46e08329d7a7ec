// SPDX-License-Identifier: MIT
// The options and subcommands of chat-server: the table that --help prints, that a call is parsed
// by and that the manual page and the completions are written from. Reading a configuration file is
// options.h.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "chat-server/process/options.h"

namespace chat::server {

// The command line, with what it sets. One is good for one parse.
class CommandLine {
  public:
    CommandLine();
    CommandLine(const CommandLine&) = delete;
    CommandLine& operator=(const CommandLine&) = delete;

    // Throws what CLI11 throws.
    void parse(const std::vector<std::string>& arguments) {
        app_.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
    }
    int explain(const CLI::ParseError& e) const { return app_.exit(e); }

    const CLI::App& app() const { return app_; }
    const std::string& config_file() const { return config_file_; }
    bool check_config() const { return check_config_; }
    bool gives(const std::string& name) const { return app_.get_option("--" + name)->count() > 0; }
    Options options() const;

  private:
    void add_options();
    CLI::App* add_command(const char* name, const char* help);
    CLI::App* add_words_command(const char* name, const char* help);

    CLI::App app_;
    Options options_;
    unsigned port_ = options_.port;
    std::string classic_ = "loopback";
    std::int64_t silence_s_ = options_.server.classic_silence_max.us / 1'000'000;
    std::size_t member_limit_ = members_max_default;
    std::int64_t message_rate_ = say_per_second_default;
    std::string log_format_ = "text";
    std::string config_file_;
    bool check_config_ = false;
    std::vector<std::string> words_;
    std::string durability_ = "process";
    std::int64_t retain_days_ = 0;
    std::int64_t retain_mb_ = 0;
    const CLI::App* announce_ = nullptr;
    const CLI::App* control_ = nullptr;
    const CLI::App* check_ = nullptr;
    CLI::App* export_ = nullptr;
    CLI::App* import_ = nullptr;
    const CLI::App* reindex_ = nullptr;
    CLI::App* backup_ = nullptr;
};

}  // namespace chat::server
