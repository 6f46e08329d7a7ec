// SPDX-License-Identifier: MIT
#include "chat-server/process/control_client.h"

#include <cerrno>
#include <fmt/format.h>
#include <sysexits.h>

#include "sys/clock.h"
#include "sys/control_socket.h"
#include "sys/poll_set.h"

namespace chat::server {
namespace {

// A server that lives answers within one turn of its loop; its admin process may just be starting.
constexpr Duration answer_time_max = seconds(5);

int explain_no_server(const Options& options, const sys::OsError& error) {
    if (error.code == ENOENT || error.code == ECONNREFUSED) {
        fmt::print(stderr,
                   "chat-server: no server runs with the data folder {}. Start it, or name its "
                   "folder with --data.\n",
                   options.data);
        return EX_UNAVAILABLE;
    }
    fmt::print(stderr, "chat-server: {}.\n", error.sentence());
    return error.code == EACCES || error.code == EPERM ? EX_NOPERM : EX_UNAVAILABLE;
}

}  // namespace

int run_control_client(const Options& options) {
    auto channel = sys::connect_control(options.data + "/control.sock");
    if (!channel) return explain_no_server(options, channel.error());

    ControlRequest request;
    request.kind = options.action == Options::Action::announce ? ControlRequest::Kind::announce
                                                               : ControlRequest::Kind::command;
    request.text = options.text.starts_with('/') && request.kind == ControlRequest::Kind::command
                       ? options.text.substr(1)
                       : options.text;
    if (request.text.size() > control_text_bytes_max) {
        fmt::print(stderr, "chat-server: the text is too long (at most {} bytes).\n",
                   control_text_bytes_max);
        return EX_DATAERR;
    }
    channel->send(encode(request));

    const Instant give_up_at = sys::monotonic_now() + answer_time_max;
    sys::PollSet poll;
    while (sys::monotonic_now() < give_up_at) {
        poll.clear();
        const auto socket = poll.add(channel->fd(), true);
        if (!poll.wait(give_up_at, sys::monotonic_now())) break;
        if (!poll.readable(socket)) continue;
        std::span<const std::byte> frame;
        const auto status = channel->receive(frame);
        if (status == sys::ReceiveStatus::closed) break;
        const auto reply =
            status == sys::ReceiveStatus::frame ? decode_control_reply(frame) : std::nullopt;
        if (!reply) continue;
        if (!reply->ok) {
            fmt::print(stderr, "chat-server: {}.\n", reply->text);
            return EX_DATAERR;
        }
        fmt::print("{}{}", reply->text, reply->last && !reply->text.empty() ? "\n" : "");
        if (reply->last) return 0;
    }
    fmt::print(stderr, "chat-server: the server did not answer. Is it stopped? Try again.\n");
    return EX_TEMPFAIL;
}

}  // namespace chat::server
