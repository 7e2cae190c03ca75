/** What became of affinity for a request. One of these, and one reason, goes with every answer. */
export type Outcome =
  | 'kept'
  | 'assigned'
  | 'moved'
  | 'restored'
  | 'fenced'
  | 'refused'
  | 'stateless'
  | 'fallback'
  | 'unstored';

export type Reason =
  // kept
  | 'home_usable'
  | 'map_confirms'
  | 'map_names_home'
  | 'stale_snapshot'
  | 'route_only'
  // assigned: why there was nothing to keep
  | 'first_visit'
  | 'no_key'
  | CookieFault
  | 'session_ended'
  | 'home_unknown'
  // moved, restored: why home was left
  | 'home_down'
  | 'home_ejected'
  | 'home_draining'
  | 'home_ordered_out'
  | 'home_refused'
  | 'home_lost'
  | 'home_hangs'
  | 'home_unavailable'
  | 'drill'
  | 'claimed_elsewhere'
  // what could not be done
  | 'session_moved'
  | 'store_unreachable'
  | 'not_replayed'
  | 'delivery_unknown'
  | 'origin_timeout'
  | 'protocol_error'
  | 'home_in_doubt'
  | 'no_origin'
  | 'origin_full'
  | 'retry_budget_spent'
  | 'state_too_large'
  | 'state_changed'
  // read-only and cached answers
  | 'read_only_copy'
  | 'cached_copy';

/** Why a cookie that came counts as none. */
export type CookieFault =
  | 'cookie_malformed'
  | 'cookie_forged'
  | 'cookie_expired'
  | 'cookie_oversized'
  | 'cookie_foreign_home';
