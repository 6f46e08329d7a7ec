// SPDX-License-Identifier: MIT
#include "sys/landlock.h"

#include <csignal>
#include <fstream>
#include <sys/stat.h>

#include "sys/sandbox_test_support.h"
#include "sys/socket_address.h"

using namespace chat;
using namespace chat::sys;
using namespace chat::sys::test;

namespace {

bool has_landlock() {
    const bool yes = landlock_abi() > 0;
    if (!yes) WARN("this kernel has no Landlock: only its absence was checked");
    return yes;
}

void write_file(const std::string& path) {
    std::ofstream(path) << "content";
    REQUIRE(std::filesystem::exists(path));
}

struct Stage {
    TempFolder folder;
    std::string data = folder / "data";
    std::string shared = folder / "shared";

    Stage() {
        for (const std::string& place : {data, shared}) {
            REQUIRE(::mkdir(place.c_str(), 0700) == 0);
            write_file(place + "/old");
            write_file(place + "/victim");
        }
        write_file(folder / "file");
        write_file(folder / "secret");
    }

    Enter enter(Isolation isolation = Isolation::files) const {
        const FileAccess files{{data, folder / "missing"}, {shared, folder / "file"}};
        return [files, isolation]() -> Result<SandboxReport> {
            if (auto done = restrict_files(files, isolation); !done) {
                return std::unexpected(done.error());
            }
            return SandboxReport{};
        };
    }
};

bool connects_by_tcp(const Endpoint& peer) {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_storage address{};
    const socklen_t length = write_socket_address(peer, AF_INET, address);
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0;
}

}  // namespace

TEST_CASE("only the files that were named can be opened") {
    if (!has_landlock()) return;
    const Stage stage;
    const auto in = [](const std::string& folder, const char* name) { return folder + "/" + name; };
    const std::string top = stage.folder.path();
    const Act allowed[] = {
        {"read", [&] { return opens(in(stage.data, "old"), O_RDONLY); }},
        {"write", [&] { return opens(in(stage.data, "old"), O_WRONLY | O_TRUNC); }},
        {"create", [&] { return opens(in(stage.data, "new"), O_WRONLY | O_CREAT | O_EXCL); }},
        {"rename",
         [&] { return ::rename(in(stage.data, "new").c_str(), in(stage.data, "x").c_str()) == 0; }},
        {"delete", [&] { return ::unlink(in(stage.data, "x").c_str()) == 0; }},
        {"make a folder", [&] { return ::mkdir(in(stage.data, "sub").c_str(), 0700) == 0; }},
        {"read what may be read", [&] { return opens(in(stage.shared, "old"), O_RDONLY); }},
        {"list what may be read", [&] { return opens(stage.shared, O_RDONLY | O_DIRECTORY); }},
        {"read one file", [&] { return opens(in(top, "file"), O_RDONLY); }},
    };
    check_allowed(stage.enter(), allowed);
    const Act denied[] = {
        {"read elsewhere", [&] { return opens(in(top, "secret"), O_RDONLY); }},
        {"list elsewhere", [&] { return opens(top, O_RDONLY | O_DIRECTORY); }},
        {"create elsewhere", [&] { return opens(in(top, "new"), O_WRONLY | O_CREAT); }},
        {"write what may be read", [&] { return opens(in(stage.shared, "old"), O_WRONLY); }},
        {"write one file", [&] { return opens(in(top, "file"), O_WRONLY); }},
        {"delete what may be read",
         [&] { return ::unlink(in(stage.shared, "victim").c_str()) == 0; }},
        {"make a device", [&] { return ::mkfifo(in(stage.data, "fifo").c_str(), 0600) == 0; }},
        {"make a link", [&] { return ::symlink("/", in(stage.data, "link").c_str()) == 0; }},
        {"execute", execute},
    };
    check_denied(stage.enter(), denied, EACCES);
}

TEST_CASE("a TCP connection is no way out, where the kernel can forbid it") {
    if (!has_landlock()) return;
    if (landlock_abi() < 4) {
        WARN("this kernel's Landlock knows nothing of TCP: the test did not run");
        return;
    }
    const Stage stage;
    const Act denied[] = {
        {"connect", [] { return connects_by_tcp({IpAddress::v4(127, 0, 0, 1), 1}); }}};
    check_denied(stage.enter(), denied, EACCES);
}

TEST_CASE("complete isolation keeps signals in, where the kernel can") {
    if (!has_landlock()) return;
    const Stage stage;
    const Act signal_out[] = {{"signal the parent", [] { return ::kill(getppid(), 0) == 0; }}};
    check_allowed(stage.enter(Isolation::files), signal_out);
    if (landlock_abi() < 6) {
        WARN("this kernel's Landlock knows nothing of signals: the test did not run");
        return;
    }
    check_denied(stage.enter(Isolation::everything), signal_out);
}

TEST_CASE("files that were open stay open") {
    if (!has_landlock()) return;
    const Stage stage;
    const std::string path = stage.folder / "secret";
    const Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    const Act allowed[] = {
        {"read",
         [&] {
             char c = 0;
             return ::read(file.get(), &c, 1) == 1 && c == 'c';
         }},
        {"write", [&] { return ::write(file.get(), "x", 1) == 1; }},
    };
    check_allowed(stage.enter(), allowed);
}
