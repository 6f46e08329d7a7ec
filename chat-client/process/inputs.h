// SPDX-License-Identifier: MIT
// What the user wants, on its way from the front end to the session. It goes in order, and waits
// where the session cannot take it yet: before the first connection, while the outbox is full,
// while the room that it is meant for is still being joined. In a pipe leaving waits for the
// answers to what was asked before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "chat-client/core/session.h"
#include "chat-client/core/user_input.h"
#include "chat-client/process/front_end.h"

namespace chat::client {

class Inputs {
  public:
    // Inputs that wait. Beyond that a pipe is not read, and a person is told.
    static constexpr std::size_t waiting_max = 64;

    // `watched`: a person at a full screen, who is never made to wait for leaving.
    Inputs(Session& session, FrontEnd& front_end, bool watched, std::function<void()> suspend);

    // Takes what the front end has, and acts on what can be acted on.
    void act(const Now& now);
    void on_event(const Event& event);

    bool full() const { return waiting_.size() >= waiting_max; }
    std::size_t waiting() const { return waiting_.size(); }
    // A name was given since it was asked for.
    bool take_name_given() { return std::exchange(name_given_, false); }

  private:
    enum class Question : std::uint8_t { join, part, rooms, members, history, search };

    bool accepts(const UserInput& input) const;
    void act_on(const UserInput& input, const Now& now);
    void on(const Say& say, const Now& now);
    void on(const JoinRoom& join, const Now& now);
    void on(const PartRoom& part, const Now& now);
    void on(const ListRooms&, const Now& now);
    void on(const ListMembers& list, const Now& now);
    void on(const SetTopic& topic, const Now& now);
    void on(const ShowTopic& topic, const Now& now);
    void on(const WantHistory& wanted, const Now& now);
    void on(const SearchFor& search, const Now& now);
    void on(const NameGiven& given, const Now& now);
    void on(const TrustDecided& decided, const Now& now);
    void on(const Refused& refused, const Now& now);
    void on(const Quit&, const Now& now);
    void on(const QuitAtOnce&, const Now& now);
    void on(const Suspend&, const Now& now);
    void on(const Help&, const Now& now);

    void refuse(ErrorCode code, std::string sentence, const Say& say, const Now& now);
    void ask(Question question, std::string_view room);
    bool is_asked(Question question, std::string_view room) const;
    void answered(Question question, std::string_view room);
    // As the server spells it, if it is one of ours.
    std::string known(const std::string& room) const;

    Session& session_;
    FrontEnd& front_end_;
    bool watched_;
    std::function<void()> suspend_;
    std::deque<UserInput> waiting_;
    std::map<std::string, std::string> rooms_;             // ours: key, name
    std::vector<std::pair<Question, std::string>> asked_;  // key of the room; not answered yet
    bool was_online_ = false;
    bool name_given_ = false;
};

}  // namespace chat::client
