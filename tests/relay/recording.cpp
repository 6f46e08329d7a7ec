// SPDX-License-Identifier: MIT
#include "tests/relay/recording.h"

#include <array>
#include <string_view>

namespace chat::relay {
namespace {

constexpr std::string_view magic = "relayrec";

class Header {
  public:
    template <class T>
    void add(T value) {
        for (std::size_t i = 0; i < sizeof value; ++i)
            bytes_[used_++] = static_cast<std::byte>(value >> (8 * i) & 0xff);
    }
    std::span<const std::byte> bytes() const { return bytes_; }

  private:
    std::array<std::byte, 20> bytes_{};
    std::size_t used_ = 0;
};

}  // namespace

sys::Result<Recording> Recording::create(const std::string& path) {
    std::FILE* file = std::fopen(path.c_str(), "wbe");
    if (file == nullptr) return sys::os_error("write " + path);
    Recording recording(file);
    recording.write(std::as_bytes(std::span(magic)));
    recording.flush();
    return recording;
}

void Recording::add(Kind kind, std::size_t client, Duration since_start,
                    std::span<const std::byte> bytes) {
    if (datagrams_ == datagrams_max) complete_ = false;
    if (!complete_) return;
    ++datagrams_;
    Header header;
    header.add(static_cast<std::uint32_t>(kind));
    header.add(static_cast<std::uint32_t>(client));
    header.add(static_cast<std::uint32_t>(bytes.size()));
    header.add(static_cast<std::uint64_t>(since_start.us));
    write(header.bytes());
    write(bytes);
}

void Recording::write(std::span<const std::byte> bytes) {
    const std::size_t written = std::fwrite(bytes.data(), 1, bytes.size(), file_.get());
    if (written != bytes.size()) complete_ = false;
}

void Recording::flush() {
    if (std::fflush(file_.get()) != 0) complete_ = false;
}

}  // namespace chat::relay
