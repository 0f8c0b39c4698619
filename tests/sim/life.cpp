#include "tests/sim/life.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace flyball::sim {

namespace {

const Root root{"flyball/v1", "eu-west", "pi-7"};
const std::string root_text = "flyball/v1/eu-west/pi-7/";
constexpr std::int64_t ms_us = 1000;

std::map<std::string, Tree> main_governors() {
    std::map<std::string, Tree> main;
    for (auto& [title, config] : governors()) {
        if (title.ends_with("/main") && !title.starts_with("entitlement/")) {
            main.emplace(title, std::move(config));
        }
    }
    return main;
}

}  // namespace

Life::Life(Plan plan)
    : plan_(std::move(plan)),
      nowhere_(open("/dev/null", O_WRONLY | O_CLOEXEC)),
      log_(LogLevel::error, nowhere_),
      node_(*this, log_) {
    if (plan_.governors.empty()) {
        plan_.governors = main_governors();
    }
}

Life::~Life() {
    close(nowhere_);
}

NodeSettings Life::settings() const {
    NodeSettings settings;
    settings.root = root;
    settings.base_governors = false;
    settings.governors = plan_.governors;
    settings.state.durability = plan_.durability;
    settings.state.segment_bytes = plan_.segment_bytes;
    settings.state.max_bytes = plan_.max_bytes;
    return settings;
}

ProbeOptions Life::probe_options() const {
    return {.root = root, .max_bytes = plan_.max_bytes, .segment_bytes = plan_.segment_bytes};
}

Result<void> Life::start(const DiskImage& image) {
    told_.assign(1, {0, base_record_});
    needs_.clear();
    node_.set_link(true);
    return node_.start(
        settings(),
        [this] {
            Config config;
            config.settings = settings();
            return config;
        },
        image);
}

void Life::awake() {
    awake_record_ = node_.keeper().newest();
    seen_.push_back({awake_record_, hash_.of(node_.engine())});
    told(node_.keeper().durable());
}

void Life::run(std::vector<Act> acts, bool in_order) {
    acts_ = std::move(acts);
    next_act_ = 0;
    in_order_ = in_order;
    if (node_.run()) {
        observe();  // an end in order leaves a record of its own
    }
}

std::optional<int> Life::asleep(Span /*timeout*/) {
    observe();
    if (next_act_ < acts_.size()) {
        acts_[next_act_++]();
        observe();
        return std::nullopt;
    }
    if (!in_order_) {
        node_.die();
    }
    return SIGTERM;
}

void Life::observe() {
    const std::uint64_t newest = node_.keeper().newest();
    if (plan_.watches_state && newest != seen_.back().record) {
        seen_.push_back({newest, hash_.of(node_.engine())});
    }
    told(node_.keeper().durable());
}

void Life::told(std::uint64_t record) {
    if (record > told_.back().second) {
        told_.emplace_back(node_.disk().log().size(), record);
    }
}

std::uint64_t Life::told_after(std::size_t operations) const {
    std::uint64_t record = 0;
    for (const auto& [at, newest] : told_) {
        record = at <= operations ? newest : record;
    }
    return record;
}

Json Life::ask(const std::string& below, const Json& request) {
    const std::string topic = root_text + below;
    const std::string payload = request.dump();
    const std::string correlation = std::to_string(++asked_);
    Message message;
    message.topic = topic;
    message.payload = payload;
    message.response_topic = "clients/life";
    message.has_response_topic = true;
    message.correlation_data = correlation;
    reply_ = nullptr;
    in_work_ = true;
    node_.deliver(message);
    in_work_ = false;
    needs_[asked_] = node_.keeper().newest();
    observe();
    return reply_;
}

Publish Life::published(const Message& message) {
    if (!node_.link_up()) {
        return Publish::not_connected;
    }
    Json content = Json::parse(message.payload);
    if (message.topic.ends_with("/event")) {
        events_.push_back(std::move(content));
        return Publish::accepted;
    }
    if (message.topic.ends_with("/health")) {
        health_ = std::move(content);
        return Publish::accepted;
    }
    const std::uint64_t n = std::stoull(std::string(message.correlation_data));
    const bool error = content.is_object() && content.value("decision", "") == "error";
    if (plan_.durability == Durability::commit && !error) {
        const auto need = needs_.find(n);
        told(need == needs_.end() ? node_.keeper().newest() : need->second);
    }
    if (in_work_ && n == asked_) {
        reply_ = std::move(content);
    } else {
        late_.push_back(std::move(content));
    }
    return Publish::accepted;
}

void Life::at_work(std::size_t after, Act act) {
    works_until_ = after;
    at_work_ = std::move(act);
}

void Life::disk_works() {
    if (at_work_ && works_until_-- == 0) {
        std::exchange(at_work_, nullptr)();
    }
}

void Life::turn() {
    node_.turn();
    observe();
}

void Life::pass_ms(std::int64_t ms) {
    const std::int64_t end_us = node_.monotonic_us + ms * ms_us;
    while (node_.monotonic_us < end_us) {
        if (node_.turn_is_due()) {
            turn();
        }
        node_.pass(std::min(end_us - node_.monotonic_us, 10 * ms_us));
    }
}

std::string Life::image_is_wrong(const DiskImage& image, std::uint64_t told_record,
                                 Probe& found) const {
    found = probe(image, probe_options());
    if (!found.error.empty()) {
        return found.error;
    }
    if (found.record < told_record) {
        return "record " + std::to_string(told_record) + " was told of, and " +
               std::to_string(found.record) + " is the last";
    }
    const auto at = std::ranges::lower_bound(seen_, found.record, {}, &Seen::record);
    // Without a journal its records do not tell of states.
    bool known = plan_.durability == Durability::none || !plan_.watches_state;
    if (at == seen_.end() || at->record != found.record) {
        // Of a start that did not get through, or one of several records of one act.
        known = known || found.record < awake_record_ || at != seen_.end();
    } else {
        known = known || at->hash == found.hash;
    }
    return known ? std::string()
                 : "after record " + std::to_string(found.record) + " the state was another";
}

void Life::go_on_from(const Probe& found) {
    std::erase_if(seen_, [&](const Seen& seen) { return seen.record > found.record; });
    if (seen_.empty() || seen_.back().record != found.record) {
        seen_.push_back({found.record, found.hash});
    }
    base_record_ = found.record;
}

}  // namespace flyball::sim
