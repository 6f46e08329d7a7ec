// SPDX-License-Identifier: MIT
// All rooms of the full screen, and the one that is shown. Where typed text goes is decided here,
// and so is what becomes of an event that is about no room: it is shown where the reader is. Their
// number and their memory are bounded: what is longest and not shown loses its oldest lines.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat-client/core/event.h"
#include "chat-client/core/user_input.h"
#include "chat-client/terminal/room_pane.h"
#include "chat-client/terminal/view.h"

namespace chat::terminal {

class RoomBook {
  public:
    static constexpr std::size_t rooms_max = 64;
    static constexpr std::size_t memory_max = 32U << 20U;

    // There is always a room: at first the one that was asked for.
    RoomBook(std::string_view landing, const TimeStyle& times, const Words& words = english);

    void show(const client::Event& event, WallTime now);
    void notice(LineKind kind, std::string text, WallTime now);
    // Says which room is meant where the user did not. False: nothing of it is for the server.
    bool take(client::UserInput& input, WallTime now);

    RoomPane& current() { return *panes_[current_]; }
    const RoomPane& current() const { return *panes_[current_]; }
    // Rooms are numbered from 1 as they came. False: there is none of that number.
    bool go_to(std::size_t number);
    void step(int rooms);
    // What of it the picture needs, with so many lines under way at most.
    void describe(Status& status, std::size_t pending_max) const;

    std::size_t size() const { return panes_.size(); }
    std::size_t memory() const;

  private:
    RoomPane* find(std::string_view room);
    RoomPane* pane_of(const client::Event& event);
    RoomPane& add(std::string_view room);
    void remove(const RoomPane& pane);
    void bound_memory();
    bool take_topic(const client::ShowTopic& input, WallTime now);
    bool take_join(const client::JoinRoom& input);

    TimeStyle times_;
    const Words& words_;
    std::vector<std::unique_ptr<RoomPane>> panes_;
    std::size_t current_ = 0;
    std::string name_;
    std::string awaited_;     // the room to go to when it is there
    std::uint64_t said_ = 0;  // ids of messages
};

}  // namespace chat::terminal
