-- Lease permits: how many requests of one provider login may leave now, over all processes together.
-- KEYS: rate state (hash), slots (hash), account (hash)
-- ARGV: rate ceiling (/s), slots in all, worker, its requests in flight, permits wanted, block (ms),
--       slot lease (ms), '1' to pass a blocked account (a probe)
-- Returns: permits, first of them may leave in (ms), slots held, ask again in (ms), why, effective rate x 1000
-- Time is Redis' own. The rate is kept as the time at which the next request is free (GCRA): no burst
-- is saved up. A worker's slots are a share it holds and reuses; a dead worker's share runs out.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + tonumber(t[2]) / 1000
local ceiling, limit, worker = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local flying, want, block, lease = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local HOUR = 3600000

local function effective_rate()
  local h = redis.call('HMGET', KEYS[1], 'rate', 'rate_at')
  local rate, at = tonumber(h[1] or ''), tonumber(h[2] or '')
  if not rate or rate >= ceiling then return ceiling end
  -- slowly up again: two hundredths of the ceiling a second
  return math.min(ceiling, rate + ceiling * 0.02 * math.max(0, now - at) / 1000)
end

local function blocked()
  if ARGV[8] == '1' then return nil end
  local a = redis.call('HMGET', KEYS[3], 'state', 'until')
  if not a[1] or a[1] == 'open' then return nil end
  if a[1] == 'paused' then return 'paused', 1000 end
  local left = tonumber(a[2] or 0) * 1000 - now
  if (a[1] == 'address' or a[1] == 'unreachable') and left <= 0 then
    redis.call('HSET', KEYS[3], 'state', 'open')
    return nil
  end
  return a[1], math.max(200, math.min(left, 1000))
end

-- Shares of the slots: 'held wanted until' by worker. Nobody is taken a slot that a request is using.
local function share()
  local others, hungry, flat = 0, 0, redis.call('HGETALL', KEYS[2])
  local claims = {}
  for i = 1, #flat, 2 do
    local held, wanted, till = string.match(flat[i + 1], '^(%d+) (%d+) (%d+)$')
    if tonumber(till) < now then
      redis.call('HDEL', KEYS[2], flat[i])
    elseif flat[i] ~= worker then
      others = others + tonumber(held)
      if tonumber(wanted) > 0 then hungry = hungry + 1 claims[#claims + 1] = tonumber(wanted) end
    end
  end
  local fair = math.max(1, math.floor(limit / (hungry + 1)))
  local promised = 0
  for _, wanted in ipairs(claims) do promised = promised + math.min(wanted, fair) end
  local mine = math.min(flying + want, math.max(fair, limit - promised), limit - others)
  return math.max(mine, flying, 0)
end

local why, wait = blocked()
local held = why and flying or share()
redis.call('HSET', KEYS[2], worker, string.format('%d %d %d', held, flying + want, now + lease))
redis.call('PEXPIRE', KEYS[2], HOUR)
if why then return {0, 0, held, math.floor(wait), why, 0} end

local rate = effective_rate()
local free = math.max(0, held - flying)
if want == 0 then return {0, 0, held, 0, 'idle', math.floor(rate * 1000)} end
if free == 0 then return {0, 0, held, 5, 'slots', math.floor(rate * 1000)} end

local gap = 1000 / rate
local next_free = math.max(tonumber(redis.call('HGET', KEYS[1], 'next') or 0), now)
local until_next = next_free - now
if until_next > block then
  return {0, 0, held, math.ceil(until_next - block), 'rate', math.floor(rate * 1000)}
end
local permits = math.min(want, free, math.max(1, math.floor((block - until_next) / gap)))
redis.call('HSET', KEYS[1], 'next', string.format('%.3f', next_free + permits * gap),
  'rate', string.format('%.4f', rate), 'rate_at', string.format('%.3f', now), 'ceiling', ceiling, 'slots', limit)
redis.call('PEXPIRE', KEYS[1], HOUR)
return {permits, math.ceil(until_next), held, 0, 'go', math.floor(rate * 1000)}
