-- The state machine of a job. Every transition is one call of this script, so each is atomic.
--
--   submit     (none) -> queued                     finished -> queued, the next generation
--   start      queued -> running                    (none) -> running: a job of a foreign client
--   finish     running -> success | error           queued -> success: late, but nothing else stands
--   requeue    running -> queued: a retry, due later
--   give_back  running -> queued: the worker stops before the job has ended
--   lapse      running -> queued: the lease is gone, so is the worker
--   cancel     queued | running -> cancelled
--
-- After success, error or cancelled everything but submit is refused, whoever comes late.
-- Keys are built here from the job's id, so the ledger wants one server, not a cluster.

local TASK_META = 'celery-task-meta-' -- where Celery's clients look for a result

local function job_key(id) return 'arbtune:job:' .. id end
local function index_key(state) return 'arbtune:jobs:' .. state end
local DUE = 'arbtune:due'

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

local function is_open(state) return state == 'queued' or state == 'running' end

-- Whether the caller holds the job: the worker that started it, and that very start of it. The
-- main process of a worker speaks for its dead children and does not know which start it was.
local function is_holder(id, worker, attempt)
  local held = read(id, 'state', 'worker', 'attempts')
  return held[1] == 'running' and held[2] == worker and (attempt == '' or held[3] == attempt)
end

local function back_to_queue(id, due)
  redis.call('HDEL', job_key(id), 'worker', 'token')
  redis.call('HSET', job_key(id), 'due_ms', text(due))
  move(id, 'running', 'queued', tonumber(read(id, 'submitted_ms')[1]))
  redis.call('ZADD', DUE, text(due), id)
end

local function end_job(id, state, outcome, meta, error, ttl_s)
  local now = now_ms()
  move(id, state, outcome, now)
  redis.call('ZREM', DUE, id)
  redis.call('HDEL', job_key(id), 'worker', 'token', 'due_ms')
  redis.call('HSET', job_key(id), 'finished_ms', text(now))
  if error ~= '' then
    redis.call('HSET', job_key(id), 'error', error)
  else
    redis.call('HDEL', job_key(id), 'error') -- of an attempt before
  end
  redis.call('EXPIRE', job_key(id), ttl_s)
  redis.call('SET', TASK_META .. id, meta, 'EX', ttl_s)
  redis.call('PUBLISH', TASK_META .. id, meta) -- wakes clients that wait for this result
  redis.call('ZREMRANGEBYSCORE', index_key(outcome), '-inf', text(now - ttl_s * 1000))
end

local ledger = {}

-- submission, task, queue, then for each job: id, config, message. A verdict for each: 'queued', 'same'
-- (this call came twice), 'open' (this very job still waits or runs), 'taken' (another one does).
function ledger.submit(submission, task, queue, ...)
  local jobs, verdicts = {...}, {}
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
      redis.call('DEL', job_key(id), TASK_META .. id)
      redis.call('HSET', job_key(id), 'config', config, 'task', task, 'queue', queue, 'origin', 'enqueue',
        'submission', submission, 'generation', generation + 1, 'attempts', 0,
        'submitted_ms', text(now), 'published_ms', text(now))
      move(id, state, 'queued', now)
      redis.call('LPUSH', queue, message)
      verdicts[#verdicts + 1] = 'queued'
    end
  end
  return verdicts
end

-- {'run', attempts, generation, config} when the caller shall run the job now, else {'drop', state}.
-- The config is the ledger's: a message may be left over from another generation.
function ledger.start(id, worker, token, config, task, queue, lease_ms)
  local now = now_ms()
  local held = read(id, 'state', 'token', 'attempts', 'generation', 'due_ms', 'config')
  local state = held[1]
  if state == 'running' and held[2] == token then -- this call came twice
    return {'run', held[3], held[4], held[6]}
  end
  if state == '' then
    redis.call('HSET', job_key(id), 'config', config, 'task', task, 'queue', queue, 'origin', 'foreign',
      'generation', 1, 'attempts', 0, 'submitted_ms', text(now))
    held[4], held[6] = '1', config
  elseif state ~= 'queued' then
    return {'drop', state}
  elseif tonumber(held[5] or '') and tonumber(held[5]) > now then
    return {'drop', 'not due'}
  end
  local attempts = redis.call('HINCRBY', job_key(id), 'attempts', 1)
  redis.call('ZREM', DUE, id)
  redis.call('HDEL', job_key(id), 'due_ms')
  redis.call('HSET', job_key(id), 'worker', worker, 'token', token, 'started_ms', text(now))
  move(id, state, 'running', now + lease_ms)
  return {'run', tostring(attempts), held[4], held[6]}
end

-- Success counts as long as no outcome stands; a failure only from whoever holds the job.
function ledger.finish(id, outcome, worker, attempt, generation, meta, error, ttl_s)
  local held = read(id, 'state', 'generation')
  local state = held[1]
  if not is_open(state) then return state == '' and 'unknown' or 'refused' end
  if generation ~= '' and generation ~= held[2] then return 'refused' end
  if not is_holder(id, worker, attempt) and outcome ~= 'success' then return 'refused' end
  end_job(id, state, outcome, meta, error, tonumber(ttl_s))
  return outcome
end

-- 'queued' with a due time, or 'exhausted' when no attempt is left, or 'refused'. A job that is
-- still queued lost its message with a child that died before it could start: due at once.
function ledger.requeue(id, worker, attempt, error, max_attempts, base_ms, cap_ms, jitter)
  local state, attempts, deaths = unpack(read(id, 'state', 'attempts', 'deaths'))
  if state == '' then return 'unknown' end
  attempts = (tonumber(attempts) or 0) - (tonumber(deaths) or 0) -- workers' deaths count apart
  if state == 'queued' and attempt == '' then
    redis.call('ZADD', DUE, 'NX', text(now_ms()), id)
    return 'queued'
  end
  if not is_holder(id, worker, attempt) then return 'refused' end
  if attempts >= tonumber(max_attempts) then return 'exhausted' end
  local delay = math.min(tonumber(cap_ms), tonumber(base_ms) * 2 ^ (attempts - 1))
  redis.call('HSET', job_key(id), 'error', error)
  back_to_queue(id, now_ms() + delay * tonumber(jitter))
  return 'queued'
end

-- Gives back what the worker cannot finish: an orderly return, so it does not count as an attempt.
function ledger.give_back(worker, ...)
  local returned = {}
  for _, id in ipairs({...}) do
    if is_holder(id, worker, '') then
      redis.call('HINCRBY', job_key(id), 'attempts', -1)
      back_to_queue(id, now_ms())
      returned[#returned + 1] = id
    end
  end
  return returned
end

function ledger.cancel(id, meta, ttl_s)
  local state = read(id, 'state')[1]
  if not is_open(state) then return state == '' and 'unknown' or state end
  end_job(id, state, 'cancelled', meta, '', tonumber(ttl_s))
  return 'cancelled'
end

-- Renews what the worker holds; returns the ids that were cancelled. What it neither holds nor is
-- cancelled has ended a moment ago, or has not started yet.
function ledger.renew(worker, lease_ms, ...)
  local cancelled, lease_end = {}, text(now_ms() + tonumber(lease_ms))
  for _, id in ipairs({...}) do
    if is_holder(id, worker, '') then
      redis.call('ZADD', index_key('running'), 'XX', lease_end, id)
    elseif read(id, 'state')[1] == 'cancelled' then
      cancelled[#cancelled + 1] = id
    end
  end
  return cancelled
end

-- Up to `limit` jobs whose message is to be published now: id, config, task, queue of each.
function ledger.due(limit)
  local found = {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', DUE, '-inf', text(now_ms()), 'LIMIT', 0, limit)) do
    local held = read(id, 'config', 'task', 'queue')
    for _, value in ipairs({id, held[1], held[2], held[3]}) do found[#found + 1] = value end
  end
  return found
end

-- One of several workers publishes a due job: whoever takes it off the list of due ones.
function ledger.publish(id, message)
  if redis.call('ZREM', DUE, id) == 0 then return 'refused' end
  local state, queue = unpack(read(id, 'state', 'queue'))
  if state ~= 'queued' then return 'refused' end
  local now = text(now_ms())
  redis.call('HDEL', job_key(id), 'due_ms')
  redis.call('HSET', job_key(id), 'published_ms', now)
  redis.call('ZADD', index_key('queued'), now, id)
  redis.call('LPUSH', queue, message)
  return 'queued'
end

-- Up to `limit` jobs whose lease is gone return to the queue, due at once. One under which
-- `max_deaths` workers died does not: its lease is renewed once, for the caller to end it. Returns
-- id, verdict ('queued' or 'exhausted') and worker of each.
function ledger.lapse(limit, max_deaths, lease_ms)
  local now, found = now_ms(), {}
  local gone = redis.call('ZRANGEBYSCORE', index_key('running'), '-inf', text(now), 'LIMIT', 0, limit)
  for _, id in ipairs(gone) do
    local worker = read(id, 'worker')[1]
    local verdict = 'queued'
    if redis.call('HINCRBY', job_key(id), 'deaths', 1) >= tonumber(max_deaths) then
      verdict = 'exhausted'
      redis.call('ZADD', index_key('running'), text(now + lease_ms), id)
    else
      back_to_queue(id, now)
    end
    for _, value in ipairs({id, verdict, worker}) do found[#found + 1] = value end
  end
  return found
end

-- Whether the message that would start a job may be lost. Age does not tell: there may be 100,000
-- jobs before it. But the queue is first in, first out, so it is suspect when the queue is empty or
-- its head was published later.
local function is_suspect(published_ms, queue)
  local head = redis.call('LINDEX', queue, -1)
  if not head then return true end
  local parsed, message = pcall(cjson.decode, head)
  if not parsed or type(message) ~= 'table' or type(message.headers) ~= 'table' then return false end
  local head_published = tonumber(read(tostring(message.headers.id), 'published_ms')[1])
  return head_published ~= nil and head_published > published_ms
end

-- Of the `limit` jobs that wait the longest for a start, those that are suspect.
function ledger.suspects(limit)
  local found = {}
  for _, id in ipairs(redis.call('ZRANGE', index_key('queued'), 0, limit - 1)) do
    local held = read(id, 'published_ms', 'queue')
    local published = tonumber(held[1])
    if published and not redis.call('ZSCORE', DUE, id) and is_suspect(published, held[2]) then
      found[#found + 1] = id
    end
  end
  return found
end

-- Makes jobs due that are suspect still; their messages are then published again.
function ledger.revive(...)
  for _, id in ipairs({...}) do
    local held = read(id, 'state', 'published_ms', 'queue')
    local published = tonumber(held[2])
    if held[1] == 'queued' and published and is_suspect(published, held[3]) then
      redis.call('ZADD', DUE, 'NX', text(now_ms()), id)
    end
  end
  return 'OK'
end

local operation = table.remove(ARGV, 1)
return ledger[operation](unpack(ARGV))
