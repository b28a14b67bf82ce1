#pragma once
// Which part of a thread's stack cannot have moved since it was last looked at, however deep it is.
//
// From 3.11 frames lie in pieces of memory (16 KiB, or more for a large frame) that the interpreter
// takes when the piece before is full, and gives back when its first frame returns:
//
//     piece P  [ F1 F2 F3 ... Fn ]      piece C  [ G1 G2 ... ]     newest frame
//
// While P stands, F1 has not returned. So whoever finds F1 in the stack need not look below it: its
// callers wait for it, where they were. An anchor is such a frame, with its position in the
// remembered chain. That a piece went is known because it goes through the interpreter's arena
// allocator, which is wrapped, and noted in piece_news. Newer interpreters keep one piece for
// later instead of giving it back; P can then go unseen, but not without C going before it. So an
// anchor wants both to stand, and the newest piece has none. A piece that did not come through the
// wrapper may go without it, too, so it makes no anchor.
//
// Frames of generators lie elsewhere; they are no anchors, but may stand above and below one. The
// counters are shared by pieces and threads: a change elsewhere costs a longer look, no more.
// Zeroed memory is valid and empty. Anchors: one thread, no locks. Hot path: no allocation, no
// throw.
#include <atomic>
#include <cstdint>

#include "frames.hpp"

namespace fil::python {

// What the arena allocator says of pieces, by a hash of their address.
struct piece_news {
    std::atomic<address> newest;       // that was taken of those that share this place
    std::atomic<std::uint32_t> freed;  // how many of them were freed
};
inline constexpr unsigned places_log2 = 13;  // 300,000 frames lie in some 2,000 pieces
inline constinit piece_news pieces_of_process[1u << places_log2] = {};

inline piece_news& news_of(address piece) {
    return pieces_of_process[piece * 0x9e3779b97f4a7c15u >> (64 - places_log2)];
}
// Any thread; the second before the piece is gone.
inline void note_new_piece(const void* piece) {
    const auto where = reinterpret_cast<address>(piece);
    news_of(where).newest.store(where, std::memory_order_relaxed);
}
inline void note_freed_piece(const void* piece) {
    news_of(reinterpret_cast<address>(piece)).freed.fetch_add(1, std::memory_order_relaxed);
}

class data_stack_anchors {
  public:
    // The highest position, at most `highest`, whose frame has not returned; 0: none is known.
    std::uint32_t position(std::uint32_t highest) {
        while (count_ != 0) {
            const anchor& newest = anchors_[count_ - 1];
            if (newest.position <= highest && newest.piece.stands() && newest.next.stands()) {
                return newest.position;
            }
            --count_;
        }
        return 0;
    }

    // The chain is proved to be the stack of now: adds what has become an anchor. Frames reads
    // pieces: newest_piece(), piece_below(piece), first_frame(piece). `find(frame)` is the position
    // of a frame in the chain, or 0.
    template <typename Frames, typename Find>
    void update(const Frames& frames, Find find) {
        const address piece = frames.newest_piece();
        if (piece == newest_.piece && newest_.stands()) return;
        newest_ = watch(piece);
        address above = piece, below = 0;
        for (std::uint32_t tries = 0; tries != 6; ++tries, above = below) {
            below = above != 0 ? frames.piece_below(above) : 0;
            if (below == 0 || frames.piece_below(below) == 0) return;  // of few frames
            if (is_known(below) && is_known(above)) return add(frames, below, above, find);
        }
    }

    void forget() {
        newest_ = {};
        count_ = 0;
    }

    std::uint32_t count() const { return count_; }

  private:
    struct watched {
        address piece;
        std::uint32_t freed;
        bool stands() const {
            return news_of(piece).freed.load(std::memory_order_relaxed) == freed;
        }
    };
    struct anchor {
        watched piece, next;
        std::uint32_t position;
    };
    template <typename Frames, typename Find>
    void add(const Frames& frames, address below, address above, Find find) {
        const std::uint32_t found = find(frames.first_frame(below));
        if (found == 0 || found <= position(UINT32_MAX)) return;
        if (count_ == most) {
            // Every second one goes: on the way back up each part of the stack still has one.
            count_ = most / 2;
            for (std::uint32_t i = 0; i != count_; ++i) anchors_[i] = anchors_[2 * i + 1];
        }
        anchors_[count_++] = {watch(below), watch(above), found};
    }
    static watched watch(address piece) {
        return {piece, news_of(piece).freed.load(std::memory_order_relaxed)};
    }
    static bool is_known(address piece) {
        return news_of(piece).newest.load(std::memory_order_relaxed) == piece;
    }
    static constexpr std::uint32_t most = 64;

    watched newest_;
    std::uint32_t count_;
    anchor anchors_[most];
};

}  // namespace fil::python
