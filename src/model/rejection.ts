/**
 * The reasons for which an event is not stored. The explanations for the owner, the messages of the API and the counters are all
 * made from this list.
 */
export const REJECTION_REASONS = {
  missing_id: 'No pixel id: send id=px_… with the event.',
  unknown_pixel: 'No pixel has this id. It may be mistyped, or the pixel may have been deleted.',
  unknown_key: 'No pixel has this name of a site. Let a pixel accept it, under Install or Rejected events.',
  bot: 'The user agent belongs to a crawler, a monitor or a script.',
  prefetch: 'The browser fetched the page before a visit, which may not follow.',
  head_request: 'A HEAD request is not a view.',
  invalid_event: 'The event is not an object of fields.',
  invalid_name: 'The event name is empty or too long.',
  invalid_eid: 'The event id is too long.',
  invalid_url: 'The page URL is not an http or https URL.',
  invalid_time: 'The time is neither ISO 8601 nor epoch milliseconds.',
  time_in_future: 'The time is in the future.',
  time_too_old: 'The time is before the year 2000.',
  invalid_value:
    'The value is not a number such as 12.50, or too large. The event was stored, without its amount.',
  invalid_currency:
    'The currency is not one of ISO 4217, such as EUR. The event was stored, without its amount.',
  invalid_override: 'An override (ip, ua, country) is invalid.',
  unhashed_user_data: 'User data (ud) must be SHA-256 in hex. Hash it in the page: see docs/tag.md.',
  invalid_uid: 'The user id is too long.',
  unproven_identity:
    'The user id is not signed, or its signature is wrong. The event was stored, without a person.',
  opted_out: 'The visitor has opted out. Only this count is stored.',
  refused:
    'The visitor asks not to be followed, and this pixel drops such events. Only this count is stored.',
  origin_not_allowed: 'The origin of the page is not allowed by this pixel.',
  rate_limited: 'Too many events from one address.',
  too_many_conversions:
    'Pages have reported more conversions of this pixel than are sent in an hour. The event was stored, and not sent to networks.',
  unstorable: 'The store rejected this event.',
  erased: 'The person of this event has been erased since it happened.',
  day_closed:
    "The events of this event's day have been deleted after their retention, so the day takes no more events.",
} as const;

export type RejectionReason = keyof typeof REJECTION_REASONS;

/** Characters of the name of a bot, or of a site with its tool and host. */
export const MAX_FAMILY = 200;

/** Why an event was not stored, or why a part of a stored event was left out. */
export interface Rejection {
  readonly reason: RejectionReason;
  /** What was wrong in this case, without personal data. */
  readonly detail: string;
  /** The name of a bot, or of a site: see `familyOfKey` in site-key.ts. */
  readonly family?: string;
}

/** @param detail what was wrong in this case. Default: the text of the reason. */
export function rejection(reason: RejectionReason, detail: string = REJECTION_REASONS[reason]): Rejection {
  return { reason, detail };
}
