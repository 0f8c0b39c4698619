#include "transport/mosquitto_plugin.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <algorithm>
#include <exception>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace flyball {

namespace {

constexpr int interface_version = 5;  // of Mosquitto 2.0

// Nothing is thrown into the broker, which is C.
template <typename Call>
int guarded(const char* where, int when_thrown, Call call) noexcept {
    try {
        return call();
    } catch (const std::exception& thrown) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "flyball: error: %s: %s", where, thrown.what());
    } catch (...) {
        mosquitto_log_printf(MOSQ_LOG_ERR, "flyball: error: %s", where);
    }
    return when_thrown;
}

// What the broker hands to each callback.
struct Stay {
    mosquitto_plugin_id_t* plugin;
    std::vector<std::unique_ptr<BrokerGuest>> guests{};
    bool is_asked = false;  // about access
};

Stay& stay_of(void* data) {
    return *static_cast<Stay*>(data);
}

std::string_view view(const char* text) {
    return text == nullptr ? std::string_view{} : std::string_view{text};
}

bool is_of_a_guest(const Stay& stay, std::string_view topic) {
    return std::ranges::any_of(stay.guests,
                               [topic](const auto& guest) { return guest->owns(topic); });
}

void take_turns(Stay& stay) {
    for (const auto& guest : stay.guests) {
        guarded("a turn", MOSQ_ERR_SUCCESS, [&] {
            guest->take_turn();
            return MOSQ_ERR_SUCCESS;
        });
    }
}

int on_message(int, void* data, void* user_data) {
    Stay& stay = stay_of(user_data);
    const auto& event = *static_cast<const mosquitto_evt_message*>(data);
    const BrokerMessage message{
        .topic = event.topic,
        .payload = {static_cast<const char*>(event.payload), event.payloadlen},
        .client_id = view(mosquitto_client_id(event.client)),
        .username = view(mosquitto_client_username(event.client)),
        .has_address = mosquitto_client_address(event.client) != nullptr,
        .of_a_guest = is_of_a_guest(stay, event.topic),
        .event = event};
    // What one stops the next ones never see.
    const bool passes = std::ranges::all_of(stay.guests, [&](const auto& guest) {
        return guarded("a message", MOSQ_ERR_SUCCESS, [&] {
                   const bool stops = guest->on_message(message) == BrokerGuest::Verdict::drop;
                   return stops ? MOSQ_ERR_ACL_DENIED : MOSQ_ERR_SUCCESS;
               }) == MOSQ_ERR_SUCCESS;
    });
    take_turns(stay);
    return passes ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
}

// The strictest of what guests say.
BrokerGuest::Access access_of(Stay& stay, const mosquitto_evt_acl_check& event) {
    auto strictest = BrokerGuest::Access::allow;
    for (const auto& guest : stay.guests) {
        const auto access =
            event.access == MOSQ_ACL_SUBSCRIBE
                ? guest->on_subscription({.filter = view(event.topic),
                                          .client_id = view(mosquitto_client_id(event.client)),
                                          .username = view(mosquitto_client_username(event.client)),
                                          .of_a_guest = is_of_a_guest(stay, view(event.topic))})
                : guest->on_other_access();
        strictest = std::max(strictest, access);
    }
    return strictest;
}

int on_access(int, void* data, void* user_data) {
    Stay& stay = stay_of(user_data);
    const auto& event = *static_cast<const mosquitto_evt_acl_check*>(data);
    const int answer = guarded("a subscription", MOSQ_ERR_PLUGIN_DEFER, [&] {
        switch (access_of(stay, event)) {
            case BrokerGuest::Access::allow: return MOSQ_ERR_SUCCESS;
            case BrokerGuest::Access::ask_others: return MOSQ_ERR_PLUGIN_DEFER;
            case BrokerGuest::Access::deny: break;
        }
        return MOSQ_ERR_ACL_DENIED;
    });
    if (event.access == MOSQ_ACL_SUBSCRIBE) {
        take_turns(stay);
    }
    return answer;
}

int ask_about_access(Stay& stay) {
    const bool wanted =
        std::ranges::any_of(stay.guests, [](const auto& guest) { return guest->wants_access(); });
    if (wanted == stay.is_asked) {
        return MOSQ_ERR_SUCCESS;
    }
    stay.is_asked = wanted;
    return wanted ? mosquitto_callback_register(stay.plugin, MOSQ_EVT_ACL_CHECK, &on_access,
                                                nullptr, &stay)
                  : mosquitto_callback_unregister(stay.plugin, MOSQ_EVT_ACL_CHECK, &on_access,
                                                  nullptr);
}

int on_tick(int, void*, void* user_data) {
    return guarded("a tick", MOSQ_ERR_SUCCESS, [&] {
        for (const auto& guest : stay_of(user_data).guests) {
            guest->on_tick();
        }
        return ask_about_access(stay_of(user_data));
    });
}

int on_reload(int, void*, void* user_data) {
    return guarded("a reload", MOSQ_ERR_SUCCESS, [&] {
        for (const auto& guest : stay_of(user_data).guests) {
            guest->on_reload();
        }
        ask_about_access(stay_of(user_data));
        return MOSQ_ERR_SUCCESS;
    });
}

// False: the log says what is wrong.
bool take_in(Stay& stay, const std::string& config_path) {
    auto guest = make_broker_guest(config_path);
    if (guest == nullptr) {
        return false;
    }
    const std::string name(guest->name());
    if (std::ranges::any_of(stay.guests, [&](const auto& one) { return one->name() == name; })) {
        mosquitto_log_printf(MOSQ_LOG_ERR,
                             "flyball: error: %s: this broker has a node %s already: give each "
                             "its own region, node and state.dir",
                             config_path.c_str(), name.c_str());
        return false;
    }
    stay.guests.push_back(std::move(guest));
    return true;
}

bool take_in_all(Stay& stay, std::span<const mosquitto_opt> options) {
    for (const mosquitto_opt& option : options) {
        if (view(option.key) != "config") {
            mosquitto_log_printf(MOSQ_LOG_ERR,
                                 "flyball: error: plugin_opt_%s is unknown: there is only "
                                 "plugin_opt_config, the path of a node's configuration",
                                 option.key);
            return false;
        }
        if (!take_in(stay, option.value)) {
            return false;
        }
    }
    return !stay.guests.empty() || take_in(stay, "");
}

// Before there are guests: the broker has each function once, however often it loads us.
int ask_for_events(Stay& stay) {
    for (const auto& [event, callback] :
         {std::pair{MOSQ_EVT_MESSAGE, &on_message}, std::pair{MOSQ_EVT_TICK, &on_tick},
          std::pair{MOSQ_EVT_RELOAD, &on_reload}}) {
        const int done = mosquitto_callback_register(stay.plugin, event, callback, nullptr, &stay);
        if (done == MOSQ_ERR_ALREADY_EXISTS) {
            mosquitto_log_printf(MOSQ_LOG_ERR,
                                 "flyball: error: a second `plugin` line names this library: for "
                                 "another node give the first one another plugin_opt_config line");
        }
        if (done != MOSQ_ERR_SUCCESS) {
            return done;
        }
    }
    return MOSQ_ERR_SUCCESS;
}

// A broker whose plugin fails here ends without calling it again.
int init(mosquitto_plugin_id_t* plugin, void** user_data, std::span<const mosquitto_opt> options) {
    auto stay = std::make_unique<Stay>(Stay{.plugin = plugin});
    if (const int done = ask_for_events(*stay); done != MOSQ_ERR_SUCCESS) {
        return done;
    }
    if (!take_in_all(*stay, options)) {
        return MOSQ_ERR_INVAL;
    }
    if (const int done = ask_about_access(*stay); done != MOSQ_ERR_SUCCESS) {
        return done;
    }
    *user_data = stay.release();
    return MOSQ_ERR_SUCCESS;
}

}  // namespace

void write_broker_log(BrokerLog level, const std::string& line) noexcept {
    constexpr int levels[] = {MOSQ_LOG_DEBUG, MOSQ_LOG_INFO, MOSQ_LOG_NOTICE, MOSQ_LOG_WARNING,
                              MOSQ_LOG_ERR};
    mosquitto_log_printf(levels[static_cast<std::size_t>(level)], "flyball: %s", line.c_str());
}

}  // namespace flyball

extern "C" {

int mosquitto_plugin_version(int count, const int* versions) {
    const std::span offered(versions, static_cast<std::size_t>(count));
    return std::ranges::find(offered, flyball::interface_version) != offered.end()
               ? flyball::interface_version
               : -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t* plugin, void** user_data, mosquitto_opt* options,
                          int count) {
    return flyball::guarded("the start", MOSQ_ERR_UNKNOWN, [&] {
        return flyball::init(plugin, user_data, {options, static_cast<std::size_t>(count)});
    });
}

int mosquitto_plugin_cleanup(void* user_data, mosquitto_opt*, int) {
    return flyball::guarded("the end", MOSQ_ERR_SUCCESS, [&] {
        delete static_cast<flyball::Stay*>(user_data);
        return MOSQ_ERR_SUCCESS;
    });
}
}
