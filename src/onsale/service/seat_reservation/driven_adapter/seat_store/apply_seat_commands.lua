-- Decides the seat commands of one subsection, in order, against a working copy that each decision
-- updates, and then writes what changed: the bitmap, the answers, the counters.
--
-- KEYS[1] layout    "epoch:rows:seats_per_row:generation"
-- KEYS[2] bitmap    2 bits a seat, the first seat in the highest bits of the first byte
-- KEYS[3] stats     hash: subsection -> "available,reserved,sold,blocked"
-- KEYS[4..] answers hashes, one per day: booking -> "generation:seq:state:seats"
--
-- ARGV[1] commands  msgpack: { { kind, day, booking, epoch, seq, late, quantity, seats, rules }, ... }
--                   `day` counts the answers hashes from 1. The last four are for reserves only;
--                   `seats` is { row, seat, row, seat, ... }, and empty for best available; `rules`
--                   are told in ruled_seats.lua, and most reserves have none.
-- ARGV[2] the subsection's field in the stats
-- ARGV[3] how many seconds an answers hash is kept
--
-- Returns { seats_per_row, "word:seats", ... }: one entry per command, seats as indexes from 0. The
-- word is reserved, released, finalized, stale or the reason of a refusal.
--
-- It runs inside MULTI/EXEC: a script alone is not atomic across a crash on every server. Writes
-- cost a disk synchronisation each, so there are few, however many commands it decides.
--
-- How seats are chosen stands in the parts before: subsection_seats.lua, ruled_seats.lua.

-- The Lua stack takes 8000 values in one call, and a booking is a field and a value.
local BOOKINGS_PER_CALL_MAX = 3500

local function command_of(fields)
  return {
    kind = fields[1], day = fields[2], booking = fields[3], epoch = fields[4], seq = fields[5],
    late = fields[6], quantity = fields[7], seats = fields[8], rules = fields[9],
  }
end

---------------------------------------------------------------- what each booking was answered

local answers = {} -- day -> booking -> what stands
local unsaved = {} -- day -> the bookings with a new answer

local function load_answers(day, bookings)
  local key = KEYS[3 + day]
  for from = 1, #bookings, BOOKINGS_PER_CALL_MAX do
    local upto = math.min(from + BOOKINGS_PER_CALL_MAX - 1, #bookings)
    local values = redis.call('HMGET', key, unpack(bookings, from, upto))
    for at = from, upto do
      local value = values[at - from + 1]
      if value then
        local made_in, seq, state, seats = string.match(value, '^(%x+):(%d+):([a-z_]+):(.*)$')
        -- An answer of an earlier generation speaks of seats that an installation has replaced.
        if made_in == generation then
          answers[day][bookings[at]] = { seq = tonumber(seq), state = state, seats = seats }
        end
      end
    end
  end
end

local function answer(command, state, seats)
  local bookings = unsaved[command.day]
  local standing = answers[command.day][command.booking]
  if not (standing and standing.unsaved) then bookings[#bookings + 1] = command.booking end
  answers[command.day][command.booking] = {
    seq = command.seq, state = state, seats = seats, unsaved = true,
  }
end

local function save_answers(day, bookings)
  local key = KEYS[3 + day]
  -- Before the write: afterwards a new key could not be told from one without an end.
  local endless = redis.call('TTL', key) < 0
  for from = 1, #bookings, BOOKINGS_PER_CALL_MAX do
    local fields = {}
    for at = from, math.min(from + BOOKINGS_PER_CALL_MAX - 1, #bookings) do
      local given = answers[day][bookings[at]]
      fields[#fields + 1] = bookings[at]
      fields[#fields + 1] =
        generation .. ':' .. given.seq .. ':' .. given.state .. ':' .. given.seats
    end
    redis.call('HSET', key, unpack(fields))
  end
  if endless then redis.call('EXPIRE', key, ARGV[3]) end
end

---------------------------------------------------------------- the commands

local function holds_seats(standing)
  return standing.state == 'held' or standing.state == 'sold'
end

local function mark(seats, state)
  for index in string.gmatch(seats, '%d+') do set_state(tonumber(index), state) end
end

local function refuse(command, reason, conflicts)
  local seats = table.concat(conflicts, ',')
  answer(command, reason, seats)
  return reason .. ':' .. seats
end

local function reserve_anew(command)
  if command.late then return refuse(command, 'too_late', {}) end
  local chosen, reason, conflicts
  local rules = command.rules and rules_of(command.rules)
  if command.kind == 'manual' then
    chosen, reason, conflicts = choose_named(command.seats, judge_by(rules))
  elseif rules then
    chosen, reason, conflicts = choose_best_by(command.quantity, rules), 'sold_out', {}
  else
    chosen, reason, conflicts = choose_best(command.quantity), 'sold_out', {}
  end
  if not chosen then return refuse(command, reason, conflicts) end
  local seats = table.concat(chosen, ',')
  answer(command, 'held', seats)
  return 'reserved:' .. seats
end

local function reserve(command, standing)
  if not standing then return reserve_anew(command) end
  -- Overtaken by a newer command of its booking, as a rule by the release.
  if command.seq < standing.seq then return 'withdrawn:' end
  if holds_seats(standing) then
    if command.seq > standing.seq then answer(command, standing.state, standing.seats) end
    return 'reserved:' .. standing.seats
  end
  if command.seq > standing.seq then return reserve_anew(command) end
  if standing.state == 'released' then return 'withdrawn:' end
  return standing.state .. ':' .. standing.seats
end

local function release(command, standing)
  local overtaken = standing and command.seq < standing.seq
  local repeated = standing and standing.state == 'released' and command.seq == standing.seq
  if not (overtaken or repeated) then
    if standing and holds_seats(standing) then mark(standing.seats, AVAILABLE) end
    answer(command, 'released', '')
  end
  return 'released:'
end

local function finalize(command, standing)
  -- Overtaken: its sender waits for another answer by now, and this one must not wake the loader.
  if standing and command.seq < standing.seq then return 'finalized:' end
  if not (standing and holds_seats(standing)) then return 'stale:' end
  if standing.state == 'held' then mark(standing.seats, SOLD) end
  if standing.state == 'held' or command.seq > standing.seq then
    answer(command, 'sold', standing.seats)
  end
  return 'finalized:'
end

local DECIDE = {
  manual = reserve, best_available = reserve, release = release, finalize = finalize,
}

---------------------------------------------------------------- the run

local bookings_of = {} -- day -> bookings
for day = 1, #KEYS - 3 do
  answers[day], unsaved[day], bookings_of[day] = {}, {}, {}
end
local commands = {}
for at, fields in ipairs(cmsgpack.unpack(ARGV[1])) do
  local command = command_of(fields)
  commands[at] = command
  local bookings = bookings_of[command.day]
  bookings[#bookings + 1] = command.booking
end
for day, bookings in ipairs(bookings_of) do load_answers(day, bookings) end

local replies = { width }
for at, command in ipairs(commands) do
  replies[at + 1] = command.epoch ~= epoch and 'stale:'
    or DECIDE[command.kind](command, answers[command.day][command.booking])
end

-- The bitmap first: should a later write fail, a seat stays taken that nobody holds. The other way
-- round somebody would hold a seat that is on offer.
if seats_changed then redis.call('SET', KEYS[2], string.char(unpack(bytes))) end
for day, bookings in ipairs(unsaved) do
  if #bookings > 0 then save_answers(day, bookings) end
end
if seats_changed then
  redis.call('HSET', KEYS[3], ARGV[2], table.concat(count_states(), ',', 0, 3))
end
return replies
