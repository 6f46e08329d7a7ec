// SPDX-License-Identifier: MIT
// When each of many has to be looked at again: a binary heap with at most one entry per number. A
// deadline that moves later is not touched; its owner is called too early, finds nothing to do and
// arms it anew. So what is delivered a thousand times a second costs one look per armed interval.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "proto/wire/time.h"

namespace chat::server {

class Deadlines {
  public:
    // Makes sure that `id` comes out no later than `at`.
    void arm(std::uint32_t id, Instant at) {
        if (id >= places_.size()) places_.resize(id + 1, absent);
        std::size_t place = places_[id];
        if (place == absent) {
            place = heap_.size();
            heap_.push_back({at, id});
            places_[id] = place;
        } else if (at < heap_[place].at) {
            heap_[place].at = at;
        } else {
            return;
        }
        sift_up(place);
    }

    void disarm(std::uint32_t id) {
        if (id >= places_.size() || places_[id] == absent) return;
        const std::size_t place = places_[id];
        places_[id] = absent;
        const Item last = heap_.back();
        heap_.pop_back();
        if (place == heap_.size()) return;
        heap_[place] = last;
        places_[last.id] = place;
        sift_up(place);
        sift_down(places_[last.id]);
    }

    std::optional<Instant> next() const {
        if (heap_.empty()) return std::nullopt;
        return heap_.front().at;
    }

    // One whose time has come, disarmed.
    std::optional<std::uint32_t> pop_due(Instant now) {
        if (heap_.empty() || heap_.front().at > now) return std::nullopt;
        const std::uint32_t id = heap_.front().id;
        disarm(id);
        return id;
    }

  private:
    struct Item {
        Instant at;
        std::uint32_t id = 0;
    };
    static constexpr std::size_t absent = SIZE_MAX;

    void exchange(std::size_t a, std::size_t b) {
        std::swap(heap_[a], heap_[b]);
        places_[heap_[a].id] = a;
        places_[heap_[b].id] = b;
    }
    void sift_up(std::size_t place) {
        while (place > 0 && heap_[place].at < heap_[(place - 1) / 2].at) {
            exchange(place, (place - 1) / 2);
            place = (place - 1) / 2;
        }
    }
    void sift_down(std::size_t place) {
        for (;;) {
            std::size_t least = place;
            for (const std::size_t child : {2 * place + 1, 2 * place + 2}) {
                if (child < heap_.size() && heap_[child].at < heap_[least].at) least = child;
            }
            if (least == place) return;
            exchange(place, least);
            place = least;
        }
    }

    std::vector<Item> heap_;
    std::vector<std::size_t> places_;  // where each id stands in heap_
};

}  // namespace chat::server
