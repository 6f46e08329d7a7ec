// SPDX-License-Identifier: MIT
#include "chat-server/process/name_file.h"

#include <cerrno>
#include <fmt/format.h>
#include <string_view>

#include "proto/wire/name.h"

namespace chat::server {
namespace {

constexpr std::string_view file_name = "names";
// The registry's limit, at most 80 bytes each.
constexpr std::size_t file_bytes_max = 65'536 * 80;
constexpr std::size_t key_characters = 44;

std::optional<NameBinding> read_line(std::string_view line) {
    if (line.size() <= key_characters + 1 || line[key_characters] != ' ') return std::nullopt;
    const auto key = PublicKey::from_base64(line.substr(0, key_characters));
    const auto name = line.substr(key_characters + 1);
    if (!key || !check_name(name)) return std::nullopt;
    return NameBinding{std::string(name), *key};
}

}  // namespace

sys::Result<std::vector<NameBinding>> NameFile::load() {
    std::vector<NameBinding> bindings;
    const auto stored = folder_.read_file(file_name, file_bytes_max);
    if (!stored) {
        if (stored.error().code == ENOENT) return bindings;
        return std::unexpected(stored.error());
    }
    const std::string_view text(reinterpret_cast<const char*>(stored->data()), stored->size());
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto end = rest.find('\n');
        const auto binding =
            end == std::string_view::npos ? std::nullopt : read_line(rest.substr(0, end));
        if (!binding) {
            const auto whole = text.size() - rest.size();
            if (end != std::string_view::npos) {
                return sys::os_error(
                    EINVAL, fmt::format("use {}/{}", folder_.path(), file_name),
                    fmt::format("line {} is damaged; put the file back from a backup, or delete "
                                "the line, which frees its name",
                                bindings.size() + 1));
            }
            const auto kept = std::span(*stored).first(whole);
            if (const auto written = folder_.write_file_atomically(file_name, kept); !written) {
                return std::unexpected(written.error());
            }
            break;
        }
        bindings.push_back(*binding);
        rest.remove_prefix(end + 1);
    }
    return bindings;
}

sys::Result<void> NameFile::add(std::span<const NameBinding> bindings) {
    std::string lines;
    for (const auto& binding : bindings)
        lines += fmt::format("{} {}\n", binding.key.to_base64(), binding.name);
    return folder_.append_to_file(file_name, std::as_bytes(std::span(lines.data(), lines.size())));
}

}  // namespace chat::server
