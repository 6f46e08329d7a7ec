// SPDX-License-Identifier: MIT
#include "chat-server/process/server_secrets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>

#include "proto/wire/reader.h"
#include "proto/wire/writer.h"

namespace chat::server {
namespace {

constexpr std::string_view key_file = "server.key";
constexpr std::string_view reset_file = "reset.key";
constexpr std::string_view count_file = "start_count";

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

bool has_secrets(const sys::DataFolder& folder) {
    const auto key = folder.read_file(key_file, SecretKey().bytes().size());
    return key || key.error().code != ENOENT;
}

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

}  // namespace chat::server
