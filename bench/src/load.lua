-- What wrk sends: POST /v1/batch with so many events, each with an id that is never used twice,
-- so that nothing is a duplicate. The run's own tag and the request's number make the id; the
-- event's place in the batch is its last digits, so that a request costs one `format`.

local event = [[{"type":"track","event":"Element Clicked","messageId":"%s","anonymousId":"0b7e21d4-6a1c-4b8e-9d35-2f6f0c8e1a77","originalTimestamp":"2026-01-02T03:04:05.006Z","context":{"library":{"name":"clickstream-tracker","version":"0.1.0"},"page":{"url":"https://shop.example/books/bk-1","path":"/books/bk-1","title":"A Synthetic Novel","referrer":"https://shop.example/"},"userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","locale":"en-GB","timezone":"Europe/London","screen":{"width":390,"height":844,"density":3},"session":{"id":"5c1f0c1e-6a43-4c58-9a0c-8b2b7b0d8a61","index":3,"event":%d}},"properties":{"element":{"tag":"button","id":"buy","classes":["primary"],"text":"Add to basket","path":"main > form > button"},"input":{"kind":"mouse","button":0,"x":120,"y":640},"product_id":"bk-1","price":12.5,"currency":"GBP"}}]]

local parts, places, number, run = {}, {}, 0, ""

function init(arguments)
  local count = tonumber(arguments[1])
  run = arguments[2]
  local before, between, after = event:match("^(.-)%%s(.-)%%d(.*)$")
  local head = '{"batch":[' .. before
  for place = 1, count do
    parts[#parts + 1] = head
    parts[#parts + 1] = ""
    places[place] = #parts
    -- Each event of a visit has its number.
    head = string.format("%04d%s%d%s,%s", place, between, place, after, before)
  end
  parts[#parts + 1] = string.format("%04d%s%d%s", count, between, count, after)
    .. '],"sentAt":"2026-01-02T03:04:06.000Z","writeKey":"browser-key"}'
  wrk.method = "POST"
  wrk.headers["Content-Type"] = "text/plain"
  -- Ids have one length, so the head is the same for all.
  local length = 24 * count
  for _, part in ipairs(parts) do length = length + #part end
  wrk.headers["Content-Length"] = length
  local text = wrk.format("POST", "/v1/batch", nil, "")
  parts[1] = text:gsub("Content%-Length: 0", "Content-Length: " .. length) .. parts[1]
end

function request()
  number = number + 1
  local id = string.format("%s%016d", run, number)
  for place = 1, #places do parts[places[place]] = id end
  return table.concat(parts)
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("figures %d %d %d %d %d %d\n",
    summary.requests, summary.duration,
    errors.status + errors.read + errors.write + errors.connect + errors.timeout,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
