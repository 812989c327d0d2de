-- The second part of the script that decides: how seats are chosen for a booking that comes with
-- rules. Bookings without rules pass by all of it. Built on subsection_seats.lua; the parts are one
-- chunk, so what is local here is seen in the next, apply_seat_commands.lua.
--
-- Rules come as { first_row, last_row, accessible, companion, accessible_seats, no_singles }: rows
-- from 1, both ends included; seats that are set aside as { first, last, first, last, ... }, indexes
-- from 0. Most bookings of a batch bring the same ones.

---------------------------------------------------------------- the rules as they are used

local set_asides = {} -- what seats are set aside, by how that was said
local ruled_fronts = {} -- the same and the rows -> block size -> no row before this one has room
local fronts_good_for = 0 -- releases that the fronts know of

local function mark_runs(marks, columns, runs)
  for at = 1, #runs, 2 do
    for index = runs[at], math.min(runs[at + 1], rows * width - 1) do
      local row = floor(index / width)
      marks[index] = true
      columns[row] = columns[row] or {}
      table.insert(columns[row], index - row * width + 1)
    end
  end
end

-- marks: index -> true; columns: row -> the seats that are set aside in it, from 1, ascending
local function set_aside_by(accessible, companion)
  local said = table.concat(accessible, ',') .. ';' .. table.concat(companion, ',')
  local known = set_asides[said]
  if not known then
    known = { said = said, marks = {}, columns = {}, accessible = {}, offered = {} }
    mark_runs(known.accessible, {}, accessible)
    mark_runs(known.marks, known.columns, accessible)
    mark_runs(known.marks, known.columns, companion)
    for _, columns in pairs(known.columns) do table.sort(columns) end
    set_asides[said] = known
  end
  return known
end

local function rules_of(fields)
  local aside = set_aside_by(fields[3], fields[4])
  local first, last = fields[1] - 1, math.min(fields[2], rows) - 1
  local place = first .. ',' .. last .. ';' .. aside.said
  if fronts_good_for ~= release_count then
    ruled_fronts, fronts_good_for = {}, release_count
  end
  ruled_fronts[place] = ruled_fronts[place] or {}
  return {
    first = first, last = last, aside = aside, front = ruled_fronts[place],
    accessible_seats = fields[5], no_singles = fields[6],
  }
end

-- A row in which the seats that are set aside look taken.
local function offered_text(aside, row)
  local text, columns = row_text(row), aside.columns[row]
  if not columns then return text end
  local known = aside.offered[row]
  if not (known and known.of == text) then
    local parts, from = {}, 1
    for _, column in ipairs(columns) do
      parts[#parts + 1] = sub(text, from, column - 1)
      parts[#parts + 1] = TAKEN_SEAT
      from = column + 1
    end
    parts[#parts + 1] = sub(text, from)
    known = { of = text, offered = table.concat(parts) }
    aside.offered[row] = known
  end
  return known.offered
end

-- Whether the seats of a row beside a block, once that is taken, are free and have no free neighbour.
local function leaves_single(text, from, size)
  local function is_free(at)
    return at >= 1 and sub(text, at, at) == FREE_SEAT
  end
  local left, right = from - 1, from + size
  return is_free(left) and not is_free(left - 1) or is_free(right) and not is_free(right + 1)
end

---------------------------------------------------------------- best available

local function ruled_front_row(rules, size)
  local row, block = skip_full_rows(rules.front[size] or rules.first), blocks[size]
  while row <= rules.last and not find(offered_text(rules.aside, row), block, 1, true) do
    row = skip_full_rows(row + 1)
  end
  rules.front[size] = row
  return row <= rules.last and row or nil
end

local function count_offered(rules)
  local count, row = 0, skip_full_rows(rules.first)
  while row <= rules.last do
    local _, in_row = string.gsub(offered_text(rules.aside, row), FREE_SEAT, '')
    count = count + in_row
    row = skip_full_rows(row + 1)
  end
  return count
end

local function ruled_place(rules, row, size)
  local offered, text, second_best = offered_text(rules.aside, row), row_text(row), nil
  local from = find(offered, blocks[size], 1, true)
  while from do
    if not leaves_single(text, from, size) then return from end
    second_best = second_best or from
    from = find(offered, blocks[size], from + 1, true)
  end
  return second_best
end

local function take_block(chosen, row, from, size)
  for index = row * width + from - 1, row * width + from + size - 2 do
    set_state(index, RESERVED)
    chosen[#chosen + 1] = index
  end
end

local function choose_offered(quantity, rules)
  local size = math.min(quantity, width)
  -- A row with room for all is proof enough; only without one are the seats on offer counted.
  if size < quantity or not ruled_front_row(rules, size) then
    if count_offered(rules) < quantity then return nil end
  end
  local chosen = {}
  while #chosen < quantity do
    size = math.min(size, quantity - #chosen)
    local row = ruled_front_row(rules, size)
    if row then
      take_block(chosen, row, ruled_place(rules, row, size), size)
    else
      size = size - 1
    end
  end
  table.sort(chosen)
  return chosen
end

-- How many of a block's seats are accessible, and how many are set aside.
local function kinds_in(aside, first, size)
  local accessible, set_aside = 0, 0
  for index = first, first + size - 1 do
    if aside.accessible[index] then accessible = accessible + 1 end
    if aside.marks[index] then set_aside = set_aside + 1 end
  end
  return accessible, set_aside
end

local function accessible_place(rules, row, size)
  local text, place, fewest = row_text(row), nil, nil
  local tried = 0 -- places overlap: each is looked at once, from the left
  for _, column in ipairs(rules.aside.columns[row] or {}) do
    for from = math.max(tried + 1, column - size + 1), column do
      tried = from
      if sub(text, from, from + size - 1) == blocks[size] then
        local accessible, set_aside = kinds_in(rules.aside, row * width + from - 1, size)
        if accessible >= rules.accessible_seats and (not place or set_aside < fewest) then
          place, fewest = from, set_aside
        end
      end
    end
  end
  return place
end

local function choose_accessible(quantity, rules)
  local row = skip_full_rows(rules.first)
  while row <= rules.last do
    local from = accessible_place(rules, row, quantity)
    if from then
      local chosen = {}
      take_block(chosen, row, from, quantity)
      return chosen
    end
    row = skip_full_rows(row + 1)
  end
end

local function choose_best_by(quantity, rules)
  if rules.accessible_seats > 0 then return choose_accessible(quantity, rules) end
  return choose_offered(quantity, rules)
end

---------------------------------------------------------------- seats asked for by name

-- What a choice would newly leave alone, as indexes from 0, ascending.
local function singles_of(chosen)
  local taken, singles, seen = {}, {}, {}
  for _, index in ipairs(chosen) do taken[index] = true end
  local function is_left(row, index)
    return floor(index / width) == row and not taken[index] and state_at(index) == AVAILABLE
  end
  for _, index in ipairs(chosen) do
    local row = floor(index / width)
    for seat = index - 1, index + 1, 2 do
      if is_left(row, seat) and not (is_left(row, seat - 1) or is_left(row, seat + 1)) then
        if not seen[seat] then singles[#singles + 1] = seat end
        seen[seat] = true
      end
    end
  end
  table.sort(singles)
  return singles
end

-- Whether so many adjacent seats of the run of free seats around a seat leave none alone.
local function has_better_choice(seat, size, aside)
  if size > width then return false end
  local row = floor(seat / width)
  local text, column = row_text(row), seat - row * width + 1
  local run_start = column
  while run_start > 1 and sub(text, run_start - 1, run_start - 1) == FREE_SEAT do
    run_start = run_start - 1
  end
  local run_end = (find(text, TAKEN_SEAT, column, true) or width + 1) - 1
  local offered = aside and offered_text(aside, row) or text
  for from = run_start, run_end - size + 1 do
    if sub(offered, from, from + size - 1) == blocks[size] and not leaves_single(text, from, size)
    then
      return true
    end
  end
  return false
end

-- The seats that a choice leaves alone although another of its size would leave none, or nothing.
local function needless_singles(chosen, rules)
  local singles, aside = singles_of(chosen), rules.aside
  -- Whoever chose a seat that is set aside may be pointed to others.
  for _, index in ipairs(chosen) do
    if rules.aside.marks[index] then aside = nil end
  end
  for _, seat in ipairs(singles) do
    if has_better_choice(seat, #chosen, aside) then return singles end
  end
end

local function judge_by(rules)
  if not (rules and rules.no_singles) then return nil end
  return function(chosen) return needless_singles(chosen, rules) end
end
