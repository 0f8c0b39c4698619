#pragma once
// A record of the journal (docs/design/state.md): the changes of one decision as one msgpack array,
// each an array that begins with its kind. Written by whoever owns the engine, read by recovery and
// by the `state` verbs. What was asked is kept for replay, but for attributes: a compliance check
// leaves their hash only. Steady state allocates nothing.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "governors/change.h"
#include "schemas/byte_buffer.h"
#include "schemas/decode.h"
#include "schemas/writer.h"

namespace flyball {

// An event that waits for the broker, or has left.
struct EventChange {
    std::uint64_t number = 0;
    std::string_view topic{};  // empty: all up to `number` have left
    std::string_view payload{};
};

// The node's own.
struct NodeChange {
    std::uint64_t epoch = 0;            // starts from disk
    Instant at{};                       // governor time; the epoch: never believed
    std::uint64_t events_reserved = 0;  // no event number up to this is given again
    bool clean_end = false;             // nothing came after this record
    bool keeps_decisions = true;        // each of them leaves a record
    std::uint64_t admit_ids = 0;        // how many admit remembers; 0: not noted
    std::string announced{};            // a retained topic elsewhere, to be cleared some day
};

class RecordWriter {
public:
    void add(const Change& change);
    void add(const GovernorChange& change);
    void add(const EventChange& change);
    void add(const NodeChange& change);
    bool empty() const { return changes_ == 0; }
    // Ends the record: its bytes, valid until the next add().
    std::string_view finish();

private:
    void begin(std::uint8_t kind, std::uint32_t elements);
    void put_asked(const Command& asked);
    void put_id(const RememberedId& id, std::uint32_t tag);

    // Straight into the buffer: a general writer would cost a decision a tenth more.
    ByteBuffer bytes_;
    std::uint32_t changes_ = 0;
    Writer value_{Encoding::msgpack};  // of what was asked, where it has one
};

// Views are valid for the call.
class RecordVisitor {
public:
    virtual ~RecordVisitor() = default;
    // False: it cannot be used, and reading ends.
    virtual bool visit(const Change& change) = 0;
    virtual bool visit(const GovernorChange& change) = 0;
    virtual bool visit(const EventChange& change) = 0;
    virtual bool visit(const NodeChange& change) = 0;
};

class RecordReader {
public:
    RecordReader();
    // False: the bytes are no record that this release knows, or the visitor refused one.
    bool read(std::span<const std::byte> record, RecordVisitor& visitor);

private:
    Decoder decoder_;
};

}  // namespace flyball
