// SPDX-License-Identifier: MIT
// Which key a session number belongs to: asked for with every datagram that comes, so it is one
// look into a table of eight bytes a place, mostly in the first place looked at. Open addressing
// with linear probing, at most half full; what is erased leaves no mark. The numbers are ours and
// random, so nobody can choose them to collide. Number 0 is never anybody's.
#pragma once

#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace chat::server {

class SidTable {
  public:
    std::size_t size() const { return size_; }

    std::optional<std::uint32_t> find(std::uint32_t sid) const {
        const Place& place = places_[place_of(sid)];
        if (sid == 0 || place.sid != sid) return std::nullopt;
        return place.index;
    }

    // It may not be there already.
    void add(std::uint32_t sid, std::uint32_t index) {
        assert(sid != 0 && !find(sid));
        if (2 * ++size_ > places_.size()) grow();
        places_[place_of(sid)] = {sid, index};
    }

    void remove(std::uint32_t sid) {
        assert(find(sid));
        std::size_t hole = place_of(sid);
        places_[hole] = {};
        --size_;
        // Whoever stands behind the hole and was pushed past it moves up.
        for (std::size_t i = next(hole); places_[i].sid != 0; i = next(i)) {
            const Place moved = places_[i];
            if (((i - home(moved.sid)) & mask()) < ((i - hole) & mask())) continue;
            places_[hole] = moved;
            places_[i] = {};
            hole = i;
        }
    }

  private:
    struct Place {
        std::uint32_t sid = 0;  // 0: free
        std::uint32_t index = 0;
    };
    static constexpr std::size_t places_first = 16;

    std::size_t mask() const { return places_.size() - 1; }
    std::size_t next(std::size_t place) const { return (place + 1) & mask(); }
    // The low bits are the same for all numbers of one start of the server.
    std::size_t home(std::uint32_t sid) const {
        return static_cast<std::uint32_t>(sid * 2'654'435'769U) >>
               (32 - std::countr_zero(places_.size()));
    }
    // Where it stands, or would.
    std::size_t place_of(std::uint32_t sid) const {
        std::size_t place = home(sid);
        while (places_[place].sid != 0 && places_[place].sid != sid)
            place = next(place);
        return place;
    }
    void grow() {
        const std::vector<Place> before =
            std::exchange(places_, std::vector<Place>(2 * places_.size()));
        for (const Place& place : before) {
            if (place.sid != 0) places_[place_of(place.sid)] = place;
        }
    }

    std::vector<Place> places_ = std::vector<Place>(places_first);
    std::size_t size_ = 0;
};

}  // namespace chat::server
