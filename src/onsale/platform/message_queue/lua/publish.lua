-- Append messages of one topic, each to the stream of its partition, or none at all.
--
-- KEYS  the topic's end positions (hash: partition -> position of its last message),
--       then the streams that messages go to.
-- ARGV  how many messages a stream may hold; the partition of each stream, in the order of KEYS;
--       then for each message: the index of its stream from 1, its key, its value.
--
-- A message's position is its number in its partition, from 1: it is the stream entry's id, so
-- that positions can be compared and subtracted. Returns OK, or the error BACKLOGFULL.
local ends = KEYS[1]
local stream_count = #KEYS - 1
local length_max = tonumber(ARGV[1])

local positions = {}
for index = 1, stream_count do
  if redis.call('XLEN', KEYS[index + 1]) >= length_max then
    return redis.error_reply('BACKLOGFULL ' .. KEYS[index + 1] .. ' holds ' .. ARGV[1] .. ' messages')
  end
  positions[index] = tonumber(redis.call('HGET', ends, ARGV[index + 1]) or '0')
end

for at = stream_count + 2, #ARGV, 3 do
  local index = tonumber(ARGV[at])
  positions[index] = positions[index] + 1
  local id = string.format('%.0f-0', positions[index])
  redis.call('XADD', KEYS[index + 1], id, 'k', ARGV[at + 1], 'v', ARGV[at + 2])
end

for index = 1, stream_count do
  redis.call('HSET', ends, ARGV[index + 1], string.format('%.0f', positions[index]))
end
return redis.status_reply('OK')
