-- Count the responses by status, with a + if they name a time to try again, and print the
-- counts as one line of JSON at the end. With an argument, each request posts it.

local threads = {}

function setup(thread)
    table.insert(threads, thread)
end

function init(args)
    counts = {}
    if args[1] then
        wrk.method, wrk.body = "POST", args[1]
    end
end

function response(status, headers, body)
    local name = status .. (headers["Retry-After"] and "+" or "")
    counts[name] = (counts[name] or 0) + 1
    found = ""
    for each, count in pairs(counts) do
        found = found .. string.format('"%s": %d, ', each, count)
    end
end

function done(summary, latency, requests)
    local errors = summary.errors
    local broken = errors.connect + errors.read + errors.write + errors.timeout
    local found = threads[1]:get("found") or ""
    io.stderr:write(string.format('{%s"broken": %d}\n', found, broken))
end
