-- Drop what every group of the topic has consumed.
--
-- KEYS  the topic's groups (sorted set: group -> last seen, ms); then the streams to trim.
-- ARGV  what stands before and after a group's name in the key of its offsets; how long a group
--       may be unseen before it is forgotten, in ms; the partition of each stream.
--
-- The offsets' keys follow from the groups and so cannot be declared: one server only, no cluster.
local groups, before, after = KEYS[1], ARGV[1], ARGV[2]
local time = redis.call('TIME')
local forgotten_ms = tonumber(time[1]) * 1000 - tonumber(ARGV[3])
redis.call('ZREMRANGEBYSCORE', groups, '-inf', string.format('%.0f', forgotten_ms))

local names = redis.call('ZRANGE', groups, 0, -1)
for index = 2, #KEYS do
  local lowest = math.huge
  for _, name in ipairs(names) do
    local position = redis.call('HGET', before .. name .. after, ARGV[index + 2]) or '0'
    lowest = math.min(lowest, tonumber(position))
  end
  if lowest > 0 and lowest < math.huge then
    redis.call('XTRIM', KEYS[index], 'MINID', '~', string.format('%.0f-0', lowest + 1))
  end
end
return redis.status_reply('OK')
