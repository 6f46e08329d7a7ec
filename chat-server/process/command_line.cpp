// SPDX-License-Identifier: MIT
#include "chat-server/process/command_line.h"

#include <cstdlib>
#include <utility>

namespace chat::server {
namespace {

std::string environment(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

std::string default_data_folder() {
    // Where systemd has several, it separates them by colons.
    if (const auto folder = environment("STATE_DIRECTORY"); !folder.empty()) {
        return folder.substr(0, folder.find(':'));
    }
    if (const auto state = environment("XDG_STATE_HOME"); state.starts_with('/')) {
        return state + "/chat-server";
    }
    if (const auto home = environment("HOME"); !home.empty()) {
        return home + "/.local/state/chat-server";
    }
    return "/var/lib/chat-server";
}

}  // namespace

CommandLine::CommandLine() : app_("A group chat over UDP: the server.", "chat-server") {
    options_.data = default_data_folder();
    app_.set_version_flag("--version", "chat-server " CHAT_VERSION);
    app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    add_options();
    announce_ = add_words_command("announce", "say something to everybody, as the administrator");
    control_ = add_words_command(
        "ctl", "give a command to a running server: who, rooms, kick NAME, pin TEXT, help");
    check_ = add_command("check", "verify the data folder; also while the server runs");
    export_ = add_command("export", "write a room as JSON Lines; also while the server runs");
    export_
        ->add_option("room", options_.room,
                     "its name; of a conversation the names of both: alice,bob")
        ->required()
        ->type_name("ROOM");
    export_->add_option("file", options_.file, "a new file; without it standard output")
        ->type_name("FILE");
    import_ = add_command("import", "read what export wrote; the server must not be running");
    import_->add_option("file", options_.file, "without it, or with -, standard input")
        ->type_name("FILE");
    reindex_ = add_command("reindex", "make the search index anew; the server must not be running");
    backup_ = add_command("backup", "copy the rooms as they are; also while the server runs");
    backup_->add_option("file", options_.file, "a new file")->required()->type_name("FILE");
    app_.require_subcommand(0, 1);
}

CLI::App* CommandLine::add_command(const char* name, const char* help) {
    CLI::App* sub = app_.add_subcommand(name, help);
    sub->add_option("--data", options_.data, "the server's data folder")->type_name("DIR");
    return sub;
}

CLI::App* CommandLine::add_words_command(const char* name, const char* help) {
    CLI::App* sub = add_command(name, help);
    sub->add_option("text", words_, "the words")->required()->type_name("TEXT");
    return sub;
}

void CommandLine::add_options() {
    app_.add_option("host,--host", options_.host, "address to listen on; [::] is IPv4 and IPv6")
        ->type_name("HOST")
        ->capture_default_str();
    app_.add_option("port,--port", port_, "UDP port; 0 lets the system choose")
        ->type_name("PORT")
        ->check(CLI::Range(0U, 65535U))
        ->capture_default_str();
    app_.add_option("--data", options_.data,
                    "folder for the server's keys, rooms and control socket")
        ->type_name("DIR")
        ->capture_default_str();
    app_.add_flag("--memory", options_.memory, "keep nothing on disk, not even the key");
    app_.add_option("--durability", durability_,
                    "what an accepted message survives: the end of the process, or of the power")
        ->type_name("process|power")
        ->check(CLI::IsMember({"process", "power"}))
        ->capture_default_str();
    app_.add_option("--retain-days", retain_days_,
                    "forget what is older than so many days; 0: nothing is")
        ->type_name("DAYS")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{36'500}))
        ->capture_default_str();
    app_.add_option("--retain-mb", retain_mb_,
                    "forget a room's oldest entries beyond so many megabytes of text; 0: never")
        ->type_name("MB")
        ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 20))
        ->capture_default_str();
    app_.add_option("--password-file", options_.password_file,
                    "joining needs the password in this file's first line")
        ->type_name("FILE");
    app_.add_option("--classic", classic_, "who may use the plain-text protocol")
        ->type_name("off|loopback|any")
        ->check(CLI::IsMember({"off", "loopback", "any"}))
        ->capture_default_str();
    app_.add_option("--classic-silence-limit", silence_s_,
                    "seconds after which a silent plain-text member is removed")
        ->type_name("SECONDS")
        ->check(CLI::Range(std::int64_t{10}, std::int64_t{1} << 31))
        ->capture_default_str();
    app_.add_option("--member-limit", member_limit_, "members at one time")
        ->type_name("NUMBER")
        ->check(CLI::Range(std::size_t{1}, std::size_t{1'000'000}))
        ->capture_default_str();
    app_.add_option("--message-rate", message_rate_,
                    "messages a second that one member may say; twice as many at once")
        ->type_name("NUMBER")
        ->check(CLI::Range(std::int64_t{1}, say_per_second_max))
        ->capture_default_str();
    app_.add_option("--log-level", options_.log_level, "how much to log to standard error")
        ->type_name("LEVEL")
        ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error", "off"}))
        ->capture_default_str();
    app_.add_option("--log-format", log_format_, "how to log")
        ->type_name("text|json")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    app_.add_option(
            "--config", config_file_,
            "read options from a TOML file; their names are the same, the command line wins")
        ->type_name("FILE");
    app_.add_flag("--check-config", check_config_, "test the configuration and exit");
}

Options CommandLine::options() const {
    Options options = options_;
    options.port = static_cast<std::uint16_t>(port_);
    options.server.classic = classic_ == "off"        ? ClassicAccess::off
                             : classic_ == "loopback" ? ClassicAccess::loopback
                                                      : ClassicAccess::any;
    options.server.classic_silence_max = seconds(silence_s_);
    options.server.members_max = member_limit_;
    options.server.say_rate = say_rate(message_rate_);
    options.config_file = config_file_;
    options.log_json = log_format_ == "json";
    if (options.host.starts_with('[') && options.host.ends_with(']')) {
        options.host = options.host.substr(1, options.host.size() - 2);
    }
    options.durability = durability_ == "power" ? Durability::power : Durability::process;
    if (retain_days_ > 0) options.retention.age_max = seconds(retain_days_ * 24 * 60 * 60);
    if (retain_mb_ > 0) {
        options.retention.bytes_max = static_cast<std::uint64_t>(retain_mb_) * 1'000'000;
    }
    for (const auto& [command, action] : {std::pair{announce_, Options::Action::announce},
                                          {control_, Options::Action::control},
                                          {check_, Options::Action::check},
                                          {export_, Options::Action::export_room},
                                          {import_, Options::Action::import_room},
                                          {reindex_, Options::Action::reindex},
                                          {backup_, Options::Action::backup}}) {
        if (command->parsed()) options.action = action;
    }
    for (const auto& word : words_)
        options.text += (options.text.empty() ? "" : " ") + word;
    return options;
}

}  // namespace chat::server
