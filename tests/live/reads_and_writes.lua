-- Every second request adds a todo, the others read the first page. What was answered is
-- printed as one line of JSON at the end. Arguments: how many milliseconds a connection
-- pauses between two requests, about; and `keyed`, with which each addition carries an
-- Idempotency-Key, so that nginx may send it twice.

local body = '{"content": "Under load"}'
local count = 0
local pause
local prefix

function init(args)
    pause = tonumber(args[1])
    if args[2] == "keyed" then
        prefix = string.format("%x-", os.time()) .. tostring({}):sub(8) .. "-"
    end
end

function delay()
    return math.random(0, 2 * pause)
end

function request()
    count = count + 1
    if count % 2 == 0 then
        if prefix then
            wrk.headers["Idempotency-Key"] = prefix .. count
        end
        return wrk.format("POST", "/api/v1/todos", wrk.headers, body)
    end
    return wrk.format("GET", "/api/v1/todos", wrk.headers)
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.stderr:write(string.format(
        '{"requests": %d, "refused": %d, "broken": %d, "late": %d, "longest": %.3f}\n',
        summary.requests,
        errors.status,
        errors.connect + errors.read + errors.write,
        errors.timeout,
        latency.max / 1000000
    ))
end
