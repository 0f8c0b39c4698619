#include "governors/compliance_image.h"

#include <algorithm>
#include <cstring>

#include "schemas/byte_order.h"
#include "schemas/expects.h"

namespace flyball {

namespace {

constexpr std::uint8_t version = 1;
constexpr std::uint8_t has_salt = 0x80;  // in the byte of the standing

// Governor time is a date of the calendar: years 0 to 9999, far from overflow.
constexpr std::int64_t earliest_ms = -62'167'219'200'000;
constexpr std::int64_t latest_ms = 253'402'300'799'999;

template <typename Number>
void put(ByteBuffer& out, Number number) {
    store_little_endian(out.room(sizeof(number)), number);
    out.taken(sizeof(number));
}

void put_bytes(ByteBuffer& out, std::span<const std::byte> bytes) {
    out.append({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

struct Reader {
    std::span<const std::byte> from;
    bool good = true;

    std::span<const std::byte> take_bytes(std::size_t bytes) {
        good = good && from.size() >= bytes;
        if (!good) {
            return {};
        }
        const auto taken = from.first(bytes);
        from = from.subspan(bytes);
        return taken;
    }
    template <typename Number>
    Number take() {
        const auto bytes = take_bytes(sizeof(Number));
        return good ? load_little_endian<Number>(bytes.data()) : Number{0};
    }
    template <std::size_t n>
    std::array<std::byte, n> take_array() {
        std::array<std::byte, n> array{};
        const auto bytes = take_bytes(n);
        if (good) {
            std::memcpy(array.data(), bytes.data(), n);  // std::copy() takes them one by one
        }
        return array;
    }
};

void put_state(ByteBuffer& out, const ComplianceState& state) {
    expects(state.strikes.count <= strikes_max, "strikes are bounded");
    put(out, static_cast<std::uint8_t>(static_cast<unsigned>(state.standing) |
                                       (state.salt ? has_salt : 0U)));
    if (state.salt) {
        put_bytes(out, *state.salt);
    }
    put(out, state.checks);
    put(out, state.denied);
    put(out, state.warned);
    put(out, static_cast<std::uint8_t>(state.strikes.count));
    for (const Instant strike : state.all_strikes()) {
        put(out, static_cast<std::uint64_t>(to_ms(strike)));
    }
}

void take_state(Reader& in, ComplianceState& state) {
    const auto flags = in.take<std::uint8_t>();
    const unsigned standing = flags & ~unsigned{has_salt};
    in.good = in.good && standing <= static_cast<unsigned>(ComplianceStanding::remediation);
    state.standing = static_cast<ComplianceStanding>(in.good ? standing : 0);
    if ((flags & has_salt) != 0) {
        state.salt = in.take_array<sizeof(Salt)>();
    }
    state.checks = in.take<std::uint64_t>();
    state.denied = in.take<std::uint64_t>();
    state.warned = in.take<std::uint64_t>();
    const std::size_t count = in.take<std::uint8_t>();
    in.good = in.good && count <= strikes_max;
    std::int64_t last = earliest_ms;
    for (std::size_t at = 0; in.good && at < count; ++at) {
        const auto ms = static_cast<std::int64_t>(in.take<std::uint64_t>());
        in.good = in.good && ms >= last && ms <= latest_ms;
        state.strikes.at[state.strikes.count++] = instant_from_ms(ms);
        last = ms;
    }
}

}  // namespace

std::string_view to_text(ComplianceStanding standing) {
    switch (standing) {
        case ComplianceStanding::compliant: return "compliant";
        case ComplianceStanding::non_compliant: return "non_compliant";
        case ComplianceStanding::remediation: return "remediation";
    }
    return "";
}

bool ComplianceState::operator==(const ComplianceState& other) const {
    return salt == other.salt && standing == other.standing && checks == other.checks &&
           denied == other.denied && warned == other.warned &&
           std::ranges::equal(all_strikes(), other.all_strikes());
}

namespace {

void begin(ByteBuffer& out, ComplianceImage::Kind kind) {
    out.clear();
    put(out, version);
    put(out, static_cast<std::uint8_t>(kind));
}

}  // namespace

void encode_tenant(const ComplianceState& state, ByteBuffer& out) {
    begin(out, ComplianceImage::Kind::tenant);
    put_state(out, state);
}

void encode_record(const ComplianceState& state, const Sha256& hash, std::string_view record,
                   ByteBuffer& out) {
    begin(out, ComplianceImage::Kind::record);
    put_state(out, state);
    put_bytes(out, hash);
    out.append(record);
}

void encode(const ComplianceImage& image, ByteBuffer& out) {
    switch (image.kind) {
        case ComplianceImage::Kind::tenant: encode_tenant(image.state, out); break;
        case ComplianceImage::Kind::record:
            encode_record(image.state, image.hash, image.record, out);
            break;
        case ComplianceImage::Kind::chain:
            begin(out, ComplianceImage::Kind::chain);
            put(out, image.head.seq);
            put_bytes(out, image.head.hash);
            put(out, image.first_seq);
            break;
    }
}

// The image is made where it is returned: it has room for all strikes that a tenant may have.
std::optional<ComplianceImage> decode_compliance_image(std::span<const std::byte> bytes) {
    Reader in{bytes};
    std::optional<ComplianceImage> decoded;
    const bool known = in.take<std::uint8_t>() == version;
    const unsigned kind = in.take<std::uint8_t>();
    if (!known || !in.good || kind < 1 || kind > 3) {
        return decoded;
    }
    ComplianceImage& image = decoded.emplace();
    image.kind = static_cast<ComplianceImage::Kind>(kind);
    if (image.kind == ComplianceImage::Kind::chain) {
        image.head.seq = in.take<std::uint64_t>();
        image.head.hash = in.take_array<sizeof(Sha256)>();
        image.first_seq = in.take<std::uint64_t>();
        in.good = in.good && image.first_seq <= image.head.seq;
    } else {
        take_state(in, image.state);
    }
    if (image.kind == ComplianceImage::Kind::record) {
        image.hash = in.take_array<sizeof(Sha256)>();
        image.record = {reinterpret_cast<const char*>(in.from.data()), in.from.size()};
    }
    const bool whole = image.kind == ComplianceImage::Kind::record || in.from.empty();
    if (!in.good || !whole) {
        decoded.reset();
    }
    return decoded;
}

}  // namespace flyball
