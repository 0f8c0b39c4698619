-- A token bucket in one key. KEYS[1]; ARGV: limit, window in ms, hits. Returns allowed, remaining.
-- A token is `window` units, so that all is whole: exact while limit * window is below 2^53.
local limit, window, hits = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local full = limit * window
local kept = redis.call('HMGET', KEYS[1], 'units', 'at')
local units = tonumber(kept[1]) or full
local at = tonumber(kept[2]) or now
units = math.min(full, units + math.max(0, now - at) * limit)
local allowed = hits * window <= units
if allowed then
    units = units - hits * window
end
redis.call('HSET', KEYS[1], 'units', string.format('%.0f', units), 'at', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], window)
return { allowed and 1 or 0, math.floor(units / window) }
