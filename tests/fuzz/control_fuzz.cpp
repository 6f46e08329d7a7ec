// SPDX-License-Identifier: MIT
// The frames that the programs' own processes send each other: whatever arrives is understood
// exactly or not at all.
#include <algorithm>
#include <vector>

#include "chat-client/core/server_event.h"
#include "chat-server/core/control_frame.h"
#include "tests/fuzz/fuzz.h"

namespace chat::fuzz {
namespace {

void check_server_frames(std::span<const std::byte> bytes) {
    if (const auto request = server::decode_control_request(bytes)) {
        require(request->text.size() <= server::control_text_bytes_max, "a request has bounds");
        require(std::ranges::equal(server::encode(*request), bytes), "a request goes round");
    }
    if (const auto reply = server::decode_control_reply(bytes)) {
        require(reply->text.size() <= server::control_text_bytes_max, "a reply has bounds");
        require(std::ranges::equal(server::encode(*reply), bytes), "a reply goes round");
    }
}

void check_event_frame(std::span<const std::byte> bytes) {
    const auto events = client::decode_event_frame(bytes);
    if (!events) return;
    client::EventFrame frame;
    bool fits = true;
    for (const auto& event : *events)
        fits = fits && frame.add(event) && event.text.size() <= client::EventFrame::bytes_max / 2;
    require(frame.bytes().size() <= client::EventFrame::bytes_max, "a frame has bounds");
    if (fits) require(std::ranges::equal(frame.bytes(), bytes), "a frame of events goes round");
}

// What a receiver process makes of a datagram arrives as it left.
void check_datagram(std::span<const std::byte> datagram) {
    const auto event = client::to_server_event(classic::decode_notice(datagram));
    client::EventFrame frame;
    require(frame.add(event), "an event fits into an empty frame");
    const auto events = client::decode_event_frame(frame.bytes());
    require(events && events->size() == 1, "one event arrives");
    require(events->front().kind == event.kind, "as what it is");
    require(event.name.starts_with(events->front().name), "with its name");
    require(event.text.starts_with(events->front().text), "with its text");
}

}  // namespace
}  // namespace chat::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto bytes = std::as_bytes(std::span(data, size));
    chat::fuzz::check_server_frames(bytes);
    chat::fuzz::check_event_frame(bytes);
    chat::fuzz::check_datagram(bytes);
    return 0;
}
