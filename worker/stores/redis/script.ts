/**
 * All that Limpet does at a Redis, as one script: what is compared and what is set is one step there. The key is a hash of epoch, version, nonce of the
 * last write, and state; an ended session keeps a mark until its absolute limit.
 *
 *   get · touch ttl · put ttl epoch version nonce epoch-of-the-writer state · end ttl [epoch version]
 */
export const script = `
local op, ttl = ARGV[1], ARGV[2]
local held = redis.call('HMGET', KEYS[1], 'ended', 'epoch', 'version', 'nonce')
local epoch, version = tonumber(held[2] or '0'), tonumber(held[3] or '0')
if held[1] then return {'ended'} end
if op == 'get' then return {'held', epoch, version, redis.call('HGET', KEYS[1], 'state') or ''} end
if op == 'touch' then
  redis.call('PEXPIRE', KEYS[1], ttl)
  return {'touched'}
end
if op == 'put' and held[4] == ARGV[5] then return {'stored', epoch, version} end
if ARGV[3] ~= '' and (tonumber(ARGV[3]) ~= epoch or tonumber(ARGV[4]) ~= version) then
  return {'changed', epoch, version}
end
if op == 'end' then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'ended', '1')
  redis.call('PEXPIRE', KEYS[1], ttl)
  return {'ended'}
end
epoch, version = math.max(epoch, tonumber(ARGV[6])), version + 1
redis.call('HSET', KEYS[1], 'epoch', epoch, 'version', version, 'nonce', ARGV[5], 'state', ARGV[7])
redis.call('PEXPIRE', KEYS[1], ttl)
return {'stored', epoch, version}
`;
