// SPDX-License-Identifier: MIT
// The plain-text protocol of the original model, byte for byte (docs/CLASSIC.md):
//
//   to the server   "L <name>"  "C <name> <text>"  "Q <name>"
//   to one client   "OK"  "该用户已存在"  "EXIT"
//   to the others   "\n欢迎 <name> 进入聊天室"  "\n<name> 说: <text>"  "\n<name> 离开了聊天室"
//
// UTF-8 without terminator. Receivers read at most 1024 bytes, so longer text goes out as several
// datagrams, each a whole sentence cut at a character boundary. The protocol trusts anybody;
// who may say what is decided in chat-server/core, not here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace chat::classic {

// What an original program's recvfrom takes; the rest of a longer datagram would be lost.
inline constexpr std::size_t datagram_bytes_max = 1024;

// --- to the server ---------------------------------------------------------------------------

struct LogIn {
    std::string_view name;
};
struct Say {
    std::string_view name;
    std::string_view text;  // as sent: spaces kept, not yet cleaned
};
struct Quit {
    std::string_view name;
};
using Request = std::variant<LogIn, Say, Quit>;

enum class RequestError {
    empty,
    unknown_command,
    no_name,
    no_text,
    text_too_long,  // more than text_bytes_max bytes
};

// The views point into `datagram`. Line ends and NULs at its end are taken off first, as `nc` and
// careless C programs send them. Whether a name is usable is for check_name to say.
std::expected<Request, RequestError> decode_request(std::span<const std::byte> datagram);

std::string encode_log_in(std::string_view name);
std::string encode_say(std::string_view name, std::string_view text);
std::string encode_quit(std::string_view name);

// How many bytes of text fit into one `C` datagram so that neither it nor the sentence the server
// makes of it exceeds datagram_bytes_max. A longer message is sent as several.
std::size_t text_bytes_per_datagram(std::string_view name);

// --- to one client ---------------------------------------------------------------------------

inline constexpr std::string_view reply_ok = "OK";
inline constexpr std::string_view reply_name_taken = "该用户已存在";
inline constexpr std::string_view reply_exit = "EXIT";
// Not in the original, which has no such cases. Clear to a reader, never taken for a success.
inline constexpr std::string_view reply_name_unusable = "用户名无效";
inline constexpr std::string_view reply_room_full = "聊天室已满";
inline constexpr std::string_view reply_too_fast = "发言太快，请稍候";
inline constexpr std::string_view reply_text_too_long = "消息太长";

// --- to the others ---------------------------------------------------------------------------

// Datagrams one behind another in one piece of memory. Reused for entry after entry, so that
// encoding costs no allocation once it has grown.
class DatagramList {
  public:
    std::size_t size() const { return ends_.size(); }
    std::span<const std::byte> operator[](std::size_t index) const {
        const std::size_t begin = index == 0 ? 0 : ends_[index - 1];
        return std::span(bytes_).subspan(begin, ends_[index] - begin);
    }
    std::size_t bytes() const { return bytes_.size(); }
    void clear();
    void add(std::initializer_list<std::string_view> pieces);

  private:
    std::vector<std::byte> bytes_;
    std::vector<std::uint32_t> ends_;
};

// Each adds what the others hear to `out`.
void encode_joined(std::string_view name, DatagramList& out);
void encode_said(std::string_view name, std::string_view text, DatagramList& out);
void encode_left(std::string_view name, DatagramList& out);
// For a member whose part of the log is gone: never a silent hole.
void encode_missed(std::uint64_t count, DatagramList& out);

// --- as a client reads it --------------------------------------------------------------------

struct Joined {
    std::string_view name;
};
struct Said {
    std::string_view name;
    std::string_view text;
};
struct Left {
    std::string_view name;
};
struct LoggedIn {};
struct NameTaken {};
struct NameUnusable {};
struct RoomFull {};
struct Ended {};
// Any other sentence of the server: shown as it is.
struct Remark {
    std::string_view text;
};
using Notice =
    std::variant<Joined, Said, Left, LoggedIn, NameTaken, NameUnusable, RoomFull, Ended, Remark>;

// Every datagram means something, if only a remark; nothing a server sends is an error here.
Notice decode_notice(std::span<const std::byte> datagram);

}  // namespace chat::classic
