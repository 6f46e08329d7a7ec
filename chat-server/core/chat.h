// SPDX-License-Identifier: MIT
// Who is here and what happens in the rooms: coming, going, joining, parting, saying, announcing,
// as entries of logs. An act counts when it has been committed, not before: only then do the
// protocols in front of it hear of it (take_outcomes), is a newcomer told that he is in, delivered
// to the others, and is a classic name free again. It does not know how a request was worded or an
// entry is sent.
//
// A person (people.h) has seats in rooms until he parts; while one of his programs is here he is a
// member (roster.h), present in each of his rooms: presence is what join and leave entries are of.
// A classic member has no seat: he is in the lobby, with a cursor, while he is here.
#pragma once

#include <cstdint>
#include <deque>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "chat-server/core/counters.h"
#include "chat-server/core/limits.h"
#include "chat-server/core/log.h"
#include "chat-server/core/people.h"
#include "chat-server/core/room.h"
#include "chat-server/core/roster.h"
#include "proto/wire/frame.h"

namespace chat::server {

inline constexpr MemberIndex no_member = UINT32_MAX;

// For the operator's journal.
struct Event {
    enum class Kind : std::uint8_t { joined, left, announced, cannot_store, can_store_again };
    Kind kind = Kind::joined;
    std::string name;
    Endpoint peer;
    LeaveReason reason = LeaveReason::quit;  // of left
    std::string room;                        // of joined; of left when he only parted
};

// Something of a member is in the log now.
struct Outcome {
    enum class Kind : std::uint8_t {
        joined,  // he is in the room; his first entry is `seq` (of a conversation 1)
        parted,  // he has no seat there any more
        stored,  // his message or topic
        left,    // the visit is over, in every room
    };
    Kind kind = Kind::stored;
    MemberIndex member = 0;
    RoomId room = 0;  // 0 of left
    Seq seq = 0;
    Origin origin;            // of the entry
    bool first_time = false;  // of joined: he had no seat there
};

// How many of the others have seen a message, now that it is another number than was said before.
struct Receipt {
    MemberIndex author = 0;
    RoomId room = 0;
    frame::SeenCount count;
};

enum class JoinError : std::uint8_t { name_taken, full, cannot_store };
enum class RoomError : std::uint8_t { unusable_name, nobody, too_many, too_fast, cannot_store };
// joining: Outcome joined follows.
enum class JoinProgress : std::uint8_t { is_in, joining };

class Chat {
  public:
    explicit Chat(std::uint64_t hash_seed, std::size_t members_max = members_max_default);

    // Who is here already stays.
    void set_members_max(std::size_t members) { members_max_ = members; }

    static constexpr RoomId lobby_id = 1;
    static constexpr std::string_view lobby_name = "lobby";

    const Roster& roster() const { return roster_; }
    const People& people() const { return people_; }
    People& people() { return people_; }
    Counters& counters() { return counters_; }
    const Counters& counters() const { return counters_; }

    // --- rooms

    // Ids are 1 to rooms(). A room that was just made is there, though not yet stored.
    std::size_t rooms() const { return rooms_.size(); }
    bool has_room(RoomId id) const { return id != 0 && id <= rooms_.size(); }
    Room& room(RoomId id) { return *rooms_[id - 1].room; }
    const Room& room(RoomId id) const { return *rooms_[id - 1].room; }
    Room& lobby() { return room(lobby_id); }
    const Room& lobby() const { return room(lobby_id); }

    // The named room, made if need be, for this member (his rate counts).
    std::expected<RoomId, RoomError> open_named(const Now& now, MemberIndex member,
                                                std::string_view name);
    // His conversation with the owner of that name. Both have seats in it once it is stored; it has
    // no join entries.
    std::expected<RoomId, RoomError> open_conversation(const Now& now, MemberIndex member,
                                                       std::string_view with);
    // In the folded form's byte order, named rooms only: visit(id) until it returns false.
    template <class Visit>
    void for_each_named_after(const std::string& name_key, Visit visit) const {
        for (auto i = by_name_.upper_bound(name_key); i != by_name_.end(); ++i) {
            if (!visit(i->second)) return;
        }
    }

    // --- coming and going

    // Whether somebody without a key may join the lobby under this name, which must have passed
    // check_name. A name that a person owns is his alone.
    std::expected<void, JoinError> may_join(std::string_view name,
                                            const std::string& name_key) const;
    // Only after may_join. Outcome `joined` follows.
    MemberIndex join_classic(const Now& now, const Path& path, std::string_view name,
                             std::string name_key);

    // Whether there is room for one more person and the log takes him; he is not here yet. He owns
    // his name: for one that nobody owns yet ask may_join before it is claimed.
    std::expected<void, JoinError> may_enter(PersonId person) const;
    std::optional<MemberIndex> find(PersonId person) const;
    // He comes, present nowhere yet; only if find() says nothing. Who is leaving under that name
    // loses it to him (forget_name).
    MemberIndex enter(const Now& now, const Path& path, PersonId person);
    // He becomes present in a room in which he may be: with a seat if he had none. In a
    // conversation he only has a seat, which was made with it.
    JoinProgress join(const Now& now, MemberIndex member, RoomId room);
    // Out of a named room, for good: leave entry, no seat. Outcome `parted` follows.
    void part(const Now& now, MemberIndex member, RoomId room);
    // Another start of a program of his is here, to be stored before it says anything.
    void begin_epoch(const Now& now, const PublicKey& key, std::uint64_t client_epoch);
    // The visit ends: a leave entry in every named room in which he is present; seats stay. Outcome
    // `left` follows once, for the first reason given.
    void leave(const Now& now, MemberIndex member, LeaveReason reason);
    // He left and there is nobody to tell any more: his place and name are free.
    void remove(MemberIndex member);

    // The rooms in which this person has a seat, by id. A seat is what is committed: rooms that he
    // is joining come with Outcome joined.
    std::vector<RoomId> rooms_of(PersonId person) const;
    // His seat, if the room has one for him. Valid until the room's seats change.
    Seat* find_seat(RoomId room, PersonId person);
    const Seat* find_seat(RoomId room, PersonId person) const;
    // Everything before `next` has arrived at one of his programs. Only ever forwards. `seat`:
    // where his seat probably is; set to where it is.
    void arrived(PersonId person, RoomId room, Seq next, SeatIndex& seat);
    void arrived(PersonId person, RoomId room, Seq next) {
        SeatIndex anywhere = 0;
        arrived(person, room, next, anywhere);
    }

    // --- saying

    // `text` must be clean, and a topic's at most 255 bytes without a line feed. He must be in the
    // room. Outcome `stored` follows.
    void say(const Now& now, MemberIndex author, RoomId room, frame::MsgKind kind, std::string text,
             std::uint64_t client_epoch = 0, std::uint64_t msg_id = 0);
    // By the administrator. `kind`: announcement or pinned.
    void announce(const Now& now, RoomId room, EntryKind kind, std::string text);
    // In the lobby, and for members who are not there as an announcement in a room in which they
    // are.
    void announce_to_all(const Now& now, EntryKind kind, const std::string& text);
    // The last of the administrator's, the oldest first.
    struct Announced {
        RoomId room = 0;
        Seq seq = 0;
        std::string text;
    };
    const std::deque<Announced>& announced() const { return announced_; }

    // --- members' records

    // He spoke, so he is there.
    void heard_from(Instant now, MemberIndex member);
    void forget_endpoint(MemberIndex index) { roster_.forget_endpoint(index); }
    // He is leaving, and whoever takes his place is himself.
    void forget_name(MemberIndex index) { roster_.forget_name(index); }
    // A member of the secure protocol goes on from another place, or with another program.
    void moved(MemberIndex index, const Path& path) { roster_[index].path = path; }
    Member& member(MemberIndex index) { return roster_[index]; }

    // --- who has seen what

    // Figures that have changed, of authors who are here; at most once a second per room, and what
    // it costs is linear in the seats of rooms in which somebody moved. `next_receipts` is when to
    // ask again, nothing while nothing has changed.
    std::vector<Receipt> take_receipts(Instant now);
    std::optional<Instant> next_receipts() const { return next_receipts_; }
    // The figures as they are now of the last messages of this person in a room, ascending: for a
    // program of his that has just come.
    std::vector<frame::SeenCount> receipts_of(PersonId author, RoomId room);
    // Of one entry (an announcement, say): who has a cursor behind it, of all seats.
    frame::SeenCount seen(RoomId room, Seq seq) const;

    // --- the log's side; see Server

    // What was stored earlier. Whoever was present then is a member again, without a program: the
    // members are returned, for the secure service to give them time to come back.
    std::vector<MemberIndex> restore(const Now& now, const Stored& stored);
    // What is to be stored; valid until on_committed. Nothing while that is under way, or if there
    // is nothing. Seats' changes alone are offered at most once a second. May be empty() for an act
    // that needs no storing and has its turn behind those that do: to be committed all the same.
    const Changes* take_changes(Instant now);
    void on_committed(std::span<const Seq> seqs);
    // The same changes are offered again after `again_at`. Until then nobody new comes in and
    // nothing is said: may_join, may_enter, open_* (but of a room that is his) say cannot_store,
    // and callers of say ask first.
    void on_commit_failed(Instant again_at);
    bool can_store() const { return !failed_; }
    // Something has come that take_changes would give, whatever the time.
    bool has_changes() const { return !waiting_.acts.empty() || !waiting_.changes.empty(); }
    // Somebody asked about what may be among that: his answer comes behind it, so whoever gathers
    // changes for a while does not.
    void hurry() { hurried_ = has_changes(); }
    bool hurried() const { return hurried_; }
    // When take_changes has something by time alone, if it has nothing yet.
    std::optional<Instant> next_changes() const;
    void trimmed(RoomId room, Seq first_kept);
    // What the calls of on_committed since the last time brought, in the log's order.
    std::vector<Outcome> take_outcomes() { return std::exchange(outcomes_, {}); }
    // No entry waits for the log.
    bool is_committed() const;
    // What has happened so far, as a count of acts, and how much of it the log has: what must not
    // be told before something else waits until `settled` has reached what `begun` was.
    std::uint64_t begun() const { return settled_ + in_log_.acts.size() + waiting_.acts.size(); }
    std::uint64_t settled() const { return settled_; }

    // Rooms with entries that came since the last time, each once.
    std::vector<RoomId> take_news();

    // A page of any room's log. Only so many rooms keep pages at a time.
    std::vector<Room::Missed> add_page(const Page& page);

    std::vector<Event> take_events() { return std::exchange(events_, {}); }

  private:
    // What changes with a commit, in the log's order. Those with an entry have one each of the
    // batch's appends.
    struct Act {
        enum class Kind : std::uint8_t {
            entry,
            parting,       // without an entry, because he was not present
            conversation,  // `member` is not used
            visit_over,
        };
        Kind kind = Kind::entry;
        EntryKind entry = EntryKind::message;
        bool parts = false;  // with this leave his seat is gone
        MemberIndex member = no_member;
        RoomId room = 0;
        PersonId person = 0;
    };
    struct Batch {
        Changes changes;
        std::vector<Act> acts;
    };
    // How a place in a room will be once everything that waits is committed.
    struct Plan {
        bool member = false;
        bool present = false;
        unsigned waiting = 0;  // acts about it
    };
    struct Place {
        RoomId room = 0;
        SeatIndex seat = 0;
    };
    // What is kept of a person beside his name.
    struct PersonRecord {
        std::vector<Place> places;  // by room
        TokenBucket new_rooms;
    };
    struct RoomRecord {
        std::unique_ptr<Room> room;
        bool has_news = false;
        bool figures_moved = false;
    };
    using SeatKey = std::pair<PersonId, RoomId>;

    PersonRecord& record(PersonId person);
    const Place* find_place(RoomId room, PersonId person) const;
    Plan planned(RoomId room, PersonId person) const;
    Plan& plan(RoomId room, PersonId person);
    std::vector<RoomId> planned_rooms(PersonId person) const;
    bool has_too_many(PersonId person, RoomKind kind) const;
    std::expected<void, RoomError> may_make_room(const Now& now, PersonId person);
    Room& make_room(const NewRoom& room, std::string name_key);

    void append(const Now& now, Act act, std::string text, const Origin& origin = {});

    // What an act makes of the seat it is about; `seq` is its entry's, if it has one.
    static void move(SeatChange& seat, const Act& act, Seq seq);
    static bool concerns_seat(const Act& act);
    SeatChange seat_now(RoomId room, PersonId person) const;
    // The seats that the batch moves, as they will be behind it.
    std::map<SeatKey, SeatChange> moved_seats() const;
    void plan_seats(Instant now);
    void commit(const Act& act, Seq seq, const Entry& entry);
    void commit_join(const Act& act, Seq seq, const Entry& entry);
    void commit_leave(const Act& act, Seq seq, const Entry& entry);
    // Returns whether there was none before.
    bool commit_seat(const Act& act, Seq seq);
    void add_seat(const SeatChange& seat);
    void remove_seat(RoomId room, PersonId person);
    void came_in(MemberIndex member);
    void figures_moved(RoomId room);
    // `behind`: cursors behind the message, the author's included.
    frame::SeenCount figures(const Room& room, const Spoken& spoken, std::uint32_t behind) const;

    std::size_t members_max_;
    Roster roster_;
    People people_;
    std::vector<PersonRecord> records_;
    std::vector<RoomRecord> rooms_;
    std::map<std::string, RoomId> by_name_;
    std::map<std::pair<PersonId, PersonId>, RoomId> conversations_;
    Counters counters_;

    std::map<SeatKey, Plan> plans_;  // of places that something waiting is about
    Batch waiting_;
    Batch in_log_;  // handed out; nothing moves until it is committed
    std::uint64_t settled_ = 0;
    bool hurried_ = false;
    bool under_way_ = false;
    bool failed_ = false;
    Instant again_at_{INT64_MIN / 2};
    std::vector<SeatKey> changed_;     // seats whose `next` has moved
    Instant seats_at_{INT64_MIN / 2};  // when these may be stored by themselves

    std::vector<Outcome> outcomes_;
    std::vector<RoomId> news_;
    std::vector<Event> events_;
    std::deque<Announced> announced_;
    std::deque<RoomId> paged_;  // rooms with pages, the last used at the end

    std::vector<RoomId> figures_moved_;
    Instant receipts_at_{INT64_MIN / 2};  // no figures before
    std::optional<Instant> next_receipts_;
    bool gathering_ = false;  // a little longer, for figures that move together
};

// Whether he has left but for the formalities.
inline bool is_going(const Member& member) {
    return member.state == MemberState::leaving || member.state == MemberState::vanished;
}

}  // namespace chat::server
