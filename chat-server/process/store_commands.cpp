// SPDX-License-Identifier: MIT
#include "chat-server/process/store_commands.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <expected>
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

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

int check(const Options& options) {
    // It may take minutes: a person sees that it goes on.
    const bool watched = ::isatty(STDERR_FILENO) == 1;
    const auto progress = [watched](std::string_view sentence) {
        if (watched) fmt::print(stderr, "looking at {}\n", sentence);
    };
    const auto finding = [](std::string_view sentence) { fmt::print(stderr, "{}\n", sentence); };
    const auto report = check_database(rooms_database(options), progress, finding);
    if (!report) return fail(report.error());
    fmt::print(
        "{} in {}: {}\n", counted(report->entries, "entry", "entries"),
        counted(report->rooms, "room", "rooms"),
        report->findings == 0 ? "all is well" : counted(report->findings, "finding", "findings"));
    if (report->findings == 0) return 0;
    fmt::print(stderr, "{}\n",
               report->only_index
                   ? "Nothing but the search index is known to be damaged. Stop the server and run "
                     "`chat-server reindex`, which makes it anew."
                   : "Stop the server and put a backup in the place of the file. Without one: "
                     "`chat-server export ROOM FILE` writes what can still be read of each room, "
                     "and `chat-server import FILE --data DIR` puts it into a new folder.");
    return EX_DATAERR;
}

int export_to_file(const Options& options) {
    File file;
    if (!is_standard_stream(options.file)) {
        file.reset(std::fopen(options.file.c_str(), "wxe"));  // one that is there stays as it is
        if (!file) return fail_at_file(options.file);
    }
    std::FILE* const out = file ? file.get() : stdout;
    const auto written = export_room(
        rooms_database(options), options.room,
        [out](std::string_view line) {
            return std::fwrite(line.data(), 1, line.size(), out) == line.size() &&
                   std::fputc('\n', out) != EOF;
        },
        [](std::uint64_t from, std::uint64_t to) {
            if (from == to) {
                fmt::print(stderr, "chat-server: entry {} cannot be read\n", from);
            } else {
                fmt::print(stderr, "chat-server: entries {} to {} cannot be read\n", from, to);
            }
        });
    const bool flushed = std::fflush(out) == 0;
    if (!written) {
        if (file) ::unlink(options.file.c_str());
        return fail(written.error());
    }
    if (!flushed) return fail_at_file(file ? options.file : "standard output");
    fmt::print(stderr, "{} exported\n", counted(written->entries, "entry", "entries"));
    if (written->lost == 0) return 0;
    return fail(
        fmt::format("{} could not be read, since the file is damaged. `chat-server check` says "
                    "more; a backup may have them.",
                    counted(written->lost, "entry", "entries")));
}

// While no server runs on it; or the exit status.
std::expected<sys::DataFolder, int> open_alone(const Options& options) {
    auto folder = sys::DataFolder::open(options.data);
    if (folder) return std::move(*folder);
    return std::unexpected(
        folder.error().code == EWOULDBLOCK
            ? fail("a server runs on this data folder. Stop it, or name another with --data.",
                   EX_TEMPFAIL)
            : fail(folder.error().sentence() + ".", EX_CANTCREAT));
}

int import_from_file(const Options& options) {
    File file;
    if (!is_standard_stream(options.file)) {
        file.reset(std::fopen(options.file.c_str(), "re"));
        if (!file) return fail_at_file(options.file);
    }
    const auto folder = open_alone(options);
    if (!folder) return folder.error();
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
    fmt::print("{} imported\n", counted(*stored, "entry", "entries"));
    return 0;
}

int reindex(const Options& options) {
    const auto folder = open_alone(options);
    if (!folder) return folder.error();
    const std::string path = rooms_database(options);
    if (const auto done = reindex_database(path); !done) return fail(done.error());
    fmt::print("the next server fills the search index; the old file is kept as {}.damaged\n",
               path);
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
        case Options::Action::reindex:
            return reindex(options);
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
