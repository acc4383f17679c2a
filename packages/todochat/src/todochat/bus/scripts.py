"""The Lua scripts of the bus. KEYS are always one run's: meta, log, live channel.

Replies are small: a status word, or a list that begins with one.
"""

import hashlib
from typing import Final

import msgspec


class Script(msgspec.Struct, frozen=True):
    """A script and the hash by which Redis caches it."""

    source: str
    sha: str


def _script(body: str, *, flags: str = "") -> Script:
    # With a shebang line Redis checks its memory before the script runs. Without one it checks only
    # the first write, and a script that begins with EXPIRE or DEL may then exceed the limit.
    source = f"#!lua{flags}\n{body}"
    # EVALSHA requires SHA-1; it secures nothing here.
    return Script(source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())


# For the few bytes that end a run while Redis is full, so that its viewers don't wait forever.
_WHEN_FULL: Final = " flags=allow-oom"

# A server's run id changes when it restarts and when a replica takes over: the two events after
# which the newest part of a log may be missing without a trace.
_SERVER: Final = "string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')"

REGISTER: Final = _script(f"""
-- ARGV: user_id, thread_id, ttl_s. A worker may have claimed the run already; its meta then stays.
if redis.call('EXISTS', KEYS[1]) == 1 then return 'EXISTS' end
redis.call('HSET', KEYS[1], 'user_id', ARGV[1], 'thread_id', ARGV[2], 'status', 'queued',
  'attempt', '0', 'seq', '0', 'server', {_SERVER})
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 'OK'
""")

_CLAIM: Final = f"""
-- ARGV: attempt, claim, user_id, thread_id, seq_high, may_have_frames (0|1), seq_jump, ttl_s
-- Reply: LOST | OK, seq, was_known (0|1). Idempotent for the same arguments: data
-- that the first run wrote is recognized by its claim.
local meta = redis.call('HMGET', KEYS[1], 'attempt', 'seq', 'status', 'server', 'claim')
local was_known = meta[1] and meta[5] ~= ARGV[2]
if meta[1] and tonumber(meta[1]) > tonumber(ARGV[1]) then return {{'LOST'}} end
local seq, seq_high, status = tonumber(meta[2] or '0'), tonumber(ARGV[5]), meta[3]

local server = {_SERVER}
local lost = seq < seq_high or (seq > 0 and redis.call('EXISTS', KEYS[2]) == 0)
if ARGV[6] == '1' and meta[4] ~= server then lost = true end
-- An attempt between the log's and this one may have published frames that this log lacks: the log
-- was lost, and then claimed by a worker that had been suspended since before.
local last = tonumber(meta[1] or '0')
if last > 0 and last < tonumber(ARGV[1]) - 1 then lost = true end

if lost then
  -- The rest of the log doesn't continue what viewers saw. A new log begins, far above any
  -- published seq, with a marker on which clients reload the thread. The known seq may be older
  -- than an earlier jump, so a later attempt jumps further.
  seq = math.max(math.max(seq, seq_high) + ARGV[7], ARGV[1] * ARGV[7])
  local frame = string.format('id: %d\\n: snapshot\\n\\n', seq)
  redis.call('DEL', KEYS[2])
  redis.call('XADD', KEYS[2], string.format('%d-0', seq), 'f', frame)
  redis.call('PUBLISH', KEYS[3], frame)
end
if lost or not (status == 'completed' or status == 'failed' or status == 'cancelled') then
  status = 'running'
  redis.call('EXPIRE', KEYS[2], ARGV[8])
end
redis.call('HSET', KEYS[1], 'user_id', ARGV[3], 'thread_id', ARGV[4], 'status', status,
  'attempt', ARGV[1], 'claim', ARGV[2], 'seq', string.format('%d', seq), 'server', server)
if status == 'running' then redis.call('EXPIRE', KEYS[1], ARGV[8]) end
return {{'OK', seq, was_known and 1 or 0}}
"""

CLAIM: Final = _script(_CLAIM)
CLAIM_WHEN_FULL: Final = _script(_CLAIM, flags=_WHEN_FULL)

_APPEND: Final = """
-- ARGV: attempt, claim, first seq, last seq, frames, ttl_s, status ('' unless this is the end)
-- Reply: OK (also if this very entry is in the log already) | LOST | UNCLAIMED
local meta = redis.call('HMGET', KEYS[1], 'attempt', 'claim', 'seq')
if not meta[1] then return 'UNCLAIMED' end
if meta[1] ~= ARGV[1] then
  if tonumber(meta[1]) > tonumber(ARGV[1]) then return 'LOST' end
  return 'UNCLAIMED'
end
if meta[2] ~= ARGV[2] then return 'LOST' end

-- Only this claim has written since it was made, so an entry at this position is its own.
local seq = tonumber(meta[3])
if seq >= tonumber(ARGV[4]) then return 'OK' end
if seq + 1 ~= tonumber(ARGV[3]) then return 'UNCLAIMED' end

local id = ARGV[4] .. '-0'
local added
if seq == 0 then
  added = redis.call('XADD', KEYS[2], id, 'f', ARGV[5])
else
  added = redis.call('XADD', KEYS[2], 'NOMKSTREAM', id, 'f', ARGV[5])
end
if not added then return 'UNCLAIMED' end
if ARGV[7] == '' then
  redis.call('HSET', KEYS[1], 'seq', ARGV[4])
else
  redis.call('HSET', KEYS[1], 'seq', ARGV[4], 'status', ARGV[7])
end
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[6])
redis.call('PUBLISH', KEYS[3], ARGV[5])
return 'OK'
"""

APPEND: Final = _script(_APPEND)
APPEND_WHEN_FULL: Final = _script(_APPEND, flags=_WHEN_FULL)
