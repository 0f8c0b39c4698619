// The link thread: connect, set the socket's options, subscribe, hold the connection, and again.

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <utility>

#include "transport/paho_message.h"
#include "transport/paho_options.h"
#include "transport/paho_sleep.h"
#include "transport/paho_transport.h"
#include "transport/socket_options.h"
#include "transport/topic_filter.h"

namespace flyball {
namespace {

using namespace std::chrono_literals;

constexpr int buffered_max = 60'000;  // applies while connected too; beyond it publish() throws
constexpr auto subscribe_patience = 10s;
constexpr auto disconnect_patience = 500ms;
// A session shorter than this does not count as success: two clients of one name on a 3.1.1 broker
// would otherwise throw each other out without a pause.
constexpr auto steady_after = 2s;
constexpr int unsupported_version = 0x84;   // MQTT 5 CONNACK
constexpr int unacceptable_version = 1;     // the same from a broker that speaks 3.1.1 only
constexpr int subscription_refused = 0x80;  // this and above
constexpr int session_taken_over = 0x8e;

std::int64_t monotonic_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

std::string reason_of(mqtt::token& token) {
    try {
        token.try_wait();
    } catch (const mqtt::exception& error) {
        return error.what();
    }
    return "no reason given";
}

bool refuses_version(const mqtt::token& token) {
    const int code = token.get_return_code();
    const int reason = token.get_reason_code();
    return code == unsupported_version || reason == unsupported_version ||
           code == unacceptable_version;
}

// Whether the broker takes Subscription Identifiers: it does unless its CONNACK says no.
bool takes_identifiers(mqtt::token& token) {
    const mqtt::connect_response response = token.get_connect_response();
    const MQTTProperties& properties = response.get_properties().c_struct();
    const auto all = std::span(properties.array, static_cast<std::size_t>(properties.count));
    return std::none_of(all.begin(), all.end(), [](const MQTTProperty& property) {
        return property.identifier == MQTTPROPERTY_CODE_SUBSCRIPTION_IDENTIFIERS_AVAILABLE &&
               property.value.byte == 0;
    });
}

// What a SUBACK said, when it was no.
std::optional<std::string> subscription_refusal(mqtt::token& token) {
    try {
        token.try_wait();
        const auto codes = token.get_subscribe_response().get_reason_codes();
        const bool refused = std::any_of(codes.begin(), codes.end(),
                                         [](int code) { return code >= subscription_refused; });
        return refused ? std::optional<std::string>("not allowed by the broker") : std::nullopt;
    } catch (const mqtt::exception& error) {
        return error.what();
    }
}

std::string_view step_text(PahoEvents::Step step) {
    switch (step) {
        case PahoEvents::Step::succeeded: return "done";
        case PahoEvents::Step::failed: return "refused";
        case PahoEvents::Step::lost: return "the connection was lost";
        case PahoEvents::Step::stopped: return "stopped";
        case PahoEvents::Step::timed_out: return "no answer in time";
    }
    return "";
}

}  // namespace

void PahoTransport::run() {
    while (!events_.stopping()) {
        set_state(LinkState::connecting, address_.text);
        std::string why;
        const bool up = bring_up(why);
        if (up) {
            set_state(LinkState::up, why);
            const auto since = Clock::now();
            hold();
            if (Clock::now() - since >= steady_after) {
                backoff_.reset();
            }
        }
        const PahoEvents::Loss loss =
            events_.loss().value_or(PahoEvents::Loss{.why = up ? "stopped" : why});
        take_down();
        if (events_.stopping()) {
            break;
        }
        const bool name_taken = loss.name_taken || (up && disputed_.exchange(false));
        const Span pause = name_taken ? options_.name_taken_wait : backoff_.next();
        set_state(name_taken ? LinkState::name_taken : LinkState::down,
                  fmt::format("{}; next attempt in {} ms", up ? loss.why : why, pause.count()));
        events_.sleep_until(Clock::now() + pause, false);
    }
    drop_client();
    set_state(LinkState::down, "stopped");
}

bool PahoTransport::bring_up(std::string& why) {
    const WakefulPaho wakeful;
    try {
        if (!client_) {
            make_client();
        }
        if (!connect(why)) {
            return false;
        }
        disable_nagle(address_.port);
        outbound_.new_session();
        properties_.store(version_ >= MQTTVERSION_5);
        version_seen_.store(version_);
        connects_.fetch_add(1);
        heard_ms_.store(monotonic_ms());
        alive_ms_.store(heard_ms_.load());
        ticks_unheard_ = 0;
        // From here on, not from the SUBACK: a request may arrive before we have read that.
        active_.store(client_.get());
        if (!subscribe(why)) {
            return false;
        }
        if (!options_.tick_topic.empty()) {
            tick();
        }
        why = fmt::format("{} by MQTT {}", address_.text, properties_.load() ? "5" : "3.1.1");
        return true;
    } catch (const std::exception& error) {
        why = fmt::format("{}: {}", address_.text, error.what());
        return false;
    }
}

void PahoTransport::make_client() {
    mqtt::create_options create(version_, buffered_max);
    client_ = std::make_unique<mqtt::async_client>(address_.uri, options_.client_id, create);
    set_callbacks(*client_);
}

// The callbacks are set once, before the first connect: setting them later can deadlock with a
// connect under way. They must not throw through Paho's C frames, hence noexcept.
void PahoTransport::set_callbacks(mqtt::async_client& client) {
    client.set_message_callback(
        [this](const mqtt::const_message_ptr& message) noexcept { on_message(*message); });
    client.set_connection_lost_handler([this](const std::string& cause) noexcept {
        events_.lost(cause.empty() ? "the connection was lost" : cause, false);
    });
    client.set_disconnected_handler(
        [this](const mqtt::properties&, mqtt::ReasonCode code) noexcept {
            const char* const text = MQTTReasonCode_toString(static_cast<MQTTReasonCodes>(code));
            events_.lost(
                fmt::format("the broker ended the session: {} (0x{:02x})",
                            text == nullptr ? "unknown reason" : text, static_cast<unsigned>(code)),
                code == session_taken_over);
        });
}

void PahoTransport::on_message(const mqtt::message& message) noexcept {
    const std::int64_t now_ms = monotonic_ms();
    heard_ms_.store(now_ms, std::memory_order_relaxed);
    alive_ms_.store(now_ms, std::memory_order_relaxed);
    if (message.get_topic() == options_.tick_topic) {
        ticks_return_.store(true, std::memory_order_relaxed);
        return;
    }
    if (!is_copy_to_take(message, copies_)) {
        return;
    }
    received_.fetch_add(1, std::memory_order_relaxed);
    receiver_->on_message(from_paho(message));
}

bool PahoTransport::connect(std::string& why) {
    events_.connected();
    mqtt::connect_options options;
    const auto facts = fill_connect_options(
        options, {options_, address_, version_, receiver_->will(),
                  [this](const std::string& text) { events_.tls_error(text); }});
    if (!facts) {
        why = facts.error().message;
        return false;
    }
    set_certificates(facts->ends);
    connected_with_ = facts->fingerprint;
    void* const step = events_.begin();
    const auto deadline = Clock::now() + options_.connect_timeout + 5s;
    const auto wait = [&] {
        const auto ended = events_.await(step, deadline);
        if (ended != PahoEvents::Step::succeeded && ended != PahoEvents::Step::failed) {
            drop_client();  // Paho has no other way to give an attempt up
        }
        return ended;
    };
    mqtt::token_ptr token;
    // One full expression on purpose. While it connects, Paho C keeps a pointer to the TLS error
    // handler in connect()'s own copy of the options, and Paho C++ 1.2.0 drops that copy on return;
    // by the Itanium ABI a parameter lives until the end of the full expression: past wait().
    const auto ended = (token = client_->connect(options, step, events_), wait());
    failures_ = ended == PahoEvents::Step::succeeded ? 0 : failures_ + 1;
    if (ended == PahoEvents::Step::succeeded) {
        identified_ = version_ >= MQTTVERSION_5 && takes_identifiers(*token);
        return true;
    }
    const bool failed = ended == PahoEvents::Step::failed;
    why = refusal(failed ? token.get() : nullptr, failed ? reason_of(*token) : step_text(ended));
    if (failed && refuses_version(*token)) {
        version_ = version_ == MQTTVERSION_5 ? MQTTVERSION_3_1_1 : MQTTVERSION_5;
        drop_client();  // a client's version is fixed when it is made
    }
    return false;
}

std::vector<std::string> PahoTransport::wanted_filters() const {
    std::vector<std::string> filters;
    if (wanted_.load()) {
        filters = options_.filters;
    }
    const std::string& tick = options_.tick_topic;
    const auto covers_tick = [&](const auto& filter) { return filter_matches(filter, tick); };
    if (!tick.empty() && std::none_of(filters.begin(), filters.end(), covers_tick)) {
        filters.push_back(tick);
    }
    return filters;
}

// One SUBSCRIBE a filter, sent together: the call for many filters crashes in Paho C++ 1.2.0 when
// it is given options, and calls it a success when the broker refused some of them.
bool PahoTransport::subscribe(std::string& why) {
    const std::vector<std::string> filters = wanted_filters();
    mqtt::subscribe_options how;  // 3.1.1 has none, and Paho wants them left alone then
    if (version_ >= MQTTVERSION_5) {
        how.set_retain_as_published(!options_.send_retained);
        how.set_retain_handling(options_.send_retained
                                    ? mqtt::subscribe_options::SEND_RETAINED_ON_SUBSCRIBE
                                    : mqtt::subscribe_options::DONT_SEND_RETAINED);
    }
    void* const step = events_.begin(filters.size());
    std::vector<mqtt::token_ptr> tokens;
    for (std::size_t i = 0; i < filters.size(); ++i) {
        mqtt::properties properties;
        if (const int identifier = identified_ ? copies_.identifier(i) : 0; identifier != 0) {
            properties.add({mqtt::property::SUBSCRIPTION_IDENTIFIER, identifier});
        }
        tokens.push_back(client_->subscribe(filters[i], 1, step, events_, how, properties));
    }
    const auto ended = events_.await(step, Clock::now() + subscribe_patience);
    if (ended != PahoEvents::Step::succeeded && ended != PahoEvents::Step::failed) {
        why = fmt::format("subscribing: {}", step_text(ended));
        return false;
    }
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        if (const auto refusal = subscription_refusal(*tokens[i])) {
            why = fmt::format("the subscription to {} was refused: {}", filters[i], *refusal);
            return false;
        }
    }
    return true;
}

void PahoTransport::hold() {
    constexpr auto long_enough = 1h;
    while (true) {
        const auto quiet_until =
            Clock::time_point(std::chrono::milliseconds(heard_ms_.load())) + options_.tick_after;
        const auto deadline =
            options_.tick_topic.empty() ? Clock::now() + long_enough : quiet_until;
        if (events_.sleep_until(deadline, true) || look_at_files()) {
            return;
        }
        if (!options_.tick_topic.empty() &&
            monotonic_ms() - heard_ms_.load() >= options_.tick_after.count()) {
            if (is_half_open()) {
                ticks_return_.store(false);
                events_.lost("the broker has not been heard of for longer than mqtt.keep_alive",
                             false);
                return;
            }
            tick();
        }
    }
}

// Paho gives a silent broker two and a half times the keep-alive. Ticks come back at once, so that
// once is enough; but two of them have to be missing: right after this process was stopped for a
// while, what has arrived since has first to be read. Where none came back since the last verdict,
// the broker's access list may be why.
bool PahoTransport::is_half_open() {
    ticks_unheard_ = alive_ms_.load() >= ticked_ms_ ? 0 : ticks_unheard_ + 1;
    return ticks_return_.load() && ticks_unheard_ > 1 &&
           monotonic_ms() - alive_ms_.load() >= options_.keep_alive.count();
}

void PahoTransport::tick() {
    ticked_ms_ = monotonic_ms();
    heard_ms_.store(ticked_ms_);  // one tick a period, whether or not it comes back
    try {
        Message message;
        message.topic = options_.tick_topic;
        client_->publish(to_paho(message, false));
    } catch (const mqtt::exception& error) {
        events_.lost(fmt::format("the tick could not be sent: {}", error.what()), false);
    }
}

void PahoTransport::take_down() {
    active_.store(nullptr);
    while (users_.load() > 0) {  // inside Paho, which does not block
        std::this_thread::yield();
    }
    outbound_.new_session();
    if (!client_ || !client_->is_connected()) {
        return;
    }
    try {
        void* const step = events_.begin();
        client_->disconnect(static_cast<int>(disconnect_patience / 1ms), step, events_);
        if (!events_.await_finished(step, Clock::now() + 2 * disconnect_patience)) {
            drop_client();  // nobody reads at the other end
        }
    } catch (const mqtt::exception&) {
        drop_client();  // it lost the connection by itself in between, or is in no state to go on
    }
}

void PahoTransport::drop_client() {
    active_.store(nullptr);
    while (users_.load() > 0) {
        std::this_thread::yield();
    }
    client_.reset();
}

void PahoTransport::set_state(LinkState state, std::string_view why) {
    state_.store(state);
    receiver_->on_link(state, why);
}

}  // namespace flyball
