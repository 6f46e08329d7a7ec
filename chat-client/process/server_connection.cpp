// SPDX-License-Identifier: MIT
#include "chat-client/process/server_connection.h"

#include "chat-client/process/socket_sink.h"

namespace chat::client {
namespace {

constexpr Duration address_patience = milliseconds(1200);

}  // namespace

bool ServerConnection::open_socket() {
    for (std::size_t i = 0; i < addresses_.size(); ++i) {
        auto socket = sys::UdpSocket::connect(addresses_[address_]);
        if (socket) {
            socket_.emplace(std::move(*socket));
            return true;
        }
        error_ = socket.error().sentence();
        address_ = (address_ + 1) % addresses_.size();
    }
    return false;
}

ServerConnection::Start ServerConnection::start(Instant now) {
    if (!socket_ && !open_socket()) {
        receiver_.postpone(now);
        return Start::no_socket;
    }
    if (const auto started = receiver_.start(now, *socket_); !started) {
        error_ = started.error().sentence();
        return Start::no_process;
    }
    return Start::running;
}

std::optional<Instant> ServerConnection::next_address_due() const {
    if (addresses_.size() < 2 || receiver_.fd() < 0) return std::nullopt;
    return receiver_.started_at() + address_patience;
}

void ServerConnection::take_next_address() {
    address_ = (address_ + 1) % addresses_.size();
    receiver_.stop();
    socket_.reset();
}

bool ServerConnection::reconnect() {
    return socket_ && socket_->reconnect(addresses_[address_]);
}

void ServerConnection::transmit(Session& session, const Now& now) {
    // First: the answer to what is sent may need the key that the receiver is given here.
    receiver_.order(session.take_receiver_orders());
    if (mute()) return;
    SocketSink sink(*socket_);
    session.poll_transmit(now, sink);
    blocked_ = sink.blocked();
    // The error that belongs to both processes came up in this one.
    if (socket_->take_refused()) session.on_refused(now);
    if (session.take_wants_reconnect() && reconnect()) session.address_changed(now);
}

}  // namespace chat::client
