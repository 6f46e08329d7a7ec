// SPDX-License-Identifier: MIT
#include "sys/data_folder.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/child_process.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

constexpr uid_t nobody = 65534;

unsigned mode_of(const std::string& path) {
    struct stat status{};
    REQUIRE(stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

DataFolder open_or_fail(const std::string& path) {
    auto folder = DataFolder::open(path);
    REQUIRE(folder);
    return std::move(*folder);
}

std::size_t files_in(const std::string& path) {
    std::size_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path))
        n += entry.exists();
    return n;
}

constexpr int no_other_user = 77;  // a user namespace may have but one

int in_child(const std::function<int()>& body) {
    auto child = ChildProcess::fork(nullptr, body);
    REQUIRE(child);
    wait_until_ended(child->pid());
    return child->reap()->code;
}

// Runs `body` as an ordinary user, to whom modes mean something.
int as_ordinary_user(const std::function<int()>& body) {
    return in_child([&body] {
        if (geteuid() == 0 && setresuid(nobody, nobody, nobody) != 0) return no_other_user;
        return body();
    });
}

}  // namespace

TEST_CASE("the folder and its missing parents are made for the owner only") {
    const TempFolder temp;
    const std::string path = temp / "a/b/c";
    for (const char* suffix : {"", "/"}) {
        CAPTURE(suffix);
        const DataFolder folder = open_or_fail(path + suffix);
        CHECK(folder.path() == path + suffix);
    }
    CHECK(mode_of(temp / "a") == 0700);
    CHECK(mode_of(temp / "a/b") == 0700);
    CHECK(mode_of(path) == 0700);
    CHECK(mode_of(path + "/lock") == 0600);
}

TEST_CASE("one process at a time") {
    const TempFolder temp;
    {
        const DataFolder first = open_or_fail(temp.path());
        CHECK(in_child([&temp] {
                  const auto second = DataFolder::open(temp.path());
                  const std::string sentence =
                      "cannot use the folder " + temp.path() + ": another server uses this folder";
                  return !second && second.error().code == EWOULDBLOCK &&
                                 second.error().sentence() == sentence
                             ? 0
                             : 1;
              }) == 0);
    }
    CHECK(in_child([&temp] { return DataFolder::open(temp.path()) ? 0 : 1; }) == 0);
}

TEST_CASE("a child of a process that had the folder does not keep it") {
    const TempFolder temp;
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    Descriptor alive(ends[0]);
    Descriptor held(ends[1]);
    // Ends at once, and leaves a child with all its descriptors that lives until the pipe is
    // closed.
    CHECK(in_child([&] {
              const auto folder = DataFolder::open(temp.path());
              if (!folder) return 1;
              if (fork() == 0) {
                  held.reset();
                  char byte = 0;
                  (void)!read(alive.get(), &byte, 1);
                  _exit(0);
              }
              _exit(0);
          }) == 0);
    CHECK(DataFolder::open(temp.path()));
}

TEST_CASE("files are replaced as a whole") {
    const TempFolder temp;
    const DataFolder folder = open_or_fail(temp.path());
    const std::string large(300'000, 'x');
    for (const std::string& content : {std::string("first"), large, std::string()}) {
        CAPTURE(content.size());
        REQUIRE(folder.write_file_atomically("state", bytes(content)));
        const auto read = folder.read_file("state", 1'000'000);
        REQUIRE(read);
        CHECK(text(*read) == content);
        CHECK(mode_of(temp / "state") == 0600);
        CHECK(files_in(temp.path()) == 2);  // it and the lock
    }
}

TEST_CASE("the left-over of a crash is no obstacle") {
    const TempFolder temp;
    const DataFolder folder = open_or_fail(temp.path());
    std::filesystem::create_symlink(temp / "elsewhere", temp / "state.new");
    REQUIRE(folder.write_file_atomically("state", bytes("new")));
    CHECK(text(*folder.read_file("state", 3)) == "new");
    CHECK_FALSE(std::filesystem::exists(temp / "elsewhere"));
}

TEST_CASE("a failed write leaves the old content and no left-over") {
    const TempFolder temp;
    const DataFolder folder = open_or_fail(temp.path());
    std::filesystem::create_directory(temp / "state");
    std::ofstream(temp / "state/inside") << "x";
    const auto result = folder.write_file_atomically("state", bytes("new"));
    REQUIRE_FALSE(result);
    CHECK(result.error().sentence().starts_with("cannot write " + (temp / "state") + ": "));
    CHECK(std::filesystem::exists(temp / "state/inside"));
    CHECK_FALSE(std::filesystem::exists(temp / "state.new"));
}

TEST_CASE("what can't be read says why") {
    const TempFolder temp;
    const DataFolder folder = open_or_fail(temp.path());
    REQUIRE(folder.write_file_atomically("ten", bytes("0123456789")));
    REQUIRE(mkfifo((temp / "pipe").c_str(), 0600) == 0);
    std::filesystem::create_directory(temp / "folder");
    struct Row {
        const char* name;
        std::size_t bytes_max;
        int code;
    };
    const Row rows[] = {{"missing", 100, ENOENT},
                        {"ten", 9, EFBIG},
                        {"ten", 0, EFBIG},
                        {"pipe", 100, EINVAL},
                        {"folder", 100, EINVAL}};
    for (const Row& row : rows) {
        CAPTURE(row.name, row.bytes_max);
        const auto read = folder.read_file(row.name, row.bytes_max);
        REQUIRE_FALSE(read);
        CHECK(read.error().code == row.code);
    }
    CHECK(folder.read_file("ten", 10)->size() == 10);
}

TEST_CASE("a folder that can't be made, opened or written") {
    const TempFolder temp;
    std::ofstream(temp / "file") << "x";
    for (const std::string& path : {temp / "file", temp / "file/below", std::string()}) {
        CAPTURE(path);
        CHECK_FALSE(DataFolder::open(path));
    }
    const auto file = DataFolder::open(temp / "file");
    CHECK(file.error().code == ENOTDIR);

    std::filesystem::create_directory(temp / "locked");
    REQUIRE(chmod(temp.path().c_str(), 0755) == 0);
    REQUIRE(chmod((temp / "locked").c_str(), 0555) == 0);
    const int code = as_ordinary_user([&temp] {
        const auto inside = DataFolder::open(temp / "locked");
        if (inside || inside.error().code != EACCES) return 1;
        if (inside.error().sentence() !=
            "cannot write to the folder " + (temp / "locked") + ": Permission denied") {
            return 2;
        }
        const auto below = DataFolder::open(temp / "locked/below");
        return !below && below.error().code == EACCES ? 0 : 3;
    });
    if (code == no_other_user) {
        WARN("no ordinary user to become here: half of the test did not run");
    } else {
        CHECK(code == 0);
    }
}

TEST_CASE("what is appended stays behind what was there") {
    const TempFolder temp;
    const DataFolder folder = open_or_fail(temp.path());
    REQUIRE(folder.append_to_file("lines", bytes("one\n")));
    CHECK(mode_of(temp / "lines") == 0600);
    REQUIRE(folder.append_to_file("lines", bytes("")));
    REQUIRE(folder.append_to_file("lines", bytes("two\n")));
    CHECK(text(*folder.read_file("lines", 100)) == "one\ntwo\n");
}

TEST_CASE("nothing is appended to a link, a folder or a pipe") {
    const TempFolder temp;
    const DataFolder folder = open_or_fail(temp.path());
    std::filesystem::create_symlink(temp / "elsewhere", temp / "link");
    std::filesystem::create_directory(temp / "folder");
    REQUIRE(mkfifo((temp / "pipe").c_str(), 0600) == 0);
    for (const char* name : {"link", "folder", "pipe"}) {
        CAPTURE(name);
        CHECK_FALSE(folder.append_to_file(name, bytes("x")));
    }
    CHECK_FALSE(std::filesystem::exists(temp / "elsewhere"));
}

TEST_CASE("several may share a folder, also beside its one owner") {
    const TempFolder temp;
    const auto one = DataFolder::open_shared(temp / "a/b");
    const auto two = DataFolder::open_shared(temp / "a/b");
    REQUIRE(one);
    REQUIRE(two);
    CHECK(files_in(temp / "a/b") == 0);
    CHECK(DataFolder::open(temp / "a/b"));
    CHECK_FALSE(DataFolder::open_shared(temp / "a/b\n/c" + std::string(300, 'x')));
}

TEST_CASE("a file is created once, whole, and nothing is left over") {
    const TempFolder temp;
    const auto one = DataFolder::open_shared(temp.path());
    const auto two = DataFolder::open_shared(temp.path());
    REQUIRE(one);
    REQUIRE(two);
    REQUIRE(one->create_file("key", bytes("first")));
    CHECK(mode_of(temp / "key") == 0600);
    const auto refused = two->create_file("key", bytes("second"));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == EEXIST);
    CHECK(text(*two->read_file("key", 100)) == "first");
    CHECK(files_in(temp.path()) == 1);
}
