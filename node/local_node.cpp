#include "node/local_node.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "node/engine.h"
#include "schemas/event.h"

namespace flyball {

namespace {

constexpr std::size_t fields_max = 32;

std::uint64_t random_seed() {
    std::random_device device;
    return (std::uint64_t{device()} << 32U) | device();
}

// Repeatable from a seed, as the seed's giver wants it.
std::array<std::byte, 32> entropy_of(std::uint64_t seed) {
    std::array<std::byte, 32> entropy{};
    std::mt19937_64 source(seed);
    std::ranges::generate(entropy, [&source] { return static_cast<std::byte>(source()); });
    return entropy;
}

Value value_of(const LocalNode::Field& field) {
    Value value;
    if (const bool* flag = std::get_if<bool>(&field.value)) {
        value.kind = Kind::boolean;
        value.boolean = *flag;
    } else if (const std::int64_t* number = std::get_if<std::int64_t>(&field.value)) {
        value.kind = Kind::integer;
        value.integer = *number;
    } else {
        const auto text = std::get<std::string_view>(field.value);
        value.kind = Kind::text;
        value.count = static_cast<std::uint32_t>(text.size());
        value.bytes = text.data();
    }
    return value;
}

}  // namespace

struct LocalNode::Parts : EngineHost, EventSink {
    Parts(Options given, std::uint64_t seed)
        : on_event(std::move(given.on_event)),
          engine({.root = root(),
                  .limits = {},
                  .reply_prefixes = {},
                  .seed = seed,
                  .instance = seed,
                  .entropy = entropy_of(seed),
                  .events = this,
                  .changes = nullptr}) {}

    static Root root() { return {.prefix = "flyball/v1", .region = "local", .node = "local"}; }

    void send(const Message& message) override { reply.assign(message.payload); }
    void breathe() override {}
    void reply_topic_refused(std::string_view) override {}
    void raise(const Event& event) override {
        if (on_event) {
            event_writer.restart(Encoding::json);
            open_event(event_writer, event, ++event_number);
            event_writer.end_map();
            on_event(event_writer.bytes());
        }
    }

    std::function<void(std::string_view)> on_event;
    Engine engine;
    std::string reply;
    std::string topic;
    Writer event_writer;
    std::uint64_t event_number = 0;

    // The request of the last decide().
    flyball::Request request;
    Decided decided;
    Effect effect;
    std::array<Value, fields_max> values;
    Governor* asked = nullptr;  // null: no such governor
    Instant asked_at{};
    Writer writer;
};

LocalNode::LocalNode(Options options) {
    const std::uint64_t seed = options.seed ? *options.seed : random_seed();
    parts_ = std::make_unique<Parts>(std::move(options), seed);
}
LocalNode::~LocalNode() = default;
LocalNode::LocalNode(LocalNode&&) noexcept = default;
LocalNode& LocalNode::operator=(LocalNode&&) noexcept = default;

std::optional<std::string> LocalNode::add_governor(std::string_view title, std::string_view config,
                                                   Time now) {
    Decoder decoder;
    const Payload payload = decoder.decode(config.empty() ? "{}" : config);
    if (!payload.good()) {
        return "config: " + std::string(payload.fault.message);
    }
    const auto tree = payload.root->is(Kind::map) ? tree_of(*payload.root) : std::nullopt;
    if (!tree) {
        return "config: must be a map of booleans, integers, texts, lists and maps";
    }
    const std::size_t slash = std::min(title.find('/'), title.size());
    const std::string_view name = title.substr(std::min(slash + 1, title.size()));
    const auto added = parts_->engine.registry().add(title.substr(0, slash), name, *tree, now);
    return added ? std::nullopt : std::optional(added.error().message);
}

bool LocalNode::remove_governor(std::string_view title, bool purge, Time now) {
    const std::size_t slash = std::min(title.find('/'), title.size());
    const std::string_view name = title.substr(std::min(slash + 1, title.size()));
    parts_->asked = nullptr;
    return parts_->engine.registry().remove(title.substr(0, slash), name, purge, now, false) ==
           Registry::Removal::removed;
}

LocalNode::Answer LocalNode::decide(const Request& asked, Time now) {
    Parts& parts = *parts_;
    parts.asked = nullptr;  // no reply to an earlier one, whatever becomes of this
    flyball::Request& request = parts.request;
    request = {};
    request.tenant = valid_tenant(asked.tenant) ? asked.tenant : std::string_view();
    request.op = asked.op;
    request.dry_run = asked.dry_run;
    if (!asked.id.empty()) {
        request.id = {.form = Id::Form::text, .number = 0, .text = asked.id};
    }
    if (asked.fields.size() > fields_max || asked.id.size() > id_bytes_max) {
        request.fault = {Reason::bad_field, asked.id.size() > id_bytes_max ? "id" : "fields",
                         "an id of at most 64 bytes and at most 32 fields"};
    } else {
        for (std::size_t at = 0; at < asked.fields.size(); ++at) {
            parts.values[at] = value_of(asked.fields[at]);
            request.own.add(asked.fields[at].name, &parts.values[at]);
        }
    }
    parts.asked_at = now;
    parts.asked = parts.engine.registry().find(asked.governor);
    if (parts.asked == nullptr) {
        return {.allowed = false,
                .decision = to_text(Verdict::error),
                .reason = to_text(Reason::unknown_governor),
                .state = {},
                .field = "governor",
                .retry_after_ms = {},
                .granted = {}};
    }
    parts.engine.decide(*parts.asked, request,
                        {.now = now,
                         .encoding = Encoding::msgpack,
                         .admin = asked.admin,
                         .features = Engine::features()},
                        parts.decided, parts.effect);
    const Reply& reply = parts.decided.reply;
    return {.allowed = reply.verdict == Verdict::allow || reply.verdict == Verdict::ok,
            .decision = to_text(reply.verdict),
            .reason = to_text(reply.reason),
            .state = reply.state,
            .field = reply.field,
            .retry_after_ms = reply.retry_after_ms,
            .granted = reply.granted,
            .seq = reply.seq.value_or(0),
            .replayed = reply.replayed};
}

std::string_view LocalNode::reply_json() {
    Parts& parts = *parts_;
    if (parts.asked == nullptr) {
        return R"({"decision":"error","allowed":false,"reason":"unknown_governor"})";
    }
    parts.writer.restart(Encoding::json);
    parts.asked->write(parts.writer, parts.decided, parts.asked_at);
    return parts.writer.bytes();
}

std::string_view LocalNode::decide_bytes(std::string_view topic, std::string_view payload,
                                         Time now) {
    Parts& parts = *parts_;
    parts.reply.clear();
    parts.topic.assign(Parts::root().text()).append("/").append(topic);
    parts.engine.handle({.topic = parts.topic, .payload = payload}, {}, now, parts);
    return parts.reply;
}

std::optional<LocalNode::Time> LocalNode::pass_time(Time now) {
    parts_->engine.pass_time(now);
    return parts_->engine.next_due();
}

}  // namespace flyball
