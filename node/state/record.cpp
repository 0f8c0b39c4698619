#include "node/state/record.h"

#include <algorithm>

#include "governors/image_bytes.h"
#include "schemas/expects.h"
#include "schemas/limits.h"
#include "schemas/msgpack_form.h"

namespace flyball {

namespace form = msgpack_form;

namespace {

// Kinds from here on are the node's; those below are Change::Kind. On disk: append only.
constexpr std::uint8_t governor_kind = 16;
constexpr std::uint8_t event_kind = 17;
constexpr std::uint8_t node_kind = 18;

// Of up to seven numbers, flags and headers in a row.
constexpr std::size_t numbers_bytes_max = 7 * 9;

// A record is one decision: 19 parts of an admit at most, each with two images of 16 KiB, or a
// governor's configuration of 4 MiB (Registry).
constexpr Limits record_limits{.payload_bytes = 16 * 1024 * 1024,
                               .nesting = 8,
                               .string_bytes = 8 * 1024 * 1024,
                               .map_keys = 64,
                               .entry_values = 32768,
                               .values = 32768,
                               .batch = 32768,
                               .inbox = 1};

// Not the rings' packing, which may change with them.
std::uint64_t bits_of(const Outcome& outcome) {
    return static_cast<std::uint64_t>(outcome.verdict) |
           (outcome.would_deny ? std::uint64_t{4} : 0) |
           static_cast<std::uint64_t>(outcome.reason) << 3U;
}

// Takes the elements of an array one after another; what does not fit spoils `good`.
class Elements {
public:
    explicit Elements(const Value& array)
        : left_(array.is(Kind::array) ? array.count : 0), next_(array.first_child()) {}

    const Value* take(Kind kind) {
        const Value* value = take();
        if (value != nullptr && !value->is(kind)) {
            good_ = false;
            return nullptr;
        }
        return value;
    }
    bool ended() const { return left_ == 0; }
    const Value* take() {
        if (left_ == 0) {
            good_ = false;
            return nullptr;
        }
        --left_;
        const Value* value = next_;
        next_ = value->next_sibling();
        return value;
    }
    std::string_view text() {
        const Value* value = take(Kind::text);
        return value != nullptr ? value->text() : std::string_view();
    }
    std::int64_t integer() {
        const Value* value = take(Kind::integer);
        return value != nullptr ? value->integer : 0;
    }
    std::uint64_t number() {
        const Value* value = take();
        if (value != nullptr && value->is(Kind::unsigned_integer)) {
            return value->unsigned_integer;
        }
        const bool fits = value != nullptr && value->is(Kind::integer) && value->integer >= 0;
        good_ = good_ && fits;
        return fits ? static_cast<std::uint64_t>(value->integer) : 0;
    }
    template <typename Enum>
    Enum one_of(Enum last) {
        const std::uint64_t number = this->number();
        good_ = good_ && number <= static_cast<std::uint64_t>(last);
        return good_ ? static_cast<Enum>(number) : Enum{};
    }
    bool flag() {
        const Value* value = take(Kind::boolean);
        return value != nullptr && value->boolean;
    }
    Instant instant() {
        const std::int64_t ms = integer();
        good_ = good_ && ms >= -stored_ms_max && ms <= stored_ms_max;
        return instant_from_ms(good_ ? ms : 0);
    }
    std::span<const std::byte> binary() {
        const Value* value = take(Kind::binary);
        return value == nullptr ? std::span<const std::byte>()
                                : std::as_bytes(std::span(value->bytes, value->count));
    }
    void fail() { good_ = false; }
    bool good() const { return good_; }

private:
    std::uint32_t left_;
    const Value* next_;
    bool good_ = true;
};

Outcome take_outcome(Elements& in) {
    const std::uint64_t bits = in.number();
    const std::uint64_t reason = bits >> 3U;
    if ((bits & 3U) > static_cast<std::uint64_t>(Verdict::error) || reason > 63) {
        in.fail();
        return {};
    }
    return {static_cast<Verdict>(bits & 3U), static_cast<Reason>(reason), (bits & 4U) != 0};
}

bool take_asked(const Value& from, Command& command) {
    Elements in(from);
    const std::uint64_t op = in.number();
    const std::uint64_t flags = in.number();
    command.op = static_cast<std::uint8_t>(op);
    command.look = (flags & 1U) != 0;
    command.flag = (flags & 2U) != 0;
    command.has_second = (flags & 4U) != 0;
    command.name = in.text();
    command.amount = in.integer();
    command.second = in.integer();
    if (const Value* value = in.take(); value != nullptr && !value->is(Kind::null)) {
        command.value = value;
    }
    return in.good() && op <= 0xFF;
}

bool take_id(const Value& from, RememberedId& id, std::uint32_t& tag) {
    Elements in(from);
    id.key = in.number();
    const std::uint64_t fingerprint = in.number();
    id.fingerprint = static_cast<std::uint32_t>(fingerprint);
    const std::uint64_t wide_tag = in.number();
    tag = static_cast<std::uint32_t>(wide_tag);
    if (const Value* granted = in.take(); granted != nullptr && !granted->is(Kind::null)) {
        if (granted->is(Kind::integer) && granted->integer >= 0) {
            id.granted = granted->integer;
        } else {
            in.fail();
        }
    }
    return in.good() && fingerprint <= 0xFFFFFFFF && wide_tag <= 0xFFFF;
}

bool visit_change(Change::Kind kind, Elements& in, RecordVisitor& visitor) {
    Change change{.kind = kind};
    Command command;
    RememberedId id;
    change.governor = in.text();
    change.policy_rev = in.text();
    change.tenant = in.text();
    change.enrolment = in.one_of(Change::Enrolment::by_admin);
    change.seq = in.number();
    change.at = in.instant();
    change.outcome = take_outcome(in);
    change.amount = in.integer();
    change.in_history = in.flag();
    change.image = in.binary();
    if (const Value* asked = in.take(); asked != nullptr && !asked->is(Kind::null)) {
        if (!take_asked(*asked, command)) {
            return false;
        }
        change.asked = &command;
    }
    if (const Value* kept = in.take(); kept != nullptr && !kept->is(Kind::null)) {
        if (!take_id(*kept, id, change.id_tag)) {
            return false;
        }
        id.seq = change.seq;
        id.at = change.at;
        id.outcome = change.outcome;
        change.id = &id;
    }
    return in.good() && change.seq <= stored_seq_max && visitor.visit(change);
}

// Known before anything of a record is applied: half of a decision is none.
bool all_kinds_known(const Value& record) {
    const Value* change = record.first_child();
    for (std::uint32_t at = 0; at < record.count; ++at, change = change->next_sibling()) {
        Elements in(*change);
        const std::uint64_t kind = in.number();
        const bool of_governor =
            kind >= 1 && kind <= static_cast<std::uint64_t>(Change::Kind::reserved);
        if (!in.good() || !(of_governor || (kind >= governor_kind && kind <= node_kind))) {
            return false;
        }
    }
    return true;
}

bool visit_one(const Value& from, RecordVisitor& visitor) {
    Elements in(from);
    const std::uint64_t kind = in.number();
    if (!in.good()) {
        return false;
    }
    if (kind >= 1 && kind <= static_cast<std::uint64_t>(Change::Kind::reserved)) {
        return visit_change(static_cast<Change::Kind>(kind), in, visitor);
    }
    switch (kind) {
        case governor_kind: {
            GovernorChange change;
            change.title = in.text();
            change.standing = in.one_of(GovernorChange::Standing::purged);
            change.named_by_file = in.flag();
            change.policy_rev = in.text();
            change.config = in.text();
            // Journals of before it was noted lack it.
            change.at = in.ended() ? Instant{} : in.instant();
            return in.good() && visitor.visit(change);
        }
        case event_kind: {
            EventChange change;
            change.number = in.number();
            change.topic = in.text();
            change.payload = in.text();
            return in.good() && visitor.visit(change);
        }
        case node_kind: {
            NodeChange change;
            change.epoch = in.number();
            change.at = in.instant();
            change.events_reserved = in.number();
            change.clean_end = in.flag();
            // Those of before it was noted may have been without.
            change.keeps_decisions = !in.ended() && in.flag();
            change.admit_ids = in.ended() ? 0 : in.number();
            change.announced = in.ended() ? std::string_view() : in.text();
            return in.good() && visitor.visit(change);
        }
        default: return false;
    }
}

}  // namespace

void RecordWriter::begin(std::uint8_t kind, std::uint32_t elements) {
    if (changes_++ == 0) {
        bytes_.clear();
        bytes_.push_back(form::fix_container(false, 1));  // finish() says how many there are
    }
    bytes_.push_back(form::fix_container(false, elements));
    form::append_unsigned(bytes_, kind);
}

// Room is made once for all that has a bound: every decision comes by here.
void RecordWriter::add(const Change& change) {
    begin(static_cast<std::uint8_t>(change.kind), 13);
    char* to = bytes_.room(form::room_for(change.governor) + form::room_for(change.policy_rev) +
                           form::room_for(change.tenant) + numbers_bytes_max);
    to = form::put(to, change.governor);
    to = form::put(to, change.policy_rev);
    to = form::put(to, change.tenant);
    to = form::put(to, static_cast<std::uint64_t>(change.enrolment));
    to = form::put(to, change.seq);
    to = form::put(to, to_ms(change.at));
    to = form::put(to, bits_of(change.outcome));
    to = form::put(to, change.amount);
    bytes_.taken_to(form::put(to, change.in_history));
    Value image;
    image.kind = Kind::binary;
    image.count = static_cast<std::uint32_t>(change.image.size());
    image.bytes = reinterpret_cast<const char*>(change.image.data());
    form::append_bytes(bytes_, image);
    if (change.asked != nullptr) {
        put_asked(*change.asked);
    } else {
        bytes_.push_back(form::nil);
    }
    if (change.id != nullptr) {
        put_id(*change.id, change.id_tag);
    } else {
        bytes_.push_back(form::nil);
    }
}

void RecordWriter::put_asked(const Command& asked) {
    char* to = bytes_.room(form::room_for(asked.name) + numbers_bytes_max);
    *to++ = form::fix_container(false, 6);
    to = form::put(to, std::uint64_t{asked.op});
    to = form::put(to, std::uint64_t{(asked.look ? 1U : 0U) | (asked.flag ? 2U : 0U) |
                                     (asked.has_second ? 4U : 0U)});
    to = form::put(to, asked.name);
    to = form::put(to, asked.amount);
    bytes_.taken_to(form::put(to, asked.second));
    if (asked.value == nullptr || asked.value->is(Kind::map)) {
        bytes_.push_back(form::nil);
        return;
    }
    value_.restart(Encoding::msgpack);
    value_.value(*asked.value);
    bytes_.append(value_.bytes());
}

void RecordWriter::put_id(const RememberedId& id, std::uint32_t tag) {
    char* to = bytes_.room(numbers_bytes_max);
    *to++ = form::fix_container(false, 4);
    to = form::put(to, id.key);
    to = form::put(to, std::uint64_t{id.fingerprint});
    to = form::put(to, std::uint64_t{tag});
    if (id.granted) {
        to = form::put(to, *id.granted);
    } else {
        *to++ = form::nil;
    }
    bytes_.taken_to(to);
}

void RecordWriter::add(const GovernorChange& change) {
    begin(governor_kind, 7);
    form::append_text(bytes_, change.title);
    form::append_unsigned(bytes_, static_cast<std::uint64_t>(change.standing));
    bytes_.push_back(form::boolean(change.named_by_file));
    form::append_text(bytes_, change.policy_rev);
    form::append_text(bytes_, change.config);
    form::append_integer(bytes_, to_ms(change.at));
}

void RecordWriter::add(const EventChange& change) {
    begin(event_kind, 4);
    form::append_unsigned(bytes_, change.number);
    form::append_text(bytes_, change.topic);
    form::append_text(bytes_, change.payload);
}

void RecordWriter::add(const NodeChange& change) {
    begin(node_kind, change.announced.empty() ? 7 : 8);
    form::append_unsigned(bytes_, change.epoch);
    form::append_integer(bytes_, to_ms(change.at));
    form::append_unsigned(bytes_, change.events_reserved);
    bytes_.push_back(form::boolean(change.clean_end));
    bytes_.push_back(form::boolean(change.keeps_decisions));
    form::append_unsigned(bytes_, change.admit_ids);
    if (!change.announced.empty()) {
        form::append_text(bytes_, change.announced);
    }
}

std::string_view RecordWriter::finish() {
    expects(changes_ > 0, "a record has a change");
    if (changes_ > 1) {
        const form::Header header = form::container(false, changes_);
        bytes_.open_gap(1, header.size - 1);
        std::copy_n(header.bytes, header.size, &bytes_[0]);
    }
    changes_ = 0;
    return bytes_.bytes();
}

RecordReader::RecordReader() : decoder_(record_limits) {}

bool RecordReader::read(std::span<const std::byte> record, RecordVisitor& visitor) {
    const Payload payload =
        decoder_.decode({reinterpret_cast<const char*>(record.data()), record.size()});
    if (!payload.good() || !payload.root->is(Kind::array) ||
        payload.encoding != Encoding::msgpack || !all_kinds_known(*payload.root)) {
        return false;
    }
    const Value* change = payload.root->first_child();
    for (std::uint32_t at = 0; at < payload.root->count; ++at, change = change->next_sibling()) {
        if (!visit_one(*change, visitor)) {
            return false;
        }
    }
    return true;
}

}  // namespace flyball
