-- The state machine of a job. Every transition is one call of this script, so each is atomic.
--
--   submit     (none) -> queued                     finished -> queued, the next generation
--   start      queued -> running                    (none) -> running: a job of a foreign client
--   finish     running -> success | error           queued -> success: late, but nothing else stands
--                                                   (none) -> any: a foreign job that never started
--   requeue    running -> queued: a retry, due later                  running -> error: a dead letter
--   give_back  running -> queued: the worker cannot go on with the job
--   lapse      running -> queued: the lease is gone, so is the worker
--   cancel     queued | running -> cancelled
--   reopen     error -> queued: a dead letter, as its next generation
--   purge      error -> (none): a dead letter
--   expect     (none) -> queued: the next of a canvas, which Celery publishes
--
-- A job of a canvas that has ended is *owed* what comes after it, until that is settled.
--
-- forget drops a finished job's result, which is kept elsewhere, and its payload; what is left of
-- the record refuses late deliveries until its lifetime is over.
--
-- After success, error or cancelled everything but submit, reopen and purge is refused, whoever comes
-- late.
-- Keys are built here from the job's id, so the ledger wants one server, not a cluster.
-- What is in capitals and not set here, such as JOB_KEY, is set by worker/ledger/names.py. The names of
-- a transition's arguments are those that Python calls it with.

local function job_key(id) return JOB_KEY .. id end
local function result_key(id) return RESULT_KEY .. id end
local function ending_key(id) return ENDING_KEY .. id end
local function index_key(state) return INDEX_KEY .. state end
local function waiting_key(queue) return WAITING_KEY .. queue end
local function marks_key(queue) return MARKS_KEY .. queue end
local FORGOTTEN_S = 86400 -- no message of a job is a day late
local HISTORY = 50 -- attempts that are kept: a letter may be retried, and a lease lapse, without end
local ENDING_MS = 1000 -- within which a worker has ended the child of a job that was cancelled
local SETTLE_MS = 10000 -- for whoever recorded the outcome; the reconciler comes after
local MARKS, MARKS_S = 16, 86400

local function text(number) return string.format('%.0f', number) end

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function read(id, ...)
  local values = redis.call('HMGET', job_key(id), ...)
  for i, value in ipairs(values) do values[i] = value or '' end
  return values
end

local function move(id, from, to, score)
  if from ~= '' then redis.call('ZREM', index_key(from), id) end
  redis.call('ZADD', index_key(to), text(score), id)
  redis.call('HSET', job_key(id), 'state', to)
end

local function count(field, by) redis.call('HINCRBY', COUNTERS_KEY, field, by or 1) end

local function count_outcome(outcome, started, now)
  count(COUNT_OUTCOMES .. outcome)
  if started == '' then return end
  local ms, bound = now - tonumber(started), 1
  while bound < #RUN_SECONDS and ms > tonumber(RUN_SECONDS[bound]) * 1000 do bound = bound + 1 end
  count(COUNT_RUNS .. RUN_SECONDS[bound])
  count(COUNT_RUN_MS, text(ms))
end

local function is_open(state) return state == 'queued' or state == 'running' end

-- Whether the caller holds the job: the worker that started it, and that very start of it. The
-- main process of a worker speaks for its dead children and does not know which start it was.
local function is_holder(id, worker, start)
  local held = read(id, 'state', 'worker', 'starts')
  return held[1] == 'running' and held[2] == worker and (start == '' or held[3] == start)
end

-- Starts that count: without those that an orderly return gave back.
local function attempts_of(id)
  local held = read(id, 'starts', 'returned')
  return (tonumber(held[1]) or 0) - (tonumber(held[2]) or 0)
end

-- A job waits in `arbtune:waiting:QUEUE` for as long as its message is believed to be in the queue,
-- in the order of publication: by the clock, but never before what is there, since a clock may be
-- put back.
local function next_order(queue, now)
  local order = now
  for _, key in ipairs({waiting_key(queue), marks_key(queue)}) do
    local last = tonumber(redis.call('ZRANGE', key, -1, -1, 'WITHSCORES')[2])
    if last then order = math.max(order, last + 1) end
  end
  return order
end

local function wait(id, queue, order)
  redis.call('SADD', QUEUES_KEY, queue)
  redis.call('ZADD', waiting_key(queue), text(order), id)
end

local function push(id, queue, message, order)
  wait(id, queue, order)
  redis.call('LPUSH', queue, message)
end

local function stop_waiting(id)
  redis.call('ZREM', waiting_key(read(id, 'queue')[1]), id)
  redis.call('ZREM', DUE_KEY, id)
end

-- Keeps how an attempt ended, and where: people who look at a dead letter want to know. The latest
-- ones, each on a line.
local function note_attempt(id, error)
  local held = read(id, 'history', 'generation', 'starts', 'worker', 'started_ms')
  local entry = string.format(
    '{"generation":%s,"start":%s,"worker":%s,"started_ms":%s,"ended_ms":%s,"error":%s}',
    held[2], held[3], cjson.encode(held[4]), held[5], text(now_ms()), error)
  local kept, breaks = string.gsub(held[1], '\n', '\n')
  if breaks >= HISTORY - 1 then kept = string.gsub(kept, '^[^\n]*\n', '') end
  redis.call('HSET', job_key(id), 'history', kept == '' and entry or kept .. ',\n' .. entry)
end

local function back_to_queue(id, due)
  redis.call('HDEL', job_key(id), 'worker', 'token')
  redis.call('HSET', job_key(id), 'due_ms', text(due))
  move(id, 'running', 'queued', tonumber(read(id, 'submitted_ms')[1]))
  redis.call('ZADD', DUE_KEY, text(due), id)
end

local function end_job(id, state, outcome, meta, error, ttl_s, is_dead)
  local now = now_ms()
  if state == 'running' and error ~= '' then note_attempt(id, error) end
  stop_waiting(id)
  move(id, state, outcome, now)
  local started, canvas = unpack(read(id, 'started_ms', 'canvas'))
  count_outcome(outcome, started, now)
  if canvas ~= '' then redis.call('ZADD', OWED_KEY, text(now + SETTLE_MS), id) end
  redis.call('HDEL', job_key(id), 'worker', 'token', 'due_ms')
  redis.call('HSET', job_key(id), 'finished_ms', text(now))
  if error ~= '' then
    redis.call('HSET', job_key(id), 'error', error)
  else
    redis.call('HDEL', job_key(id), 'error') -- of an attempt before
  end
  if is_dead then
    redis.call('ZADD', DEAD_KEY, text(now), id) -- the record stays until somebody purges it
  else
    redis.call('EXPIRE', job_key(id), ttl_s)
  end
  redis.call('SET', result_key(id), meta, 'EX', ttl_s)
  redis.call('PUBLISH', result_key(id), meta) -- wakes clients that wait for this result
  redis.call('ZREMRANGEBYSCORE', index_key(outcome), '-inf', text(now - ttl_s * 1000))
end

-- A job of a foreign client enters the ledger, with what is to come after it.
local function meet(id, config, task, queue, canvas, now)
  redis.call('HSET', job_key(id), 'config', config, 'task', task, 'queue', queue, 'origin', 'foreign',
    'generation', 1, 'submitted_ms', text(now))
  if canvas ~= '' then redis.call('HSET', job_key(id), 'canvas', canvas) end
end

local ledger = {}

-- submission, task, queue, then for each job: id, config, message. A verdict for each: 'queued', 'same'
-- (this call came twice), 'open' (this very job still waits or runs), 'taken' (another one does).
function ledger.submit(submission, task, queue, ...)
  local jobs, verdicts, order = {...}, {}, nil
  for i = 1, #jobs, 3 do
    local id, config, message = jobs[i], jobs[i + 1], jobs[i + 2]
    local held = read(id, 'state', 'submission', 'config', 'generation')
    local state, generation = held[1], tonumber(held[4]) or 0
    if state ~= '' and held[2] == submission then
      verdicts[#verdicts + 1] = 'same'
    elseif is_open(state) then
      verdicts[#verdicts + 1] = held[3] == config and 'open' or 'taken'
    else
      local now = now_ms()
      -- Nothing is removed of a job that is new: a full server refuses it by its first write.
      if state ~= '' or redis.call('EXISTS', result_key(id)) == 1 then
        redis.call('DEL', job_key(id), result_key(id))
        redis.call('ZREM', DEAD_KEY, id)
        redis.call('ZREM', OWED_KEY, id)
      end
      redis.call('HSET', job_key(id), 'config', config, 'task', task, 'queue', queue, 'origin', 'enqueue',
        'submission', submission, 'generation', generation + 1, 'starts', 0, 'submitted_ms', text(now))
      move(id, state, 'queued', now)
      order = order and order + 1 or next_order(queue, now)
      push(id, queue, message, order)
      verdicts[#verdicts + 1] = 'queued'
    end
  end
  return verdicts
end

local function to_run(id)
  local held = read(id, 'starts', 'generation', 'config')
  return {'run', held[1], held[2], held[3], text(attempts_of(id))}
end

-- {'run', start, generation, config, attempts} when the caller shall run the job now, else {'drop',
-- state}. The config is the ledger's: a message may be left over from another generation.
function ledger.start(id, worker, token, config, task, queue, canvas, lease_ms)
  local now = now_ms()
  local state, held_token, due = unpack(read(id, 'state', 'token', 'due_ms'))
  if state == 'running' and held_token == token then return to_run(id) end -- this call came twice
  if redis.call('EXISTS', ending_key(id)) == 1 then -- of the generation before, a child still runs
    if state == 'queued' then
      stop_waiting(id)
      redis.call('ZADD', DUE_KEY, text(now + ENDING_MS), id)
    end
    return {'drop', 'ending'}
  end
  if state == '' then
    meet(id, config, task, queue, canvas, now)
  elseif state ~= 'queued' then
    return {'drop', state}
  elseif tonumber(due) and tonumber(due) > now then
    return {'drop', 'not due'}
  end
  redis.call('HINCRBY', job_key(id), 'starts', 1)
  count(COUNT_STARTS)
  redis.call('HDEL', job_key(id), 'due_ms')
  redis.call('HSET', job_key(id), 'worker', worker, 'token', token, 'started_ms', text(now))
  stop_waiting(id)
  move(id, state, 'running', now + lease_ms)
  return to_run(id)
end

-- Success counts as long as no outcome stands; a failure only from whoever holds the job.
function ledger.finish(id, outcome, worker, start, generation, meta, error, ttl_s, is_dead, configs, canvas)
  local held = read(id, 'state', 'generation')
  local state = held[1]
  if state == '' then -- of a foreign client: it expired, or its child died, before it could start
    redis.call('HSET', job_key(id), 'origin', 'foreign', 'generation', 1, 'submitted_ms', text(now_ms()))
    if canvas ~= '' then redis.call('HSET', job_key(id), 'canvas', canvas) end
  elseif not is_open(state) or generation ~= '' and generation ~= held[2] then
    return 'refused'
  elseif not is_holder(id, worker, start) and outcome ~= 'success' then
    return 'refused'
  end
  end_job(id, state, outcome, meta, error, tonumber(ttl_s), is_dead == '1')
  if outcome == 'success' then count(COUNT_CONFIGS, configs) end -- a chunk has many
  return outcome
end

-- 'queued' with a due time, or 'error' when no attempt is left: the job is a dead letter then; or
-- 'refused'. A job that is still queued lost its message with a child that died before it could
-- start: due at once.
function ledger.requeue(id, worker, start, meta, error, ttl_s, max_attempts, base_ms, cap_ms, jitter)
  local state, deaths = unpack(read(id, 'state', 'deaths'))
  if state == '' then return 'unknown' end
  if state == 'queued' and start == '' then
    stop_waiting(id)
    redis.call('ZADD', DUE_KEY, text(now_ms()), id)
    return 'queued'
  end
  if not is_holder(id, worker, start) then return 'refused' end
  local attempts = attempts_of(id) - (tonumber(deaths) or 0) -- workers' deaths count apart
  if attempts >= tonumber(max_attempts) then
    end_job(id, state, 'error', meta, error, tonumber(ttl_s), true)
    return 'error'
  end
  note_attempt(id, error)
  redis.call('HSET', job_key(id), 'error', error)
  local delay = math.min(tonumber(cap_ms), tonumber(base_ms) * 2 ^ (attempts - 1))
  back_to_queue(id, now_ms() + delay * tonumber(jitter))
  return 'queued'
end

-- Gives back what the worker cannot finish: an orderly return, so it does not count as an attempt.
-- Nor as a death, when the worker was cut off and its lease has lapsed in between.
function ledger.give_back(worker, ...)
  local returned = {}
  for _, id in ipairs({...}) do
    if is_holder(id, worker, '') then
      redis.call('HINCRBY', job_key(id), 'returned', 1)
      back_to_queue(id, now_ms())
      returned[#returned + 1] = id
    elseif read(id, 'lapsed_from')[1] == worker then
      redis.call('HDEL', job_key(id), 'lapsed_from')
      redis.call('HINCRBY', job_key(id), 'returned', 1)
      redis.call('HINCRBY', job_key(id), 'deaths', -1)
    end
  end
  return returned
end

-- The state that stands afterwards. `only`: the state that the job must be in, or '' for any open one.
function ledger.cancel(id, meta, ttl_s, lease_ms, only)
  local state, worker = unpack(read(id, 'state', 'worker'))
  if not is_open(state) then return state == '' and 'unknown' or state end
  if only ~= '' and state ~= only then return state end
  if state == 'running' then redis.call('SET', ending_key(id), worker, 'PX', lease_ms) end
  end_job(id, state, 'cancelled', meta, '', tonumber(ttl_s), false)
  redis.call('ZADD', OWED_KEY, 'XX', text(now_ms()), id) -- a client may have done it, which settles nothing
  return 'cancelled'
end

-- Renews what the worker holds; returns the ids that were cancelled. What it neither holds nor is
-- cancelled has ended a moment ago, or has not started yet.
function ledger.renew(worker, lease_ms, ...)
  local cancelled, lease_end = {}, text(now_ms() + tonumber(lease_ms))
  for _, id in ipairs({...}) do
    if redis.call('GET', ending_key(id)) == worker then
      cancelled[#cancelled + 1] = id
    elseif is_holder(id, worker, '') then
      redis.call('ZADD', index_key('running'), 'XX', lease_end, id)
    elseif read(id, 'state')[1] == 'cancelled' then
      cancelled[#cancelled + 1] = id
    end
  end
  return cancelled
end

-- The worker has ended the children of these cancelled jobs: their next generations may start.
function ledger.ended(worker, ...)
  for _, id in ipairs({...}) do
    if redis.call('GET', ending_key(id)) == worker then redis.call('DEL', ending_key(id)) end
  end
  return 'OK'
end

-- Whether the caller is the one worker that reconciles, for the next `lead_ms`.
function ledger.lead(worker, lead_ms)
  local leader = redis.call('GET', RECONCILER_KEY)
  if leader and leader ~= worker then return 0 end
  redis.call('SET', RECONCILER_KEY, worker, 'PX', lead_ms)
  return 1
end

-- Up to `limit` jobs whose message is to be published now: id, config, task, queue, canvas of each.
function ledger.due(limit)
  local found = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE_KEY, '-inf', text(now_ms()), 'LIMIT', 0, limit)) do
    local held = read(id, 'config', 'task', 'queue', 'canvas')
    for _, value in ipairs({id, held[1], held[2], held[3], held[4]}) do found[#found + 1] = value end
  end
  return found
end

-- One of several workers publishes a due job: whoever takes it off the list of due ones.
function ledger.publish(id, message)
  if redis.call('ZREM', DUE_KEY, id) == 0 then return 'refused' end
  local state, queue = unpack(read(id, 'state', 'queue'))
  if state ~= 'queued' then return 'refused' end
  redis.call('HDEL', job_key(id), 'due_ms')
  push(id, queue, message, next_order(queue, now_ms()))
  return 'queued'
end

-- Up to `limit` jobs whose lease is gone return to the queue, due at once; `error` says so in their
-- history. One under which `max_deaths` workers died does not: its lease is renewed once, for the
-- caller to end it. Returns id, verdict ('queued' or 'exhausted') and worker of each.
function ledger.lapse(limit, max_deaths, lease_ms, error)
  local now, found = now_ms(), {}
  local gone = redis.call('ZRANGEBYSCORE', index_key('running'), '-inf', text(now), 'LIMIT', 0, limit)
  for _, id in ipairs(gone) do
    local worker, deaths = unpack(read(id, 'worker', 'deaths'))
    local verdict = 'queued'
    if (tonumber(deaths) or 0) + 1 >= tonumber(max_deaths) then
      verdict = 'exhausted'
      redis.call('ZADD', index_key('running'), text(now + lease_ms), id)
    else
      note_attempt(id, error)
      redis.call('HINCRBY', job_key(id), 'deaths', 1)
      redis.call('HSET', job_key(id), 'lapsed_from', worker)
      count(COUNT_LAPSED)
      back_to_queue(id, now)
    end
    for _, value in ipairs({id, verdict, worker}) do found[#found + 1] = value end
  end
  return found
end

-- The id in a message of a queue, or nil.
local function id_at(queue, index)
  local raw = redis.call('LINDEX', queue, index)
  if not raw or #raw > MAX_ELEMENT_BYTES then return nil end
  local parsed, message = pcall(cjson.decode, raw)
  if not parsed or type(message) ~= 'table' or type(message.headers) ~= 'table' then return nil end
  return type(message.headers.id) == 'string' and message.headers.id or nil
end

-- A message of a foreign client has no place in the order. So the last message of the queue is marked
-- with the order that stands then: once its job has started, all that were published before it have
-- been taken. Of many marks every other is dropped, so that some are as old as the queue is long.
local function mark(queue)
  local id, key = id_at(queue, 0), marks_key(queue)
  local state = id and read(id, 'state')[1]
  if state ~= '' and state ~= 'queued' then return end
  if redis.call('ZCARD', key) >= MARKS then
    for rank = MARKS - 1, 1, -2 do redis.call('ZREMRANGEBYRANK', key, rank, rank) end
  end
  redis.call('ZADD', key, 'NX', text(next_order(queue, now_ms())), id)
  redis.call('EXPIRE', key, MARKS_S)
end

-- Up to where, in the order of a queue, messages have been taken, by its marks.
local function taken_up_to(queue)
  local marks, latest = redis.call('ZRANGE', marks_key(queue), 0, -1, 'WITHSCORES'), 0
  for i = 1, #marks, 2 do
    local state = read(marks[i], 'state')[1]
    if state == 'cancelled' then -- its message may be there still
      redis.call('ZREM', marks_key(queue), marks[i])
    elseif state ~= '' and state ~= 'queued' then
      latest = math.max(latest, tonumber(marks[i + 1]))
    end
  end
  return text(latest)
end

-- Up to `limit` jobs of one queue whose message may be lost. Age does not tell: there may be 100,000
-- jobs before one. But the queue is first in, first out, so those are suspect that wait while the
-- queue is empty, or while its head was published after them. A head that waits for nothing, of a
-- foreign client or left over from somewhere, tells nothing; then the marks do.
local function suspects_of(queue, limit)
  local function before(latest)
    return redis.call('ZRANGEBYSCORE', waiting_key(queue), '-inf', latest, 'LIMIT', 0, limit)
  end
  if redis.call('ZCARD', waiting_key(queue)) == 0 then return {} end
  if redis.call('LLEN', queue) == 0 then return before('+inf') end
  local head = id_at(queue, -1)
  local published = head and redis.call('ZSCORE', waiting_key(queue), head)
  if published then return before('(' .. published) end
  local latest = taken_up_to(queue)
  local found = before('(' .. latest)
  if #found == 0 then redis.call('ZREMRANGEBYSCORE', marks_key(queue), '-inf', latest) end
  mark(queue)
  return found
end

function ledger.suspects(limit)
  local found = {}
  for _, queue in ipairs(redis.call('SMEMBERS', QUEUES_KEY)) do
    for _, id in ipairs(suspects_of(queue, limit)) do found[#found + 1] = id end
  end
  return found
end

-- Makes jobs due that wait still; their messages are then published again.
function ledger.make_due(...)
  for _, id in ipairs({...}) do
    if redis.call('ZREM', waiting_key(read(id, 'queue')[1]), id) == 1 then
      redis.call('ZADD', DUE_KEY, 'NX', text(now_ms()), id)
      count(COUNT_LOST)
    end
  end
  return 'OK'
end

-- A dead letter waits again under its id, as the next generation; its history stays with it.
function ledger.reopen(id, submission, message)
  local held = read(id, 'state', 'submission', 'generation', 'queue')
  if is_open(held[1]) and held[2] == submission then return 'queued' end -- this call came twice
  if redis.call('ZREM', DEAD_KEY, id) == 0 then return held[1] == '' and 'unknown' or 'refused' end
  local now = now_ms()
  redis.call('DEL', result_key(id))
  redis.call('HDEL', job_key(id), 'error', 'finished_ms', 'started_ms', 'deaths', 'returned', 'lapsed_from')
  redis.call('ZREM', OWED_KEY, id)
  redis.call('HSET', job_key(id), 'submission', submission, 'generation', tonumber(held[3]) + 1,
    'starts', 0, 'submitted_ms', text(now))
  move(id, 'error', 'queued', now)
  push(id, held[4], message, next_order(held[4], now))
  return 'queued'
end

-- Forgets dead letters for good; how many there were.
function ledger.purge(...)
  local purged = 0
  for _, id in ipairs({...}) do
    if redis.call('ZREM', DEAD_KEY, id) == 1 then
      redis.call('ZREM', index_key('error'), id)
      redis.call('ZREM', OWED_KEY, id)
      redis.call('DEL', job_key(id), result_key(id))
      purged = purged + 1
    end
  end
  return purged
end

-- A job of a canvas is about to be published by Celery itself: should that not come to pass, or the
-- message be lost, it is found as any other is.
function ledger.expect(id, config, task, queue, canvas)
  if read(id, 'state')[1] ~= '' then return 'refused' end
  local now = now_ms()
  meet(id, config, task, queue, canvas, now)
  redis.call('HSET', job_key(id), 'starts', 0)
  move(id, '', 'queued', now)
  wait(id, queue, next_order(queue, now))
  return 'queued'
end

-- Up to `limit` ended jobs whose canvas nobody has seen to in time.
function ledger.owed(limit)
  return redis.call('ZRANGEBYSCORE', OWED_KEY, '-inf', text(now_ms()), 'LIMIT', 0, limit)
end

-- What comes after the job is on its way. A dead letter keeps it, since it may be retried.
function ledger.settled(id)
  redis.call('ZREM', OWED_KEY, id)
  if not redis.call('ZSCORE', DEAD_KEY, id) then redis.call('HDEL', job_key(id), 'canvas') end
  return 'OK'
end

-- Drops result and payload of finished jobs, and everything of dead letters but this: whoever takes
-- over what they were for does not want them back.
function ledger.forget(...)
  for _, id in ipairs({...}) do
    local state = read(id, 'state')[1]
    if state ~= '' and not is_open(state) then
      redis.call('ZREM', index_key(state), id)
      redis.call('ZREM', DEAD_KEY, id)
      redis.call('HDEL', job_key(id), 'config', 'error', 'history', 'canvas')
      redis.call('ZREM', OWED_KEY, id)
      redis.call('EXPIRE', job_key(id), FORGOTTEN_S)
      redis.call('DEL', result_key(id))
    end
  end
  return 'OK'
end

local operation = table.remove(ARGV, 1)

-- A server whose memory is full refuses a script whose first write could take more of it, and no
-- later one. So it refuses new jobs, and lets all that it has come to their end.
if operation ~= 'submit' then redis.call('ZREM', DUE_KEY, '') end

return ledger[operation](unpack(ARGV))
