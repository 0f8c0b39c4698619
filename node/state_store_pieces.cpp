// What a snapshot is made of, from an engine.

#include <array>

#include "governors/governor_state.h"
#include "governors/image_bytes.h"
#include "node/state_store.h"

namespace flyball {

namespace {

void begin_piece(SnapshotPiece& piece) {
    std::array<char, sizeof(std::uint64_t)> through{};
    store_little_endian(through.data(), piece.through_record);
    piece.bytes.clear();
    piece.bytes.append({through.data(), through.size()});
}

}  // namespace

void StateStore::make_node_piece(const Engine& engine, const NodeChange& node,
                                 const std::vector<KeptEvent>& events, SnapshotPiece& piece) {
    begin_piece(piece);
    RecordWriter writer;
    const auto put = [&](const auto& change) {
        writer.add(change);
        append_record(piece.bytes, writer.finish());
    };
    engine.registry().each_any([&](const GovernorChange& standing, const Governor* governor) {
        if (governor == nullptr) {
            put(standing);
        }
    });
    for (const KeptEvent& event : events) {
        put(EventChange{.number = event.number, .topic = event.topic, .payload = event.payload});
    }
    engine.admit().each_change(put);
    put(node);  // the last word: whether anything came after it
}

void StateStore::make_governor_piece(const GovernorChange& standing, const Governor& governor,
                                     SnapshotPiece& piece) {
    begin_piece(piece);
    RecordWriter writer;
    writer.add(standing);
    append_record(piece.bytes, writer.finish());
    GovernorState::save(governor, piece.bytes);
    piece.raw_bytes = GovernorState::map_bytes(governor);
}

}  // namespace flyball
