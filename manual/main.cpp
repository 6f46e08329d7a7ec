// SPDX-License-Identifier: MIT
// write-manual: writes the manual pages and the shells' completions while the programs are built.
//
//     write-manual PROSE README OUT
//
// PROSE is the folder of chat-client.1.in and chat-server.8.in, README the file with the table of
// keys, OUT the folder that gets chat-client.1, chat-client.bash, chat-client.zsh, chat-client.fish
// and the same for the server. Exit status 1 if anything is missing or does not fit.
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdlib.h>

#include "chat-client/core/user_input.h"
#include "chat-client/process/command_line.h"
#include "chat-server/core/operator_commands.h"
#include "chat-server/process/command_line.h"
#include "manual/completion.h"
#include "manual/page.h"
#include "manual/program.h"

namespace {

using namespace chat;
using namespace chat::manual;

int fail(std::string_view sentence) {
    fmt::print(stderr, "write-manual: {}\n", sentence);
    return 1;
}

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream in(path);
    std::string text(std::istreambuf_iterator<char>(in), {});
    if (!in || text.empty()) return std::nullopt;
    return text;
}

bool write_file(const std::string& path, std::string_view text) {
    std::ofstream out(path);
    out << text;
    out.close();
    return out.good();
}

// Whoever builds, the page is the same.
void forget_who_builds() {
    for (const char* name : {"XDG_DATA_HOME", "XDG_STATE_HOME", "STATE_DIRECTORY"})
        ::unsetenv(name);
    ::setenv("HOME", "~", 1);
}

std::string operator_help() {
    server::Chat nobody(0);
    return server::run_operator_command({}, "help", nobody,
                                        [](const Endpoint&) { return std::string(); })
        .text;
}

std::optional<Program> program_of(const CLI::App& app, std::string_view help) {
    auto typed = read_help(help);
    if (!typed || typed->empty()) {
        fail(fmt::format("in what /help of {} says this has no two blanks before the meaning: {}",
                         app.get_name(), typed ? "" : typed.error()));
        return std::nullopt;
    }
    return Program{read_command(app), std::move(*typed), {}, {}, CHAT_VERSION};
}

// 0, or the exit status.
int write_all(const Program& program, std::string_view section, const std::string& prose_folder,
              const KeyTable& keys, const std::string& out) {
    const std::string name = program.command.name;
    const std::string page_name = fmt::format("{}.{}", name, section);
    const auto prose = read_file(fmt::format("{}/{}.in", prose_folder, page_name));
    if (!prose) return fail(fmt::format("{}/{}.in can't be read", prose_folder, page_name));
    const auto page = write_page(*prose, program, keys);
    if (!page) return fail(fmt::format("{}.in: {}", page_name, page.error()));
    const std::pair<std::string, std::string> files[] = {
        {page_name, *page},
        {name + ".bash", bash_completion(program)},
        {name + ".zsh", zsh_completion(program)},
        {name + ".fish", fish_completion(program)},
    };
    for (const auto& [file, text] : files) {
        if (!write_file(fmt::format("{}/{}", out, file), text)) {
            return fail(fmt::format("{}/{} can't be written", out, file));
        }
    }
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return fail("call it: write-manual PROSE README OUT");
    const std::string prose = argv[1], readme_path = argv[2], out = argv[3];
    forget_who_builds();
    const auto readme = read_file(readme_path);
    if (!readme) return fail(fmt::format("{} can't be read", readme_path));
    const auto keys = read_key_table(*readme);
    if (!keys) return fail(fmt::format("{} has no table of keys", readme_path));

    const client::CommandLine client_line;
    const auto client = program_of(client_line.app, client::help_text());
    if (!client) return 1;
    const server::CommandLine server_line;
    auto server = program_of(server_line.app(), operator_help());
    if (!server) return 1;
    server->typed_through = "ctl";
    for (const auto setting : server::file_settings())
        server->file_settings.emplace_back(setting);

    if (const int status = write_all(*client, "1", prose, *keys, out); status != 0) return status;
    return write_all(*server, "8", prose, *keys, out);
}
