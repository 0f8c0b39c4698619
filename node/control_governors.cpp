// The ops of control that are about governors.

#include <algorithm>

#include "node/control_call.h"
#include "node/governor_row.h"

namespace flyball {

namespace {

constexpr std::int64_t list_rows_max = 200;        // about 70 KB of JSON
constexpr std::int64_t history_events_max = 1024;  // about 130 KB of JSON

}  // namespace

void Control::list(Call& call) {
    std::string_view after;
    std::int64_t max = list_rows_max;
    call.fields.text("after", 0, 2 * name_bytes_max + 1, after);
    call.fields.integer("max", 1, list_rows_max, max);
    if (call.fields.fault()) {
        return;
    }
    call.open();
    if (call.reply.brief) {
        return;
    }
    call.writer.key("governors");
    call.writer.begin_array();
    engine_.registry().each([&](const Governor& governor) {
        if (max > 0 && governor.title() > after) {
            write_governor_row(call.writer, governor, call.now());
            --max;
        }
    });
    call.writer.end_array();
    call.writer.field("governors_total", static_cast<std::int64_t>(engine_.registry().size()));
}

void Control::add_governor(Call& call) {
    std::string_view type;
    std::string_view name;
    call.fields.required_text("type", 1, name_bytes_max, type);
    call.fields.required_text("name", 1, name_bytes_max, name);
    Tree config;
    const Value* value = call.fields.fields().take("config");
    if (value != nullptr) {
        auto tree = value->is(Kind::map) ? tree_of(*value) : std::nullopt;
        if (!tree) {
            call.fail(Reason::bad_field, "config",
                      "a map as in the configuration file: booleans, integers, texts, lists, maps");
        } else {
            config = std::move(*tree);
        }
    }
    if (call.fields.fault()) {
        return;
    }
    Registry& registry = engine_.registry();
    const auto wrong = call.done_in_earnest() ? registry.add(type, name, config, call.now())
                                              : registry.check(type, name, config, call.now());
    if (!wrong) {
        const std::string& sentence = wrong.error().message;
        const bool of_config = !sentence.starts_with("type:") && !sentence.starts_with("name:");
        call.fail_by_key(of_config ? "config." : "", sentence);
        return;
    }
    if (call.done_in_earnest()) {
        node_.governors_changed();
    }
    call.open();
}

void Control::remove_governor(Call& call) {
    std::string_view type;
    std::string_view name;
    bool purge = false;
    call.fields.required_text("type", 1, name_bytes_max, type);
    call.fields.required_text("name", 1, name_bytes_max, name);
    call.fields.boolean("purge", purge);
    if (call.fields.fault()) {
        return;
    }
    if (const Governor* leaving = engine_.registry().find(type, name);
        leaving != nullptr && call.done_in_earnest()) {
        engine_.supervisor().forget(*leaving);
    }
    switch (engine_.registry().remove(type, name, purge, call.now(), !call.done_in_earnest())) {
        case Registry::Removal::unknown:
            call.fail(Reason::unknown_governor, "name", "the name of a governor of this type");
            return;
        case Registry::Removal::configured:
            call.fail(Reason::not_permitted, "name", "a governor that no configuration file names");
            return;
        case Registry::Removal::removed: break;
    }
    if (call.done_in_earnest()) {
        node_.governors_changed();
    }
    call.open();
}

void Control::history(Call& call) {
    Governor* governor = call.governor(engine_.registry(), true);
    std::int64_t last = 20;
    std::string_view tenant;
    call.fields.integer("last", 1, history_events_max, last);
    const bool one_tenant = !call.asked.request.tenant.empty();
    tenant = call.asked.request.tenant;
    if (call.fields.fault() || governor == nullptr) {
        return;
    }
    call.open();
    if (call.reply.brief) {
        return;
    }
    Writer& writer = call.writer;
    writer.key("events");
    writer.begin_array();
    const EventRing& ring = governor->events();
    for (std::size_t age = 0; age < ring.size() && last > 0; ++age) {
        const PastEvent event = ring.at_age(age);
        const std::string_view name =
            event.tenant == no_tenant ? std::string_view() : governor->tenant_name(event.tenant);
        if (!one_tenant || name == tenant) {
            write_past_event(writer, event, name);
            --last;
        }
    }
    writer.end_array();
}

void Control::fault(Call& call) {
    Governor* governor = call.governor(engine_.registry(), true);
    if (governor == nullptr) {
        return;
    }
    if (call.done_in_earnest()) {
        engine_.supervisor().arm_fault(*governor);
    }
    call.open();
}

}  // namespace flyball
