// SPDX-License-Identifier: MIT
#include "chat-server/process/journal.h"

#include <memory>
#include <nlohmann/json.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace chat::server::journal {
namespace {

struct State {
    std::shared_ptr<spdlog::logger> logger;
    std::string process = "network";
    bool json = false;
};

State& state() {
    static State the_state;
    return the_state;
}

void write(spdlog::level::level_enum level, std::string_view what,
           std::initializer_list<Field> fields) {
    const State& s = state();
    if (!s.logger || !s.logger->should_log(level)) return;
    std::string line;
    if (s.json) {
        // What is inside the braces; the pattern writes them with the time and the level.
        nlohmann::ordered_json object{{"process", s.process}, {"message", what}};
        for (const auto& [name, value] : fields)
            object[std::string(name)] = value;
        line = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).substr(1);
    } else {
        line = s.process + ": " + std::string(what);
        for (const auto& [name, value] : fields) {
            line.append(" ").append(name).append("=").append(value);
        }
    }
    s.logger->log(level, "{}", line);
}

}  // namespace

void open(const std::string& level, bool json) {
    State& s = state();
    s.json = json;
    s.logger = std::make_shared<spdlog::logger>("journal",
                                                std::make_shared<spdlog::sinks::stderr_sink_st>());
    s.logger->set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v)"
                               : "%Y-%m-%d %H:%M:%S %l %v");
    s.logger->flush_on(spdlog::level::trace);
    set_level(level);
}

void set_level(const std::string& level) {
    state().logger->set_level(spdlog::level::from_str(level));
}

void set_process(std::string_view name) {
    state().process = name;
}

void debug(std::string_view what, std::initializer_list<Field> fields) {
    write(spdlog::level::debug, what, fields);
}
void info(std::string_view what, std::initializer_list<Field> fields) {
    write(spdlog::level::info, what, fields);
}
void warn(std::string_view what, std::initializer_list<Field> fields) {
    write(spdlog::level::warn, what, fields);
}
void error(std::string_view what, std::initializer_list<Field> fields) {
    write(spdlog::level::err, what, fields);
}

}  // namespace chat::server::journal
