// SPDX-License-Identifier: MIT
#include "chat-server/process/store_commands.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <memory>
#include <sysexits.h>
#include <unistd.h>

#include "chat-server/store/store_tools.h"
#include "sys/data_folder.h"
#include "sys/system_random.h"

namespace chat::server {
namespace {

// Longer than any line that export writes: a text, six bytes for each of its own at most.
constexpr std::size_t line_bytes_max = 64 * 1024;

struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

bool is_standard_stream(const std::string& file) {
    return file.empty() || file == "-";
}

int fail(std::string_view sentence, int status = EX_DATAERR) {
    fmt::print(stderr, "chat-server: {}\n", sentence);
    return status;
}

int fail_at_file(const std::string& file) {
    return fail(fmt::format("{}: {}.", file, std::strerror(errno)),
                errno == ENOENT ? EX_NOINPUT : EX_CANTCREAT);
}

int check(const Options& options) {
    const auto progress = [](std::string_view sentence) { fmt::print(stderr, "{}\n", sentence); };
    const auto finding = [](std::string_view sentence) { fmt::print("{}\n", sentence); };
    const auto report = check_database(rooms_database(options), progress, finding);
    if (!report) return fail(report.error());
    fmt::print(
        "{} entries in {} rooms: {}\n", report->entries, report->rooms,
        report->findings == 0 ? "all is well" : fmt::format("{} findings", report->findings));
    return report->findings == 0 ? 0 : EX_DATAERR;
}

int export_to_file(const Options& options) {
    File file;
    if (!is_standard_stream(options.file)) {
        file.reset(std::fopen(options.file.c_str(), "wxe"));  // one that is there stays as it is
        if (!file) return fail_at_file(options.file);
    }
    std::FILE* const out = file ? file.get() : stdout;
    const auto written =
        export_room(rooms_database(options), options.room, [out](std::string_view line) {
            return std::fwrite(line.data(), 1, line.size(), out) == line.size() &&
                   std::fputc('\n', out) != EOF;
        });
    const bool flushed = std::fflush(out) == 0;
    if (!written) {
        if (file) ::unlink(options.file.c_str());
        return fail(written.error());
    }
    if (!flushed) return fail_at_file(file ? options.file : "standard output");
    fmt::print(stderr, "{} entries exported\n", *written);
    return 0;
}

int import_from_file(const Options& options) {
    File file;
    if (!is_standard_stream(options.file)) {
        file.reset(std::fopen(options.file.c_str(), "re"));
        if (!file) return fail_at_file(options.file);
    }
    const auto folder = sys::DataFolder::open(options.data);
    if (!folder) {
        return folder.error().code == EWOULDBLOCK
                   ? fail(
                         "a server runs on this data folder. Stop it, or name another with "
                         "--data.",
                         EX_TEMPFAIL)
                   : fail(folder.error().sentence() + ".", EX_CANTCREAT);
    }
    std::FILE* const in = file ? file.get() : stdin;
    const auto next_line = [in](std::string& line) {
        line.clear();
        for (int c = std::fgetc(in); c != EOF; c = std::fgetc(in)) {
            if (c == '\n') return true;
            if (line.size() < line_bytes_max) line += static_cast<char>(c);
        }
        return !line.empty();
    };
    sys::SystemRandom random;
    const auto stored =
        import_room(rooms_database(options), std::max<std::uint64_t>(random.u64(), 1), next_line);
    if (!stored) return fail(stored.error());
    fmt::print("{} entries imported\n", *stored);
    return 0;
}

int backup(const Options& options) {
    const auto copied = backup_database(rooms_database(options), options.file);
    if (!copied) return fail(copied.error());
    fmt::print("copied to {}\n", options.file);
    return 0;
}

}  // namespace

std::string rooms_database(const Options& options) {
    return options.data + "/rooms.db";
}

int run_store_command(const Options& options) {
    switch (options.action) {
        case Options::Action::check:
            return check(options);
        case Options::Action::export_room:
            return export_to_file(options);
        case Options::Action::import_room:
            return import_from_file(options);
        case Options::Action::backup:
            return backup(options);
        case Options::Action::serve:
        case Options::Action::announce:
        case Options::Action::control:
            break;
    }
    return EX_SOFTWARE;
}

}  // namespace chat::server
