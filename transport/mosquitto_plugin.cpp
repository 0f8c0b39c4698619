#include "transport/mosquitto_plugin.h"

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <algorithm>
#include <exception>
#include <span>
#include <utility>

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
    std::unique_ptr<BrokerGuest> guest;
    bool is_asked = false;  // about access
};

Stay& stay_of(void* data) {
    return *static_cast<Stay*>(data);
}

BrokerGuest& guest(void* data) {
    return *stay_of(data).guest;
}

std::string_view view(const char* text) {
    return text == nullptr ? std::string_view{} : std::string_view{text};
}

int on_message(int, void* data, void* user_data) {
    return guarded("a message", MOSQ_ERR_SUCCESS, [&] {
        const auto& event = *static_cast<const mosquitto_evt_message*>(data);
        const BrokerMessage message{
            .topic = event.topic,
            .payload = {static_cast<const char*>(event.payload), event.payloadlen},
            .client_id = view(mosquitto_client_id(event.client)),
            .username = view(mosquitto_client_username(event.client)),
            .has_address = mosquitto_client_address(event.client) != nullptr,
            .event = event};
        const bool passes = guest(user_data).on_message(message) == BrokerGuest::Verdict::pass;
        return passes ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ACL_DENIED;
    });
}

int on_access(int, void* data, void* user_data) {
    return guarded("a subscription", MOSQ_ERR_PLUGIN_DEFER, [&] {
        const auto& event = *static_cast<const mosquitto_evt_acl_check*>(data);
        const auto access = event.access == MOSQ_ACL_SUBSCRIBE
                                ? guest(user_data).on_subscription(
                                      {.filter = view(event.topic),
                                       .client_id = view(mosquitto_client_id(event.client)),
                                       .username = view(mosquitto_client_username(event.client))})
                                : guest(user_data).on_other_access();
        switch (access) {
            case BrokerGuest::Access::allow: return MOSQ_ERR_SUCCESS;
            case BrokerGuest::Access::ask_others: return MOSQ_ERR_PLUGIN_DEFER;
            case BrokerGuest::Access::deny: break;
        }
        return MOSQ_ERR_ACL_DENIED;
    });
}

int ask_about_access(Stay& stay) {
    const bool wanted = stay.guest->wants_access();
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
        guest(user_data).on_tick();
        return ask_about_access(stay_of(user_data));
    });
}

int on_reload(int, void*, void* user_data) {
    return guarded("a reload", MOSQ_ERR_SUCCESS, [&] {
        guest(user_data).on_reload();
        ask_about_access(stay_of(user_data));
        return MOSQ_ERR_SUCCESS;
    });
}

int init(mosquitto_plugin_id_t* plugin, void** user_data, std::span<const mosquitto_opt> options) {
    std::string config_path;
    for (const mosquitto_opt& option : options) {
        if (view(option.key) != "config") {
            mosquitto_log_printf(MOSQ_LOG_ERR,
                                 "flyball: error: plugin_opt_%s is unknown: there is only "
                                 "plugin_opt_config, the path of a node's configuration",
                                 option.key);
            return MOSQ_ERR_INVAL;
        }
        config_path = option.value;
    }
    auto stay = std::make_unique<Stay>(Stay{plugin, make_broker_guest(config_path)});
    if (stay->guest == nullptr) {
        return MOSQ_ERR_INVAL;
    }
    for (const auto& [event, callback] :
         {std::pair{MOSQ_EVT_MESSAGE, &on_message}, std::pair{MOSQ_EVT_TICK, &on_tick},
          std::pair{MOSQ_EVT_RELOAD, &on_reload}}) {
        const int done = mosquitto_callback_register(plugin, event, callback, nullptr, stay.get());
        if (done != MOSQ_ERR_SUCCESS) {
            return done;
        }
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
