-- Lease permits: how many requests of one provider login may leave now, over all processes together.
-- KEYS: rate state (hash), slots (hash), account (hash), what an operator set instead (hash)
-- ARGV: rate ceiling (/s), slots in all, worker, its requests in flight, permits wanted, block (ms),
--       slot lease (ms), '1' to pass a blocked account (a probe), share of a rate that may be used,
--       how late this worker's permits may leave (thousandths of a second, or of a longer gap)
-- Returns: permits, first of them may leave in (microseconds), slots held, ask again in (ms), why ('go'; 'trial':
--          alone, see below), effective rate x 1000, time between two permits (microseconds), the clock (microseconds)
-- Time is Redis' own. The rate is kept as the time at which the next request is free (GCRA): no burst
-- is saved up. A worker's slots are a share it holds and reuses; a dead worker's share runs out.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + tonumber(t[2]) / 1000
local ceiling, limit, worker = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local flying, want, block, lease = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local HOUR = 3600000

-- an operator may set any rate; more slots than a worker has connections would be of no use to it
local set = redis.call('HMGET', KEYS[4], 'rate', 'slots')
if set[1] then ceiling = tonumber(set[1]) * tonumber(ARGV[9]) end
if set[2] then limit = math.min(limit, tonumber(set[2])) end

local RECOVERED = 50000  -- ms after which a lowered rate is whole again, however low it was

local function effective_rate()
  local h = redis.call('HMGET', KEYS[1], 'rate', 'rate_at', 'set', 'slowed_at')
  local rate, at, slowed_at = tonumber(h[1] or ''), tonumber(h[2] or ''), tonumber(h[4] or '')
  if not rate or rate >= ceiling then return ceiling end
  -- what an operator allows holds at once, unless the provider has refused the speed a moment ago
  local is_new = (h[3] or '') ~= (set[1] or '')
  if is_new and (not slowed_at or now - slowed_at >= RECOVERED) then return ceiling end
  -- slowly up again: two hundredths of the ceiling a second
  return math.min(ceiling, rate + ceiling * 0.02 * math.max(0, now - at) / 1000)
end

-- an account that was closed for doubt (doubt.lua) is tried with one request; its answer opens or closes it. If none
-- comes soon (the process died, nothing was to be sent after all, the provider hangs), with one more
local TRIAL = 5  -- s
local is_trial = false

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
  if a[1] == 'doubtful' and left <= 0 then
    is_trial = true
    return nil
  end
  return a[1], math.max(200, math.min(left, 1000))
end

-- Shares of the slots: 'held wanted until granted late' by worker. Nobody is taken a slot that a request is using.
-- Others keep what they hold and are promised their fair share; what is left over may be taken. Where there are
-- fewer slots than workers, they go round: whoever was granted one last waits for those who have waited longer.
local RECENT = 1000  -- a worker that wants more asks several times a second; older wants are of the dead
local granted = 0
local late = tonumber(ARGV[10])  -- the most of any worker: what one may send late, all leave room for

local function others()
  local rows, flat = {}, redis.call('HGETALL', KEYS[2])
  for i = 1, #flat, 2 do
    local held, wanted, till, at, its_late = string.match(flat[i + 1], '^(%d+) (%d+) (%d+) (%d+) ?(%d*)')
    if not till or tonumber(till) < now then
      redis.call('HDEL', KEYS[2], flat[i])
    elseif flat[i] == worker then
      granted = tonumber(at)
    else
      late = math.max(late, tonumber(its_late) or 0)
      local is_hungry = tonumber(wanted) > 0 and tonumber(till) - lease > now - RECENT
      rows[#rows + 1] = {held = tonumber(held), wanted = tonumber(wanted), granted = tonumber(at), is_hungry = is_hungry}
    end
  end
  return rows
end

local function share()
  local rows, hungry, held, promised, longer = others(), 0, 0, 0, 0
  for _, row in ipairs(rows) do if row.is_hungry then hungry = hungry + 1 end end
  local fair = math.floor(limit / (hungry + 1))
  for _, row in ipairs(rows) do
    held = held + row.held
    promised = promised + (row.is_hungry and math.max(row.held, math.min(row.wanted, fair)) or row.held)
    if row.is_hungry and row.held == 0 and row.granted < granted then longer = longer + 1 end
  end
  local mine = math.min(limit - held, math.max(fair, limit - promised))
  if fair == 0 then mine = math.min(1, limit - held - longer) end
  return math.max(math.min(flying + want, mine), flying, 0)
end

local why, wait = blocked()
local held = why and flying or share()

local function keep()
  redis.call('HSET', KEYS[2], worker, string.format('%d %d %d %d %d', held, flying + want, now + lease, granted, tonumber(ARGV[10])))
  redis.call('PEXPIRE', KEYS[2], HOUR)
end

keep()
if why then return {0, 0, held, math.floor(wait), why, 0, 0, 0} end

local rate = effective_rate()
local free = math.max(0, held - flying)
if want == 0 then return {0, 0, held, 0, 'idle', math.floor(rate * 1000), 0, 0} end
if free == 0 then return {0, 0, held, 5, 'slots', math.floor(rate * 1000), 0, 0} end

-- a second holds the permits of a second, of what may be late, and of the way to the provider, half as long on a
-- machine as busy as that. The share in reserve covers ten thousandths that are late
local gap = 1000 / rate * (1000 + 1.5 * math.max(10, late)) / 1015
local next_free = math.max(tonumber(redis.call('HGET', KEYS[1], 'next') or 0), now)
local until_next = next_free - now
if until_next > block then
  return {0, 0, held, math.ceil(until_next - block), 'rate', math.floor(rate * 1000), 0, 0}
end
local permits = math.min(want, free, math.max(1, math.floor((block - until_next) / gap)))
if is_trial then
  permits = 1
  redis.call('HSET', KEYS[3], 'until', math.ceil(now / 1000) + TRIAL, 'tried', 1)
end
redis.call('HSET', KEYS[1], 'next', string.format('%.3f', next_free + permits * gap),
  'rate', string.format('%.4f', rate), 'rate_at', string.format('%.3f', now), 'ceiling', ceiling, 'slots', limit,
  'set', set[1] or '')
redis.call('PEXPIRE', KEYS[1], HOUR)
granted = now
keep()
return {permits, math.ceil(until_next * 1000), held, 0, is_trial and 'trial' or 'go', math.floor(rate * 1000),
  math.floor(gap * 1000), math.floor(now * 1000)}
