#include "governors/subscription_image.h"

#include "governors/image_bytes.h"
#include "schemas/utf8.h"

namespace flyball {

namespace {

constexpr std::uint8_t version = 1;
enum Flag : std::uint8_t { renews = 1, is_noticed = 2, is_unpaid = 4 };

bool sound(Instant instant) {
    return to_ms(instant) >= -subscription_bound_ms && to_ms(instant) <= subscription_bound_ms;
}

bool sound_count(std::int64_t periods) {
    return periods <= subscription_periods_max;
}

bool sound(const Subscription& it) {
    const std::string_view name = it.plan.view();
    const bool plan = name.size() <= plan_name_bytes_max && valid_utf8(name) &&
                      (name.empty() == (it.state == SubscriptionState::none));
    const bool terms = it.period.months >= 0 && it.period.ms >= 0 &&
                       (it.state == SubscriptionState::none || it.period != Duration{}) &&
                       it.grace.count() >= 0 && sound(Instant{it.grace}) && it.unpaid >= 0 &&
                       sound_count(it.unpaid) && it.index >= -1 && sound_count(it.index);
    return plan && terms && sound(it.anchor) && sound(it.end) && sound(it.grace_end) &&
           sound(Instant{it.left});
}

SubscriptionState take_state(ImageReader& in) {
    const auto number = in.take<std::uint8_t>();
    if (number > static_cast<std::uint8_t>(SubscriptionState::expired)) {
        in.fail();
    }
    return static_cast<SubscriptionState>(number);
}

}  // namespace

std::span<const std::byte> encode(const Subscription& it, ByteBuffer& bytes) {
    ImageWriter out(bytes);
    out.put(version);
    out.put(static_cast<std::uint8_t>(it.state));
    out.put(static_cast<std::uint8_t>(it.before));
    out.put(static_cast<std::uint8_t>((it.auto_renew ? renews : 0) | (it.noticed ? is_noticed : 0) |
                                      (it.current_unpaid ? is_unpaid : 0)));
    out.put_text(it.plan.view());
    out.put_signed(it.period.ms);
    out.put(static_cast<std::uint32_t>(it.period.months));
    for (const std::int64_t number : {it.grace.count(), to_ms(it.anchor), it.index, to_ms(it.end),
                                      to_ms(it.grace_end), it.left.count(), it.unpaid}) {
        out.put_signed(number);
    }
    return out.bytes();
}

std::optional<Subscription> decode_subscription_image(std::span<const std::byte> bytes) {
    ImageReader in(bytes);
    if (in.take<std::uint8_t>() != version) {
        return std::nullopt;
    }
    Subscription it;
    it.state = take_state(in);
    it.before = take_state(in);
    const unsigned flags = in.take<std::uint8_t>();
    it.auto_renew = (flags & renews) != 0;
    it.noticed = (flags & is_noticed) != 0;
    it.current_unpaid = (flags & is_unpaid) != 0;
    it.plan = SmallText(in.take_text());
    it.period.ms = in.take_signed();
    it.period.months = static_cast<std::int32_t>(in.take<std::uint32_t>());
    it.grace = Span{in.take_signed()};
    it.anchor = in.take_instant();
    it.index = in.take_signed();
    it.end = in.take_instant();
    it.grace_end = in.take_instant();
    it.left = Span{in.take_signed()};
    it.unpaid = in.take_signed();
    return in.ended() && sound(it) ? std::optional(it) : std::nullopt;
}

}  // namespace flyball
