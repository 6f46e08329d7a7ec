// SPDX-License-Identifier: MIT
#include "chat-server/process/server_secrets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

namespace chat::server {
namespace {

constexpr std::string_view key_file = "server.key";
constexpr std::string_view reset_file = "reset.key";
constexpr std::string_view count_file = "start_count";
constexpr std::size_t password_bytes_max = 1024;

std::unexpected<sys::OsError> damaged(const sys::DataFolder& folder, std::string_view file,
                                      std::string_view what) {
    return sys::os_error(
        EINVAL, "use " + folder.path() + "/" + std::string(file),
        "it is damaged; put it back from a backup, or delete it to get a new " + std::string(what));
}

sys::Result<SecretKey> load_key(const sys::DataFolder& folder, std::string_view file,
                                std::string_view what, RandomSource& random) {
    SecretKey key;
    auto stored = folder.read_file(file, key.bytes().size());
    if (stored) {
        if (stored->size() != key.bytes().size()) return damaged(folder, file, what);
        std::ranges::copy(*stored, key.bytes().begin());
        wipe(*stored);
        return key;
    }
    if (stored.error().code == EFBIG) return damaged(folder, file, what);
    if (stored.error().code != ENOENT) return std::unexpected(stored.error());
    random.fill(key.bytes());
    if (const auto written = folder.write_file_atomically(file, key.bytes()); !written) {
        return std::unexpected(written.error());
    }
    return key;
}

sys::Result<std::uint64_t> count_start(const sys::DataFolder& folder) {
    std::array<std::byte, 8> bytes{};
    const auto stored = folder.read_file(count_file, bytes.size());
    std::uint64_t count = 0;
    if (stored) {
        if (stored->size() != bytes.size()) {
            return damaged(folder, count_file,
                           "one; clients then notice the restart only after 15 seconds");
        }
        count = Reader(*stored).u64();
    } else if (stored.error().code != ENOENT) {
        return std::unexpected(stored.error());
    }
    ++count;
    Writer(bytes).u64(count);
    if (const auto written = folder.write_file_atomically(count_file, bytes); !written) {
        return std::unexpected(written.error());
    }
    return count;
}

}  // namespace

ServerSecrets make_secrets(RandomSource& random) {
    ServerSecrets secrets;
    secrets.identity = KeyPair::generate(random);
    random.fill(secrets.reset_key.bytes());
    secrets.start_count = random.u64();
    return secrets;
}

sys::Result<ServerSecrets> load_secrets(const sys::DataFolder& folder, RandomSource& random) {
    ServerSecrets secrets;
    auto key = load_key(folder, key_file, "key, which every client will notice", random);
    if (!key) return std::unexpected(key.error());
    secrets.identity = KeyPair::from_secret(std::move(*key));
    auto reset_key = load_key(folder, reset_file, "one", random);
    if (!reset_key) return std::unexpected(reset_key.error());
    secrets.reset_key = std::move(*reset_key);
    const auto count = count_start(folder);
    if (!count) return std::unexpected(count.error());
    secrets.start_count = *count;
    return secrets;
}

sys::Result<std::string> read_password(const std::string& path) {
    const std::string doing = "read the password from " + path;
    std::FILE* file = std::fopen(path.c_str(), "re");
    if (file == nullptr) return sys::os_error(doing);
    std::array<char, password_bytes_max + 2> room{};
    const std::size_t size = std::fread(room.data(), 1, room.size(), file);
    const bool failed = std::ferror(file) != 0;
    const int code = errno;
    std::fclose(file);
    std::string_view line(room.data(), size);
    line = line.substr(0, line.find_first_of("\r\n"));
    std::string password(line);
    wipe(std::as_writable_bytes(std::span(room)));
    if (failed) return sys::os_error(code, doing);
    if (password.empty()) return sys::os_error(EINVAL, doing, "its first line is empty");
    if (password.size() > password_bytes_max) {
        return sys::os_error(EINVAL, doing, "its first line is longer than 1024 bytes");
    }
    return password;
}

}  // namespace chat::server
