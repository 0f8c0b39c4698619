// flyball_mosquitto.so: what Mosquitto 2.0 calls. Nothing is thrown into the broker.

#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#include <algorithm>
#include <exception>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "node/mosquitto/broker_node.h"

namespace {

using flyball::BrokerNode;

constexpr int interface_version = 5;

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

int on_message(int, void* event, void* node) {
    return guarded("a message", MOSQ_ERR_SUCCESS, [&] {
        const auto& message = *static_cast<const mosquitto_evt_message*>(event);
        return static_cast<BrokerNode*>(node)->on_message(message) ? MOSQ_ERR_SUCCESS
                                                                   : MOSQ_ERR_ACL_DENIED;
    });
}

int on_tick(int, void*, void* node) {
    return guarded("a tick", MOSQ_ERR_SUCCESS, [&] {
        static_cast<BrokerNode*>(node)->on_tick();
        return MOSQ_ERR_SUCCESS;
    });
}

int on_reload(int, void*, void* node) {
    return guarded("a reload", MOSQ_ERR_SUCCESS, [&] {
        static_cast<BrokerNode*>(node)->on_reload();
        return MOSQ_ERR_SUCCESS;
    });
}

int init(mosquitto_plugin_id_t* plugin, void** node, std::span<const mosquitto_opt> options) {
    std::string config_path;
    for (const mosquitto_opt& option : options) {
        if (std::string_view(option.key) != "config") {
            mosquitto_log_printf(MOSQ_LOG_ERR,
                                 "flyball: error: plugin_opt_%s is unknown: there is only "
                                 "plugin_opt_config, the path of a node's configuration",
                                 option.key);
            return MOSQ_ERR_INVAL;
        }
        config_path = option.value;
    }
    auto made = BrokerNode::make(std::move(config_path));
    if (made == nullptr) {
        return MOSQ_ERR_INVAL;
    }
    *node = made.get();
    for (const auto& [event, callback] : {std::pair{MOSQ_EVT_MESSAGE, &on_message},
                                          std::pair{MOSQ_EVT_TICK, &on_tick},
                                          std::pair{MOSQ_EVT_RELOAD, &on_reload}}) {
        const int done = mosquitto_callback_register(plugin, event, callback, nullptr, made.get());
        if (done != MOSQ_ERR_SUCCESS) {
            return done;
        }
    }
    made.release();
    return MOSQ_ERR_SUCCESS;
}

}  // namespace

extern "C" {

int mosquitto_plugin_version(int count, const int* versions) {
    const std::span offered(versions, static_cast<std::size_t>(count));
    return std::ranges::find(offered, interface_version) != offered.end() ? interface_version : -1;
}

int mosquitto_plugin_init(mosquitto_plugin_id_t* plugin, void** node, mosquitto_opt* options,
                          int count) {
    return guarded("the start", MOSQ_ERR_UNKNOWN, [&] {
        return init(plugin, node, {options, static_cast<std::size_t>(count)});
    });
}

int mosquitto_plugin_cleanup(void* node, mosquitto_opt*, int) {
    return guarded("the end", MOSQ_ERR_SUCCESS, [&] {
        delete static_cast<BrokerNode*>(node);
        return MOSQ_ERR_SUCCESS;
    });
}
}
