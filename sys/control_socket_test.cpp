// SPDX-License-Identifier: MIT
#include "sys/control_socket.h"

#include <cerrno>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/child_process.h"
#include "sys/test_support.h"

using namespace chat::sys;
using namespace chat::sys::test;

namespace {

ControlListener open_or_fail(const std::string& path) {
    auto listener = ControlListener::open(path);
    REQUIRE(listener);
    return std::move(*listener);
}

// One question and one answer, as `ctl` and the admin process have them.
void check_talk(ControlListener& listener, const std::string& path) {
    auto caller = connect_control(path);
    REQUIRE(caller);
    REQUIRE(comes(listener.fd()));
    auto callee = listener.accept();
    REQUIRE(callee);
    CHECK_FALSE(listener.accept());

    std::span<const std::byte> frame;
    CHECK(callee->receive(frame) == ReceiveStatus::empty);
    REQUIRE(caller->send(bytes("/who")));
    REQUIRE(callee->receive(frame) == ReceiveStatus::frame);
    CHECK(text(frame) == "/who");
    REQUIRE(callee->send(bytes("nobody")));
    REQUIRE(caller->receive(frame) == ReceiveStatus::frame);
    CHECK(text(frame) == "nobody");
    callee->close();
    CHECK(caller->receive(frame) == ReceiveStatus::closed);
}

class UmaskGuard {
  public:
    explicit UmaskGuard(mode_t mask) : before_(umask(mask)) {}
    UmaskGuard(const UmaskGuard&) = delete;
    UmaskGuard& operator=(const UmaskGuard&) = delete;
    ~UmaskGuard() { umask(before_); }

  private:
    mode_t before_;
};

}  // namespace

TEST_CASE("the socket's mode is 0600 whatever the umask, and nothing lies beside it") {
    for (const mode_t mask : {mode_t{0}, mode_t{022}, mode_t{0777}}) {
        CAPTURE(mask);
        const TempFolder temp;
        const std::string path = temp / "control.sock";
        const UmaskGuard guard(mask);
        ControlListener listener = open_or_fail(path);
        struct stat status{};
        REQUIRE(stat(path.c_str(), &status) == 0);
        CHECK(S_ISSOCK(status.st_mode));
        CHECK((status.st_mode & 07777U) == 0600U);
        const std::filesystem::directory_iterator files(temp.path());
        CHECK(std::distance(begin(files), end(files)) == 1);
        check_talk(listener, path);
    }
}

TEST_CASE("a path too long for the kernel's structure works") {
    const TempFolder temp;
    const std::string folder = temp / std::string(150, 'd');
    std::filesystem::create_directory(folder);
    const std::string path = folder + "/control.sock";
    ControlListener listener = open_or_fail(path);
    check_talk(listener, path);
    const auto second = ControlListener::open(path);
    REQUIRE_FALSE(second);
    CHECK(second.error().code == EADDRINUSE);

    const auto overlong = ControlListener::open(temp / std::string(150, 'n'));
    REQUIRE_FALSE(overlong);
    CHECK(overlong.error().code == ENAMETOOLONG);
}

TEST_CASE("the owner of the folder replaces even a socket that still answers") {
    const TempFolder temp;
    const std::string path = temp / "control.sock";
    const ControlListener dying = open_or_fail(path);
    auto heir = ControlListener::open(path, true);
    REQUIRE(heir);
    check_talk(*heir, path);
    std::filesystem::remove(path);
    std::filesystem::create_directory(path);
    const auto blocked = ControlListener::open(path, true);
    REQUIRE_FALSE(blocked);
    CHECK(blocked.error().code == EEXIST);
}

TEST_CASE("a path without a folder is in the current one") {
    const TempFolder temp;
    const std::string before = std::filesystem::current_path().string();
    std::filesystem::current_path(temp.path());
    ControlListener listener = open_or_fail("control.sock");
    check_talk(listener, "control.sock");
    std::filesystem::current_path(before);
    check_talk(listener, temp / "control.sock");
}

TEST_CASE("a dead server's socket is replaced, a living one's is not") {
    const TempFolder temp;
    const std::string path = temp / "control.sock";
    {
        const ControlListener living = open_or_fail(path);
        const auto second = ControlListener::open(path);
        REQUIRE_FALSE(second);
        CHECK(second.error().code == EADDRINUSE);
        CHECK(second.error().sentence() ==
              "cannot open the control socket " + path + ": a running server answers there");
    }
    REQUIRE(std::filesystem::exists(path));
    ControlListener next = open_or_fail(path);
    check_talk(next, path);
}

TEST_CASE("something that is no socket is left alone") {
    const TempFolder temp;
    const std::string path = temp / "control.sock";
    std::ofstream(path) << "precious";
    const auto listener = ControlListener::open(path);
    REQUIRE_FALSE(listener);
    CHECK(listener.error().code == EEXIST);
    CHECK(std::filesystem::file_size(path) == 8);
}

TEST_CASE("remove takes away one's own name only") {
    const TempFolder temp;
    const std::string path = temp / "control.sock";
    ControlListener old = open_or_fail(path);
    std::filesystem::rename(path, temp / "moved");
    ControlListener next = open_or_fail(path);
    old.remove();
    CHECK(std::filesystem::exists(path));
    next.remove();
    CHECK_FALSE(std::filesystem::exists(path));
    next.remove();
}

TEST_CASE("a caller is told when no server is there") {
    const TempFolder temp;
    const std::string path = temp / "control.sock";
    const auto check = [&path](int code, const char* reason) {
        const auto caller = connect_control(path);
        REQUIRE_FALSE(caller);
        CHECK(caller.error().code == code);
        CHECK(caller.error().sentence() == "cannot reach a server through " + path + ": " + reason);
    };
    check(ENOENT, "none is running there");
    open_or_fail(path);
    check(ECONNREFUSED, "none is running there");
    const auto nowhere = connect_control(temp / "no/folder");
    REQUIRE_FALSE(nowhere);
    CHECK(nowhere.error().code == ENOENT);
}

TEST_CASE("out of descriptors, a caller is turned away instead of waking us for ever") {
    const TempFolder temp;
    const std::string path = temp / "control.sock";
    auto child = ChildProcess::fork(nullptr, [&path] {
        auto listener = ControlListener::open(path);
        auto caller = connect_control(path);
        if (!listener || !caller) return 1;
        // All numbers below the limit are in use from here on.
        const rlimit limit{64, 64};
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0) return 2;
        while (dup(0) >= 0) {
        }
        if (errno != EMFILE || !comes(listener->fd())) return 3;
        if (listener->accept()) return 4;
        std::span<const std::byte> frame;
        if (caller->receive(frame) != ReceiveStatus::closed) return 5;
        pollfd entry{listener->fd(), POLLIN, 0};
        if (poll(&entry, 1, 0) != 0) return 6;
        return dup(0) < 0 ? 0 : 7;  // the reserve is taken again
    });
    REQUIRE(child);
    wait_until_ended(child->pid());
    CHECK(child->reap()->sentence() == "exited with status 0");
}
