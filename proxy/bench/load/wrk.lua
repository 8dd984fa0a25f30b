-- Requests for wrk: METHOD PATH BODY_BYTES and headers come as arguments, the users take turns. Prints its counts as
-- one line of JSON behind the word RESULT. The headers are those of payloads.ts.
local requests = {}
local turn = 0

function init(args)
  local method, path, body_bytes, identities, identity_header = args[1], args[2], tonumber(args[3]), tonumber(args[4]), args[5]
  local body = body_bytes > 0 and string.rep("x", body_bytes) or nil
  -- Spelt like this, or wrk adds a second one.
  local headers = { ["Host"] = "bench.test" }
  for i = 6, #args, 2 do headers[args[i]] = args[i + 1] end
  for user = 0, identities - 1 do
    headers[identity_header] = "user-" .. user
    requests[user] = wrk.format(method, path, headers, body)
  end
end

function request()
  turn = (turn + 1) % (#requests + 1)
  return requests[turn]
end

function done(summary, latency, all)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests":%d,"seconds":%.6f,"bytes":%d,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.requests, summary.duration / 1e6, summary.bytes, e.connect, e.read, e.write, e.status, e.timeout))
end
