-- Sends one kind of request and prints what came of it as one line of JSON.
-- Arguments: method, path, a file with the body, a file with keys: `-` for none. Each
-- request takes the next key of the file.

local prepared = {}
local count = 0

local function content(name)
    if name == "-" then
        return nil
    end
    local file = assert(io.open(name))
    local text = file:read("*a")
    file:close()
    return text
end

function init(args)
    local method, path, body, keys = args[1], args[2], content(args[3]), content(args[4])
    for key in (keys or "-"):gmatch("[^\n]+") do
        if keys then
            wrk.headers["Authorization"] = "Bearer " .. key
        end
        prepared[#prepared + 1] = wrk.format(method, path, wrk.headers, body)
    end
end

function request()
    count = count % #prepared + 1
    return prepared[count]
end

function done(summary, latency, requests)
    local errors = summary.errors
    io.stderr:write(string.format(
        '{"requests": %d, "seconds": %.6f, "bytes": %d, "p50": %.3f, "p99": %.3f, '
        .. '"refused": %d, "broken": %d}\n',
        summary.requests,
        summary.duration / 1000000,
        summary.bytes,
        latency:percentile(50) / 1000,
        latency:percentile(99) / 1000,
        errors.status,
        errors.connect + errors.read + errors.write + errors.timeout
    ))
end
